// npm run build: dependencies and dist are up to date.
import { build } from './lib/build.mjs'
import { install } from './lib/install.mjs'
import { main } from './lib/root.mjs'

await main(async () => {
  await install()
  build()
})
