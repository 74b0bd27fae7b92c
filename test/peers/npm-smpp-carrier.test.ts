// npm `smpp` as the carrier of a whole gateway: a text goes out through the Twilio API and its
// receipt comes back, a long reply is joined, and whatever the carrier does wrong, the gateway
// lives, nothing is lost, and messages still go out.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PDU, Session } from 'smpp'
import { apply, ourNumber, setUp, startGatewayProcess, tearDown, type Setup } from '../bench/gateway.ts'
import type { Running } from '../bench/processes.ts'
import { ask, create, eventually, reaches, startHooks } from '../e2e/world.ts'
import { type Carrier, carrier, takeAll } from './smpp-carrier.ts'

type Hooks = Awaited<ReturnType<typeof startHooks>>
type Answer = (pdu: PDU, session: Session) => PDU | undefined

const sessions = 2
let setup: Setup
let gateway: Running
let peer: Carrier
let hooks: Hooks
/** What the carrier does with a request now. */
let answers: Answer = behaved
let isOver = false
/** Says nothing more that makes sense: octets of a receipt would be the rest of its PDU. */
const broken = new Set<Session>()
/** Submits of which it said that it took them, by destination. */
const taken: string[] = []

/** Takes a submit and tells by its destination's last digit: 1 undelivered, else delivered; even by TLV alone, odd by text. */
function behaved(pdu: PDU): PDU {
  const response = takeAll(pdu)
  if (pdu.command !== 'submit_sm') return response
  taken.push(pdu.destination_addr)
  setTimeout(() => tell(pdu, response.message_id), 20)
  return response
}

/** Until it is acknowledged, as a carrier does. */
function tell(submit: PDU, id: string): void {
  const last = Number(submit.destination_addr.at(-1))
  const isDelivered = last !== 1
  const receipt = { source_addr: submit.destination_addr, destination_addr: submit.source_addr, esm_class: 4 }
  const stat = isDelivered ? 'DELIVRD err:000' : 'UNDELIV err:027'
  const text = `id:${id} sub:001 dlvrd:001 submit date:2611210516 done date:2611210517 stat:${stat} text:hidden words`
  const byTlv = { short_message: '', receipted_message_id: id, message_state: isDelivered ? 2 : 5 }
  if (isOver) return
  const again = setTimeout(() => tell(submit, id), 500)
  const session = live().find((each) => !broken.has(each))
  session?.deliver_sm({ ...receipt, ...(last % 2 === 0 ? byTlv : { short_message: text }) }, () => clearTimeout(again))
}

const live = (): Session[] => peer.sessions.filter((session) => !session.socket.destroyed)
const bound = (): Promise<true> => eventually('every session is bound', () => (live().length === sessions ? true : undefined))
const send = (to: string, more: Record<string, string> = {}): Promise<string> =>
  create(setup, { To: to, From: ourNumber, Body: 'It is on its way', ...more })
const submitsTo = (to: string): number => peer.got.filter((pdu) => pdu.command === 'submit_sm' && `+${pdu.destination_addr}` === to).length

before(async () => {
  peer = await carrier((pdu, session) => answers(pdu, session))
  hooks = await startHooks((_hook, response) => void response.writeHead(200, { 'content-type': 'text/xml' }).end('<Response/>'))
  setup = await setUp()
  gateway = await startGatewayProcess(setup)
  await apply(
    setup,
    `accounts:
  - id: root
    privateWebhooks: true
    binds:
      - id: carrier
        connector: smpp
        policy: { sessions: ${sessions}, window: 10, attempts: 50, retryFirstMs: 100, retryCapMs: 300 }
        config:
          host: 127.0.0.1
          port: ${peer.port}
          systemId: box
          password: hunter22
          responseTimeoutMs: 1500
          enquireLinkMs: 1500
    numbers: [{ number: '${ourNumber}', settings: { smsUrl: '${hooks.url}/sms' } }]
    routes: [{ id: all, prefix: '', to: [carrier] }]
`,
  )
  await bound()
})
after(async () => {
  isOver = true
  await gateway?.stop()
  await peer?.close()
  hooks?.close()
  if (setup) await tearDown(setup)
})

test('a text goes out as submit_sm and its receipts by text and by TLV end it', async () => {
  const byText = await send('+447700900123')
  const byTlv = await send('+447700900122')
  await reaches(setup, byText, 'delivered')
  await reaches(setup, byTlv, 'delivered')
  const submit = peer.got.find((pdu) => pdu.command === 'submit_sm' && pdu.destination_addr === '447700900123')
  assert.deepEqual([submit?.source_addr, submit?.short_message.message], [ourNumber.slice(1), 'It is on its way'])
})

test('a receipt that says UNDELIV ends the message undelivered', async () => {
  const message = await send('+447700900121')
  const ended = await reaches(setup, message, 'undelivered')
  assert.notEqual(ended['error_code'], null)
})

test('a long reply in parts over two sessions reaches the webhook as one', async () => {
  await bound()
  const words = ['The first part, which came last. ', 'The second part. ', 'And the third.']
  const [one, two] = live() as [Session, Session]
  for (const [session, i] of [
    [two, 2],
    [one, 1],
    [two, 0],
  ] as const) {
    const status = await new Promise((resolve) => {
      const udh = Buffer.of(5, 0, 3, 0x77, words.length, i + 1)
      const from = { source_addr_ton: 1, source_addr_npi: 1, source_addr: '447700900555' }
      const to = { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: ourNumber.slice(1) }
      const part = { ...from, ...to, esm_class: 0x40, short_message: { udh, message: words[i]! } }
      session.deliver_sm(part, (response) => resolve(response.command_status))
    })
    assert.equal(status, 0)
  }
  const asked = (): Record<string, string>[] => hooks.got.filter((hook) => hook.path === '/sms').map((hook) => hook.form)
  await eventually('the webhook is asked', () => (asked().length > 0 ? true : undefined))
  assert.deepEqual(
    asked().map((form) => [form['From'], form['To'], form['Body']]),
    [['+447700900555', ourNumber, words.join('')]],
  )
})

/** `misbehave` answers the first submit; then the carrier behaves. Both its message and one after it must arrive. */
async function survives(to: string, misbehave: Answer, times = 1): Promise<void> {
  await bound()
  const pid = gateway.pid
  let left = times
  answers = (pdu, session) => {
    // Whatever is said there is taken for the rest of what was begun.
    if (broken.has(session)) return undefined
    if (pdu.command !== 'submit_sm' || left-- <= 0) return behaved(pdu)
    return misbehave(pdu, session)
  }
  const during = await send(to)
  const later = await send(`${to.slice(0, -2)}99`)
  await reaches(setup, during, 'delivered')
  await reaches(setup, later, 'delivered')
  answers = behaved
  assert.ok(left <= 0, 'the carrier did misbehave')
  assert.ok(taken.includes(to.slice(1)))
  assert.equal((await ask(setup, '/health')).status, 200)
  assert.deepEqual([gateway.child.exitCode, gateway.child.pid], [null, pid])
  await bound()
}

function header(length: number, command: number, status: number, sequence: number): Buffer {
  const octets = Buffer.alloc(16)
  for (const [i, n] of [length, command, status, sequence].entries()) octets.writeUInt32BE(n, i * 4)
  return octets
}
/** deliver_sm and submit_sm_resp (SMPP 5.0 §4.7.5). */
const [deliverSm, submitSmResp] = [0x0000_0005, 0x8000_0004]

test('garbage instead of an answer costs one session, and the message goes out again', async () => {
  await survives('+447700901002', (_pdu, session) => {
    session.socket.write(Buffer.alloc(200, 0xff))
    return undefined
  })
})

test('a PDU that is never finished costs one session, and the message goes out again', async () => {
  await survives('+447700902002', (pdu, session) => {
    session.socket.write(Buffer.concat([header(600, submitSmResp, 0, pdu.sequence_number), Buffer.from('only this')]))
    broken.add(session)
    answers = (other, its) => (its === session ? undefined : behaved(other))
    return undefined
  })
  await eventually('the session is gone', () => ([...broken].every(({ socket }) => socket.destroyed) ? true : undefined))
  await bound()
})

test('a deliver_sm cut short within its framing is answered with an error, and the session goes on', async () => {
  const earlier = live()
  await survives('+447700903002', (pdu, session) => {
    session.socket.write(Buffer.concat([header(19, deliverSm, 0, 4711), Buffer.from('\0\x01\x01', 'latin1')]))
    return behaved(pdu)
  })
  const refusal = await eventually('it is answered', () =>
    peer.got.find((pdu) => pdu.command === 'deliver_sm_resp' && pdu.sequence_number === 4711),
  )
  assert.notEqual(refusal.command_status, 0)
  assert.deepEqual(live(), earlier)
})

test('a PDU longer than any costs one session, and the message goes out again', async () => {
  await survives('+447700904002', (pdu, session) => {
    session.socket.write(header(5_000_000, submitSmResp, 0, pdu.sequence_number))
    return undefined
  })
})

test("answers under wrong sequence numbers are nobody's, and the message goes out again", async () => {
  await survives('+447700905002', (pdu) => {
    const response = takeAll(pdu)
    response.sequence_number += 1000
    return response
  })
  assert.equal(submitsTo('+447700905002'), 2)
})

test('responses to nothing change nothing', async () => {
  const earlier = live()
  await survives('+447700906002', (pdu, session) => {
    for (const command of ['submit_sm_resp', 'enquire_link_resp', 'query_sm_resp', 'bind_transceiver_resp'])
      session.socket.write(
        header(
          16,
          { submit_sm_resp: submitSmResp, enquire_link_resp: 0x8000_0015, query_sm_resp: 0x8000_0003, bind_transceiver_resp: 0x8000_0009 }[
            command
          ]!,
          0,
          900_000,
        ),
      )
    return behaved(pdu)
  })
  assert.equal(submitsTo('+447700906002'), 1, 'sent once')
  assert.deepEqual(live(), earlier)
})

test('a session that falls silent, its socket open, is given up, and its message goes out on another', async () => {
  let silent: Session | undefined
  await survives('+447700907002', (_pdu, session) => {
    silent = session
    const rest = answers
    answers = (other, its) => (its === silent ? undefined : rest(other, its))
    return undefined
  })
  assert.ok(silent)
  await eventually('the silent session is closed', () => (silent?.socket.destroyed ? true : undefined))
})

test('a carrier that goes away in the middle of many messages gets every one of them when it is back', async () => {
  await bound()
  let submits = 0
  let cuts = 0
  answers = (pdu, session) => {
    if (pdu.command !== 'submit_sm' || ++submits % 7 !== 0 || cuts === 3) return behaved(pdu)
    cuts++
    session.destroy()
    return undefined
  }
  const messages = await Promise.all(
    Array.from({ length: 40 }, (_, i) => send(`+4477009080${String(i).padStart(2, '0')}`.replace(/1$/, '2'))),
  )
  for (const message of messages) await reaches(setup, message, 'delivered')
  assert.equal(cuts, 3)
})
