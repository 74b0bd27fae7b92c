// npm run check: types, lint and format hold. The quick part of npm test.
import { check } from './lib/check.mjs'
import { build } from './lib/build.mjs'
import { install } from './lib/install.mjs'
import { main } from './lib/root.mjs'

await main(async () => {
  await install()
  build()
  check()
})
