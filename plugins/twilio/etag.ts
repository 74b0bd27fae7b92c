// What a GET answers, only if it is news: an ETag of the body, and 304 without one where the caller
// has just that (RFC 9110 §13.1.2).
import { createHash } from 'node:crypto'
import type { Answer } from './resource.ts'

const tagLength = 32
/** A header longer than this names no tag of ours. */
const longestHeader = 4096

/** `known`: the If-None-Match header. Anything but a 200 is left as it is. */
export function ifNews(said: Answer, known: string | undefined): Answer {
  if (said.status !== 200) return said
  const tag = `"${createHash('sha256').update(said.body).digest('hex').slice(0, tagLength)}"`
  const headers = [...(said.headers ?? []), 'ETag', tag]
  return isAmong(tag, known) ? { status: 304, body: '', headers } : { ...said, headers }
}

function isAmong(tag: string, known: string | undefined): boolean {
  if (known === undefined || known.length > longestHeader) return false
  return known.split(',').some((each) => each.trim().replace(/^W\//, '') === tag || each.trim() === '*')
}
