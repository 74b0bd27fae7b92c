// dist/ holds what the sources say and nothing else: runs tsc when a source was added, removed or
// changed since the last good build, and removes what no source stands for. Otherwise only stats.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root, say } from './root.mjs'

const dist = join(root, 'dist')
const stamp = join(dist, '.built')
const info = join(dist, '.tsbuildinfo')
const rooms = ['src', 'plugins', 'test']
/** Read from where they stand, never from dist. */
const leftBehind = /\.(md|json|yaml|yml|pcap|xml|txt)$/

export function build() {
  const sources = rooms
    .flatMap((room) => (existsSync(join(root, room)) ? files(room) : []))
    .filter((path) => !path.startsWith('test/fixtures/'))
  const now = fingerprint([...sources, 'tsconfig.json', 'package-lock.json'])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return
  const began = Date.now()
  // What somebody removed from dist by hand is only emitted again by a build from nothing.
  const outputs = sources.flatMap((path) => output(path) ?? [])
  rmSync(stamp, { force: true })
  if (!outputs.every((path) => existsSync(join(dist, path)))) rmSync(info, { force: true })
  say('Building (tsc) …')
  const tsc = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', root, ...(process.stderr.isTTY ? ['--pretty'] : [])],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  if (tsc.stdout) process.stderr.write(tsc.stdout)
  if (tsc.status !== 0) throw new Error('The build failed (see above).')
  removeStale(new Set(outputs))
  for (const path of sources) if (isAsset(path)) copy(path)
  writeFileSync(stamp, now)
  say(`  done in ${((Date.now() - began) / 1000).toFixed(1)} s`)
}

const isAsset = (path) => !path.endsWith('.ts') && !leftBehind.test(path)

/** What a source becomes in dist; undefined when it stays behind. */
function output(path) {
  if (path.endsWith('.d.ts')) return undefined
  if (path.endsWith('.ts')) return `${path.slice(0, -3)}.js`
  return isAsset(path) ? path : undefined
}

function files(under) {
  return readdirSync(join(root, under), { withFileTypes: true }).flatMap((entry) => {
    const path = `${under}/${entry.name}`
    return entry.isDirectory() ? files(path) : [path]
  })
}

function fingerprint(paths) {
  const hash = createHash('sha1')
  for (const path of paths.toSorted()) {
    const { size, mtimeMs } = statSync(join(root, path))
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function removeStale(outputs) {
  for (const room of rooms) {
    if (!existsSync(join(dist, room))) continue
    for (const path of files(`dist/${room}`)) {
      const inside = path.slice('dist/'.length)
      if (!inside.endsWith('.json') && !outputs.has(inside.replace(/\.map$/, ''))) rmSync(join(root, path))
    }
  }
}

function copy(path) {
  mkdirSync(dirname(join(dist, path)), { recursive: true })
  copyFileSync(join(root, path), join(dist, path))
}
