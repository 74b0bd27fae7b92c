// The bare SIP stack in a process of its own: answers each request 202 at once. Prints its ports, and
// at the end of its input its counts.
import { pino } from 'pino'
import { createEmbedded } from '../../plugins/sip/engine/embedded/embedded.ts'
import { profileOf } from '../../plugins/sip/engine/embedded/embedded.fixture.ts'
import { systemClock } from '../../src/clock.ts'

const engine = createEmbedded({
  profile: profileOf({ safety: { transactions: 1_000_000 } }),
  log: pino({ level: 'silent' }),
  clock: systemClock,
})
const accepted = { status: 202 }
const listened = await engine.start((_request, answer) => answer(accepted))
console.log(listened.map(({ transport, port }) => `${transport}=${port}`).join(' '))
process.stdin.resume().on('end', () => {
  console.log(JSON.stringify(engine.counts()))
  process.exit(0)
})
