// npm test: sets up what is missing, then types, lint, format, and every test of dist/. With
// arguments, only the tests whose path holds one of them: npm test -- routing smpp/codec
// Files run beside each other, and many of them measure time: a few that failed run once more, one after the other.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './lib/build.mjs'
import { check } from './lib/check.mjs'
import { install } from './lib/install.mjs'
import { main, root, say } from './lib/root.mjs'

/** Above it a test hangs: it fails, and the rest goes on. The crash proof takes minutes on a slow machine. */
const testTimeoutMs = 900_000
/** More files than these that fail are no accident of a busy machine. */
const mostToRepeat = 5
const superuser = process.getuid?.() === 0

await main(async () => {
  const wanted = process.argv.slice(2)
  await install()
  build()
  const { peers, peer, installCommand } = await import(pathToFileURL(join(root, 'dist/test/peers/found.js')).href)
  const missing = () => peers.map(({ name }) => name).filter((name) => !peer(name))
  if (process.env.CI === 'true' && missing().length > 0) bring(installCommand(missing()))
  if (process.env.CI === 'true' && missing().length > 0) throw new Error(`CI=true, and yet missing: ${missing().join(', ')}`)
  if (wanted.length === 0) check()
  const files = tests('dist').filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  if (files.length === 0) throw new Error(`No test file has ${wanted.join(' or ')} in its path.`)
  const code = await runThenRepeat(files)
  const found = peers.filter(({ name }) => peer(name)).map(({ name }) => name)
  say(`Peers found: ${found.join(', ') || 'none'}${missing().length > 0 ? `; not found: ${missing().join(', ')}` : ''}`)
  if (missing().length > 0) {
    for (const { name, what } of peers) if (missing().includes(name)) say(`  ${name} – ${what}`)
    const command = installCommand(missing())
    say(`To have them all: ${superuser ? command : `sudo sh -c '${command}'`}`)
  }
  return code
})

function bring(command) {
  const [program, ...args] = superuser ? ['sh'] : ['sudo', '--preserve-env=DEBIAN_FRONTEND', 'sh']
  say(`Installing peers: ${command}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const ran = spawnSync(program, [...args, '-c', command], { stdio: 'inherit', env })
  if (ran.status !== 0) throw new Error('The peers could not be installed (see above).')
}

function tests(under) {
  return readdirSync(join(root, under), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? tests(`${under}/${entry.name}`) : [`${under}/${entry.name}`]))
    .filter((path) => path.endsWith('.test.js'))
}

/** What fails beside other files and not alone is unsteady: it is told as loudly as a failure, and does not fail the run. */
async function runThenRepeat(files) {
  const first = await run(files, Math.min(4, availableParallelism()))
  if (first.code === 0 || first.failed.length === 0 || first.failed.length > mostToRepeat || first.failed.length === files.length)
    return first.code
  say(`\nOnce more, one file after the other: ${first.failed.join(', ')}`)
  const { code } = await run(first.failed, 1)
  if (code === 0) say(`\nUNSTEADY: failed beside others (see above) and passed alone: ${first.failed.join(', ')}`)
  return code
}

/** A failure names the source (src/x.test.ts) or what was run (dist/src/x.test.js). */
function module(path) {
  return path.replace(/^dist\//, '').replace(/\.[jt]s$/, '')
}

/** The children of node --test have every file in a process of its own. */
async function run(files, concurrency) {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-tests-'))
  const failed = join(directory, 'failed')
  const reporter = (name) => `--test-reporter=${pathToFileURL(join(root, `scripts/lib/${name}.mjs`)).href}`
  const args = [
    '--enable-source-maps',
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${testTimeoutMs}`,
    reporter('reporter'),
    '--test-reporter-destination=stdout',
    reporter('failed'),
    `--test-reporter-destination=${failed}`,
    ...files,
  ]
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  process.on('SIGINT', () => {})
  const code = await new Promise((resolve) => child.once('exit', (status) => resolve(status ?? 1)))
  const named = new Set(readFileSync(failed, 'utf8').split('\n').map(module))
  rmSync(directory, { recursive: true, force: true })
  return { code, failed: files.filter((file) => named.has(module(file))) }
}
