import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientOf } from './client.fixture.ts'
import { reply } from './simulate.ts'

const pair = { from: '+447700900123', to: '+15005550006' }
const said = '+447700900123 wrote to +15005550006'

/** The simulator takes the text; the messages of the pair are those before it, then those after. */
function replied(before: object[], after: object[]): Promise<string> {
  let taken = false
  const { client } = clientOf((path) => {
    if (path !== '/simulator/replies') return { messages: taken ? after : before }
    taken = true
    return {}
  })
  return reply(client, 'Hello', pair)
}

test('a reply of a handset is told with the message that came of it', async () => {
  assert.equal(await replied([], [{ id: 'b', kind: 'text' }]), `${said}.\nIts life: npx signalbox trace SMb`)
  assert.equal(await replied([{ id: 'a', kind: 'text' }], [{ id: 'b', kind: 'text' }]), `${said}.\nIts life: npx signalbox trace SMb`)
})

test('that nobody gets a reply, as to a number that is none of ours, is told', async () => {
  const failure = { code: 'no-route', peer: '+15005550006 is no number of ours.' }
  assert.equal(
    await replied([], [{ id: 'b', kind: 'text', failure }]),
    `${said}, and nobody gets it: +15005550006 is no number of ours.\nIts life: npx signalbox trace SMb`,
  )
  assert.equal(await replied([{ id: 'a' }], [{ id: 'a' }]), `${said}, and no message has come of it by now.`)
})
