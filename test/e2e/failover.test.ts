// What becomes of messages when carriers refuse, vanish, throttle or say nothing, and what an
// operator does about it: a gateway process and simulated carriers, with small policy values.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ourNumber } from '../bench/gateway.ts'
import { freePort } from '../bench/processes.ts'
import { carrier, takeAll } from '../peers/smpp-carrier.ts'
import { ask, bindTo, cdrsOf, configure, create, eventually, reaches, root, sleep, startHooks, startWorld, type World } from './world.ts'

let world: World
let hooks: Awaited<ReturnType<typeof startHooks>>
/** Submits as npm smpp saw them: when each came, and how many were open by then. */
const arrivals: { to: string; at: number; open: number }[] = []
let open = 0
let timed: Awaited<ReturnType<typeof carrier>>
const responseMs = 60
const window = 3
const segmentsPerSecond = 10

before(async () => {
  world = await startWorld({
    plain: { receipts: { delay: 20 } },
    other: { receipts: { delay: 20 } },
    rejecting: { reject: [{ destination: '*', status: 'ESME_RINVDSTADR' }] },
    failing: { fail: [{ destination: '*', state: 'UNDELIV', error: '027' }], receipts: { delay: 20 } },
    throttling: { throttle: { minPerSecond: 10, maxPerSecond: 10 }, receipts: { delay: 20 } },
    forgetful: { receipts: { missing: 1 } },
    silent: { responseDelay: 60_000 },
  })
  hooks = await startHooks()
  timed = await carrier((pdu, session) => {
    const response = takeAll(pdu)
    if (pdu.command !== 'submit_sm') return response
    arrivals.push({ to: `+${pdu.destination_addr}`, at: Date.now(), open: ++open })
    setTimeout(() => {
      open--
      session.send(response)
    }, responseMs)
    return undefined
  })
  const { carriers } = world
  const timedBind = (id: string, policy: string): string =>
    `{ id: ${id}, connector: smpp, policy: ${policy}, config: { host: 127.0.0.1, port: ${timed.port}, systemId: x } }`
  await configure(
    world.setup,
    `accounts:
  - id: root
    privateWebhooks: true
    binds:
      - ${bindTo(carriers, 'plain')}
      - ${bindTo(carriers, 'other')}
      - ${bindTo(carriers, 'rejecting')}
      - ${bindTo(carriers, 'failing')}
      - ${bindTo(carriers, 'throttling', '{ window: 10, attempts: 2, retryFirstMs: 100, adaptiveRate: false }')}
      - ${bindTo(carriers, 'forgetful', '{ receiptTimeoutSeconds: 1 }')}
      - id: silent
        connector: smpp
        policy: { unknown: hold }
        config: { host: 127.0.0.1, port: ${carriers.port}, systemId: silent, password: silent, responseTimeoutMs: 2500 }
      - id: gone
        connector: smpp
        policy: { downLimitMs: 500 }
        config: { host: 127.0.0.1, port: ${await freePort()}, systemId: x }
      - ${timedBind('windowed', `{ window: ${window} }`)}
      - ${timedBind('rated', `{ window: 50, segmentsPerSecond: ${segmentsPerSecond} }`)}
    numbers: [{ number: '${ourNumber}' }]
    routes:
      - { id: rejected, prefix: '+4471', to: [rejecting, plain] }
      - { id: rejected-by-all, prefix: '+44710', to: [rejecting] }
      - { id: down, prefix: '+4472', to: [gone, plain] }
      - { id: failed, prefix: '+4473', to: [failing, plain], failoverOnReceipt: true }
      - { id: failed-for-good, prefix: '+44730', to: [failing, plain] }
      - { id: throttled, prefix: '+4474', to: [throttling] }
      - { id: unheard, prefix: '+4475', to: [forgetful] }
      - { id: held, prefix: '+4476', to: [silent] }
      - { id: windowed, prefix: '+4477', to: [windowed] }
      - { id: rated, prefix: '+4478', to: [rated] }
      - { id: paused, prefix: '+4479', to: [other] }
`,
  )
  await eventually('the carriers are bound', async () => {
    const { sessions } = (await ask(world.setup, '/api/v1/sessions', { as: root })).json as { sessions: { bind: string; state: string }[] }
    return sessions.filter(({ state }) => state === 'bound').length >= 10 ? true : undefined
  })
})
after(async () => {
  await world?.close()
  await timed?.close()
  hooks?.close()
})

interface Trace {
  message: { state: string; failure?: { code: string }; decision: { candidates: { bind: string }[] } }
  attempts: number
  entries: { what: string; bind?: string; outcome?: string; from?: string; to?: string; at: string; wire?: string[] }[]
}

const api = async (path: string, json?: unknown) => {
  const answer = await ask(world.setup, `/api/v1${path}`, { as: root, ...(json === undefined ? {} : { json }) })
  assert.equal(answer.status, 200, `${path}: ${answer.text}`)
  return answer.json
}
const send = (to: string, more: Record<string, string> = {}): Promise<string> =>
  create(world.setup, { To: to, From: ourNumber, Body: 'It is on its way', ...more })
const sendMany = (prefix: string, count: number, more: Record<string, string> = {}): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => send(`${prefix}${String(i).padStart(13 - prefix.length, '0')}`, more)))
const traceOf = async (sid: string) => (await api(`/messages/${sid.slice(2)}/trace`)) as unknown as Trace
const lastLine: Record<string, string> = { sent: 'attempt', held: 'held' }
/** Its last line is there too: the state may be read a moment before the lines that led to it. */
const inState = (sid: string, state: string): Promise<Trace> =>
  eventually(`${sid} is ${state}`, async () => {
    const trace = await traceOf(sid)
    const last = lastLine[state] ?? 'final'
    return trace.message.state === state && trace.entries.some(({ what }) => what === last) ? trace : undefined
  })
const local = (bind: string | undefined): string | undefined => bind?.split('/')[1]
const attemptsOf = ({ entries }: Trace): string[] =>
  entries.flatMap((entry) => (entry.what === 'attempt' ? [`${local(entry.bind)} ${entry.outcome}`] : []))
const failoversOf = ({ entries }: Trace): string[] =>
  entries.flatMap((entry) => (entry.what === 'failover' ? [`${local(entry.from)} → ${local(entry.to)}`] : []))
const countsOf = (id: string) => world.carriers.views().find((view) => view.id === id)!.counts

describe('failing over', () => {
  it('takes the next candidate when a carrier refuses for good', async () => {
    const trace = await inState(await send('+447111000123'), 'delivered')
    assert.deepEqual(attemptsOf(trace), ['rejecting failed', 'plain ok'])
    assert.deepEqual(failoversOf(trace), ['rejecting → plain'])
  })

  it('ends as failed when no candidate is left', async () => {
    const trace = await inState(await send('+447101000123'), 'failed')
    assert.deepEqual([attemptsOf(trace), trace.message.failure?.code], [['rejecting failed'], 'invalid-destination'])
  })

  it('leaves a bind that is down for longer than its limit', async () => {
    const waited = await inState(await send('+447200000123'), 'delivered')
    assert.equal(local(waited.message.decision.candidates[0]?.bind), 'gone')
    assert.deepEqual(attemptsOf(waited), ['plain ok'])
    const next = await inState(await send('+447200000124'), 'delivered')
    assert.deepEqual(attemptsOf(next), ['plain ok'])
  })

  it('follows a receipt that says failed where the route asks for it, and only there', async () => {
    const again = await inState(await send('+447311000123'), 'delivered')
    assert.deepEqual(attemptsOf(again), ['failing ok', 'plain ok'])
    assert.deepEqual(failoversOf(again), ['failing → plain'])
    const final = await inState(await send('+447301000123'), 'undelivered')
    assert.deepEqual(attemptsOf(final), ['failing ok'])
  })
})

describe('a carrier that throttles', () => {
  it('loses nothing, takes nothing twice, and spends no attempts by throttling', async () => {
    const messages = await sendMany('+44740', 15)
    for (const message of messages) await reaches(world.setup, message, 'delivered')
    const { taken, throttled } = countsOf('throttling')
    assert.equal(taken, messages.length)
    assert.ok(throttled > 0, 'it did throttle')
    const traces = await Promise.all(messages.map((message) => inState(message, 'delivered')))
    const most = Math.max(...traces.map((trace) => attemptsOf(trace).length))
    assert.ok(most > 2, `${most} tries of one message are more than the two attempts that the policy allows`)
    for (const trace of traces) assert.equal(trace.attempts, 1)
  })
})

describe('a receipt that never comes', () => {
  it('ends the message unconfirmed after its validity and the limit for receipts', async () => {
    const message = await send('+447500000123', { ValidityPeriod: '1' })
    const trace = await inState(message, 'unconfirmed')
    assert.deepEqual([attemptsOf(trace), trace.message.failure?.code], [['forgetful ok'], 'no-receipt'])
    const cdr = (await cdrsOf(world.setup, [message])).find((line) => line.message === message.slice(2))
    assert.equal(cdr?.state, 'unconfirmed')
  })
})

describe('an outcome that nobody knows', () => {
  it('is held where the policy says so, until an operator sends it again or ends it', async () => {
    const [resent, ended] = [await send('+447600000123'), await send('+447600000124')]
    await inState(resent, 'held')
    await inState(ended, 'held')
    assert.deepEqual(attemptsOf(await traceOf(resent)), ['silent failed'])
    world.carriers.change('silent', { personality: { receipts: { delay: 20 } } })
    await api(`/messages/${resent.slice(2)}/release`, { how: 'resend' })
    await api(`/messages/${ended.slice(2)}/release`, { how: 'fail' })
    assert.equal((await inState(ended, 'failed')).message.failure?.code, 'outcome-unknown')
    assert.deepEqual(attemptsOf(await inState(resent, 'delivered')).at(-1), 'silent ok')
    const again = await ask(world.setup, `/api/v1/messages/${resent.slice(2)}/release`, { as: root, json: { how: 'resend' } })
    assert.equal(again.status, 409, 'it is held no more')
  })
})

describe('a lane', () => {
  const depth = async (): Promise<number> => {
    const { lanes } = (await api('/lanes')) as { lanes: { bind: string; deliver: number }[] }
    return lanes.find((lane) => local(lane.bind) === 'other')!.deliver
  }

  it('that is paused keeps its messages, and sends them when it is resumed', async () => {
    await api('/lanes/other/pause', {})
    const messages = await sendMany('+44790', 5)
    await eventually('they wait', async () => ((await depth()) === 5 ? true : undefined))
    await sleep(300)
    assert.equal(countsOf('other').submits, 0)
    await api('/lanes/other/resume', {})
    for (const message of messages) await reaches(world.setup, message, 'delivered')
  })

  it('that is purged ends each message with its CDR and its callback, by sender where one is named', async () => {
    await api('/lanes/other/pause', {})
    const StatusCallback = `${hooks.url}/purged`
    const kept = await send('+447919900000', { From: 'Brand' })
    const purged = await sendMany('+44791', 7, { StatusCallback })
    await eventually('they wait', async () => ((await depth()) === 8 ? true : undefined))
    assert.deepEqual(await api('/lanes/other/purge', { from: ourNumber }), { purged: 7 })
    for (const message of purged) assert.equal((await inState(message, 'canceled')).message.failure?.code, 'purged')
    const cdrs = await cdrsOf(world.setup, purged)
    for (const message of purged) {
      const lines = cdrs.filter((line) => line.message === message.slice(2))
      assert.deepEqual(
        lines.map((line) => [line.state, line.failure]),
        [['canceled', 'purged']],
      )
    }
    const called = (): string[] =>
      hooks.got.flatMap(({ path, form }) => (path === '/purged' ? [`${form['MessageSid']} ${form['MessageStatus']}`] : []))
    await eventually('every callback came', () => (called().length >= purged.length ? true : undefined))
    assert.deepEqual(called().toSorted(), purged.map((message) => `${message} canceled`).toSorted())
    await api('/lanes/other/resume', {})
    await reaches(world.setup, kept, 'delivered')
  })
})

describe('a bind', () => {
  it('has no more segments open than its window', async () => {
    const messages = await sendMany('+44770', 20, { Body: 'x' })
    const long = await send('+447709999999', { Body: 'long '.repeat(60) })
    for (const message of [...messages, long]) await inState(message, 'sent')
    const seen = arrivals.filter(({ to }) => to.startsWith('+4477'))
    assert.equal(seen.length, 22)
    const most = Math.max(...seen.map((arrival) => arrival.open))
    assert.ok(most <= window && most > 1, `${most} were open`)
  })

  it('sends no faster than its segmentsPerSecond', async () => {
    const startedAt = Date.now()
    const messages = await sendMany('+44780', 25)
    for (const message of messages) await inState(message, 'sent')
    const times = arrivals.flatMap(({ to, at }) => (to.startsWith('+4478') ? [at] : []))
    assert.equal(times.length, messages.length)
    // From before the first, and whole: a peer that stalls sees many at once. src/binds/rate.test.ts holds it to each second, by a clock.
    const tookMs = Math.max(...times) - startedAt
    const fastestMs = ((messages.length - segmentsPerSecond - 2) / segmentsPerSecond) * 1000
    assert.ok(tookMs >= fastestMs, `${tookMs} ms`)
  })
})
