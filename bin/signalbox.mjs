#!/usr/bin/env node
// npx signalbox …: the command line, built first where it runs from a checkout.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const program = join(root, 'dist/src/main.js')
// An installed package and an image carry dist/ without the sources.
if (existsSync(join(root, 'tsconfig.json')) && existsSync(join(root, 'scripts/lib/build.mjs'))) {
  try {
    await (await import('../scripts/lib/install.mjs')).install()
    ;(await import('../scripts/lib/build.mjs')).build()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
process.argv[1] = program
await import(pathToFileURL(program).href)
