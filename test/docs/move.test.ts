// docs/move-from-twilio.md is true: its programs for Node and Python are run as they stand against a
// gateway; only the address is that of this machine.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { ourNumber } from '../bench/gateway.ts'
import { reaches, root, startNorthern, type World } from '../e2e/world.ts'
import { needs } from '../peers/found.ts'
import { blocksOf } from './page.ts'

const blocks = blocksOf('docs/move-from-twilio.md')
let world: World

before(async () => {
  world = await startNorthern(`
    numbers: [{ number: '${ourNumber}' }]`)
})
after(() => world?.close())

/** What the one program of a language prints. */
function run(language: string, command: string, args: (code: string) => string[]): Promise<string> {
  const found = blocks.filter((block) => block.language === language)
  assert.equal(found.length, 1, `one program in ${language}`)
  const code = found[0]!.code.replaceAll('http://127.0.0.1:8080', `http://127.0.0.1:${world.setup.httpPort}`)
  return new Promise((resolve) => {
    const env = { ...process.env, TWILIO_ACCOUNT_SID: root.sid, TWILIO_AUTH_TOKEN: root.token }
    const child = spawn(command, args(code), { env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('close', () => resolve(said))
  })
}

async function sends(said: string): Promise<void> {
  assert.match(said, /^SM[0-9a-f]{32} queued\n$/, said)
  await reaches(world.setup, said.slice(0, 34), 'delivered')
}

it('sends with the program for Node as it stands', async () =>
  sends(await run('js', process.execPath, (code) => ['--input-type=module', '-e', code])))

describe('Python', needs('python3-twilio'), () => {
  it('sends with the program as it stands', async () => sends(await run('python', '/usr/bin/python3', (code) => ['-c', code])))
})

it('has a way for each of the official libraries', () => {
  for (const language of ['js', 'python', 'php', 'ruby', 'csharp', 'go', 'java'])
    assert.ok(
      blocks.some((block) => block.language === language),
      language,
    )
})
