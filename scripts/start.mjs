// npm start: from a fresh clone to a running gateway, with nothing typed before. Arguments go to
// `signalbox start`.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './lib/build.mjs'
import { install } from './lib/install.mjs'
import { main, root } from './lib/root.mjs'

await main(async () => {
  await install()
  build()
  const program = join(root, 'dist/src/main.js')
  process.argv.splice(1, 1, program, 'start')
  await import(pathToFileURL(program).href)
})
