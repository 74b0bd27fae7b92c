// docs/onboard-a-reseller.md is true: its commands are run as they stand, in one shell, against a
// gateway with two carriers; only addresses are those of this machine.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { program } from '../bench/processes.ts'
import { eventually, startWorld, type World } from '../e2e/world.ts'
import { blocksOf } from './page.ts'

const page = 'docs/onboard-a-reseller.md'
let world: World

before(async () => {
  world = await startWorld({ 'example-reseller': { receipts: { delay: 5 } }, reseller42: {} })
})
after(() => world?.close())

/** What stands in the page for places elsewhere, and what is there instead. */
const here = (text: string): string =>
  text
    .replaceAll('http://127.0.0.1:8080', `http://127.0.0.1:${world.setup.httpPort}`)
    .replaceAll(/smpp\.\w+\.example/g, '127.0.0.1')
    .replaceAll('_PORT=2775', `_PORT=${world.carriers.port}`)
    .replaceAll('NORTH_PASSWORD=secret', 'NORTH_PASSWORD=example-reseller')
    .replaceAll('SOUTH_PASSWORD=secret', 'SOUTH_PASSWORD=reseller42')

it('onboards a reseller with two carriers and a customer, command by command', async () => {
  const blocks = blocksOf(page)
  const commands = blocks.filter(({ language }) => language === 'sh')
  assert.ok(commands.length >= 10)
  for (const { file, code } of blocks) if (file !== undefined) writeFileSync(join(world.setup.data, file), code)
  const script = [
    'set -euo pipefail',
    // Each is the command line of this very build.
    'npx() { shift; "$NODE" "$PROGRAM" "$@"; }',
    'bound() { for _ in $(seq 50); do [[ "$(npx signalbox binds)" =~ north[^$]*bound ]] && return; sleep 0.1; done; return 1; }',
    ...commands.map(
      ({ code, line }) => `echo "--- line ${line}"\n${here(code).replace('npx signalbox explain', 'bound; npx signalbox explain')}`,
    ),
    'echo "--- done"',
  ].join('\n')
  const said = await shell(script)
  assert.match(said, /--- done\n$/, said)
  assert.match(said, /britain/, 'explain names the route')
  assert.equal(said.match(/ DELIVERED$/gm)?.length, 2, said)
  const texts = await eventually('three texts', () => {
    const shown = world.carriers.inbox(50).map(({ text }) => text)
    return shown.length >= 3 ? shown : undefined
  })
  for (const text of ['Hello from the reseller', 'Your roses are ready', 'Sent with a key'])
    assert.ok(texts.includes(text), `${text} in ${texts.join()}`)
  assert.doesNotMatch(said, /petunia|password: (?:example-)?reseller/)
})

function shell(script: string): Promise<string> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...world.setup.env, NODE: process.execPath, PROGRAM: program('src/main.js') }
    const child = spawn('bash', ['-c', script], { cwd: world.setup.data, env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('close', () => resolve(said))
  })
}
