// npm run bench, npm run proof:crash: builds, then runs a program of dist/ with the arguments given.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './lib/build.mjs'
import { install } from './lib/install.mjs'
import { main, root } from './lib/root.mjs'

await main(async () => {
  const [path, ...args] = process.argv.slice(2)
  if (!path) throw new Error('Name a program of dist/, for example: node scripts/run.mjs test/bench/main.js')
  await install()
  build()
  const program = join(root, 'dist', path)
  if (!existsSync(program)) throw new Error(`There is no dist/${path}.`)
  const child = spawn(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' })
  // The terminal sends ^C to both; wait for the program to end in its own way.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
})
