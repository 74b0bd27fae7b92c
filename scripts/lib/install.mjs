// Dependencies are there and fit: installs them when they are missing, differ from the lock file
// or were compiled for another Node. Does nothing, in a few milliseconds, when they fit.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, say } from './root.mjs'

const wantedNode = [20, 19]
const modules = join(root, 'node_modules')
const stamp = join(modules, '.signalbox-node')
/** There while we install: npm takes what an install that was cut left behind for whole. */
const unfinished = join(modules, '.signalbox-installing')
const platform = `${process.platform} ${process.arch} ${process.versions.modules}`

export async function install() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < wantedNode[0] || (major === wantedNode[0] && minor < wantedNode[1])) {
    throw new Error(`Signalbox needs Node ${wantedNode.join('.')} or newer; this is ${process.versions.node}.`)
  }
  // Not npm ci: it refuses a lock file that leaves out optional packages of other platforms, as ours does.
  // This holds to the lock file's versions and checksums as well, and does not write it.
  if (existsSync(unfinished)) rmSync(modules, { recursive: true, force: true })
  if (!installed()) {
    mkdirSync(modules, { recursive: true })
    writeFileSync(unfinished, '')
    await npm(['install', '--no-save'], 'Installing dependencies (npm install)')
    rmSync(unfinished, { force: true })
  } else if (!compiledForThisNode()) await npm(['rebuild', 'better-sqlite3'], 'Building better-sqlite3 for this Node (npm rebuild)')
  else return
  writeFileSync(stamp, platform)
}

/** Every package of the lock file is there in its version; what belongs to other platforms may be absent. */
function installed() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
    const present = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages
    return Object.entries(wanted).every(([path, { version, optional }]) => {
      if (path === '') return true
      return present[path] === undefined ? optional === true : present[path].version === version
    })
  } catch {
    return false
  }
}

function compiledForThisNode() {
  try {
    if (readFileSync(stamp, 'utf8') === platform) return true
  } catch {
    // No stamp yet: somebody ran npm install by hand.
  }
  const loads = spawnSync(process.execPath, ['-e', "new (require('better-sqlite3'))(':memory:')"], { cwd: root, stdio: 'ignore' })
  if (loads.status !== 0) return false
  writeFileSync(stamp, platform)
  return true
}

async function npm(args, what) {
  say(`${what} …`)
  const began = Date.now()
  const seconds = () => Math.round((Date.now() - began) / 1000)
  const ticking = setInterval(() => say(`  … still at it after ${seconds()} s`), 10_000)
  // The npm that runs this script, else the one on the path.
  const cli = process.env.npm_execpath
  const [program, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []]
  const options = { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' && first.length === 0 }
  const code = await new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args, '--no-audit', '--no-fund', '--include=dev'], options)
    child.once('error', reject)
    child.once('exit', resolve)
  }).finally(() => clearInterval(ticking))
  if (code !== 0) {
    throw new Error(
      `npm ${args.join(' ')} failed (see above). Where no prebuilt better-sqlite3 can be fetched it is compiled, ` +
        'which needs python3, make and a C++ compiler (Debian: apt-get install -y python3 make g++).',
    )
  }
  say(`  done in ${seconds()} s`)
}
