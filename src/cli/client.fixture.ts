// A client whose gateway is a table: what is asked of it is kept, and answered by the path without its query.
import assert from 'node:assert/strict'
import type { Client } from './client.ts'

export const account = `AC${'1'.repeat(32)}`

export function clientOf(answerTo: (path: string) => unknown): { client: Client; asked: string[] } {
  const asked: string[] = []
  const client: Client = {
    url: 'http://127.0.0.1',
    read: () => assert.fail('nothing is followed here'),
    accountSid: account,
    request<T>(verb: string, path: string) {
      asked.push(`${verb} ${path}`)
      return Promise.resolve(answerTo(path.split('?')[0] ?? '') as T)
    },
  }
  return { client, asked }
}
