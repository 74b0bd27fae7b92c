// A process that works on a store until it is killed: `node victim.js <module> <export> <directory> <what>`.
// Says on stdout, a line each, what was acknowledged.
import { writeSync } from 'node:fs'
import { systemClock } from '../../src/clock.ts'
import type { DeliverItem } from '../../src/store/store.ts'
import { carrier, delivery, failed, messageSource } from './fixture.ts'
import type { MakeStore } from './store.ts'

const [module, name, directory, what] = process.argv.slice(2) as [string, string, string, string]
const say = (line: string): void => void writeSync(1, `${line}\n`)
// A file that would grow beyond its limit fails to be written; without this the process would end.
process.on('SIGXFSZ', () => {})
const open = ((await import(module)) as Record<string, MakeStore>)[name]!

if (what === 'open') {
  await open(directory, systemClock).then(
    () => say('opened'),
    (error: Error) => say(`refused ${error.message}`),
  )
  process.exit()
}
const store = await open(directory, systemClock)
const source = messageSource(Date.now, store.newest)

async function accepting(): Promise<void> {
  for (;;) {
    const added = source.message({ receipt: 'none' })
    await store.accept(added).then(
      () => say(`accepted ${added.message.id}`),
      (error: Error) => say(`rejected ${error.name}`),
    )
    if (what === 'full') await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

async function delivering(): Promise<void> {
  for (;;) {
    for (const run of await store.claim(carrier, 8)) {
      for (const item of run.items as DeliverItem[]) {
        say(`claimed ${item.message.id}`)
        if (item.message.id.endsWith('0')) continue
        await store.settle(delivery(run, item, failed(item, Date.now())))
        say(`settled ${item.message.id}`)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

say('opened')
for (let i = 0; i < 16; i++) void accepting()
if (what === 'work') void delivering()
