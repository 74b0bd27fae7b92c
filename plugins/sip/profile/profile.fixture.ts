// A directory of profiles of its own, and the check that the gateway gives.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { checkText } from '../../../src/admin/checked.ts'
import type { Source } from './read.ts'

export interface Bed {
  source: Source
  write(file: string, text: string): Promise<void>
  remove(file: string): Promise<void>
}

export async function profileBed(
  context: TestContext,
  files: Record<string, string> = {},
  variables: Record<string, string> = {},
): Promise<Bed> {
  const directory = await mkdtemp(join(tmpdir(), 'sip-profiles-'))
  context.after(() => rm(directory, { recursive: true }))
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await writeFile(join(directory, file), text)
  }
  for (const [file, text] of Object.entries(files)) await write(file, text)
  return {
    source: { directory, check: (schema, text) => checkText(schema, text, variables) },
    write,
    remove: (file) => rm(join(directory, file)),
  }
}
