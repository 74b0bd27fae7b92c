import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock } from '../../../src/clock.ts'
import { createResolve, type Dns, type Unresolvable } from './resolve.ts'

interface Zone {
  naptr?: Record<string, [order: number, preference: number, flags: string, service: string, replacement: string][]>
  srv?: Record<string, [priority: number, weight: number, port: number, name: string][]>
  a?: Record<string, string[]>
  aaaa?: Record<string, string[]>
  own?: Record<string, string[]>
  ttl?: number
  broken?: boolean
}

/** A name server of these records that notes what it was asked. */
function zoned(zone: Zone): { dns: Dns; asked: string[] } {
  const asked: string[] = []
  const of = <T>(kind: string, name: string, records: Record<string, T[]> | undefined): Promise<T[]> => {
    asked.push(`${kind} ${name}`)
    if (zone.broken) return Promise.reject(Object.assign(new Error('no answer'), { code: 'ETIMEOUT' }))
    const found = records?.[name]
    return found ? Promise.resolve(found) : Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }))
  }
  const withTtl = (addresses: string[]) => addresses.map((address) => ({ address, ttl: zone.ttl ?? 300 }))
  return {
    asked,
    dns: {
      resolveNaptr: async (name) =>
        (await of('NAPTR', name, zone.naptr)).map(([order, preference, flags, service, replacement]) => ({
          order,
          preference,
          flags,
          service,
          replacement,
        })),
      resolveSrv: async (name) =>
        (await of('SRV', name, zone.srv)).map(([priority, weight, port, host]) => ({ priority, weight, port, name: host })),
      resolve4: async (name) => withTtl(await of('A', name, zone.a)),
      resolve6: async (name) => withTtl(await of('AAAA', name, zone.aaaa)),
      lookup: async (name) => (await of('own', name, zone.own)).map((address) => ({ address })),
    },
  }
}

async function resolved(zone: Zone, hop: string, random = () => 0): Promise<string[]> {
  const { dns } = zoned(zone)
  const targets = await createResolve({ clock: testClock(), dns, random })(hop)
  return targets.map(({ transport, address, port, name }) => `${transport} ${address}:${port} ${name}`)
}

test('an address is itself, by UDP and the usual port unless more is said', async () => {
  assert.deepEqual(await resolved({}, 'sip:192.0.2.1'), ['udp 192.0.2.1:5060 192.0.2.1'])
  assert.deepEqual(await resolved({}, 'sip:192.0.2.1;transport=tcp'), ['tcp 192.0.2.1:5060 192.0.2.1'])
  assert.deepEqual(await resolved({}, 'sip:192.0.2.1:5070;transport=tls'), ['tls 192.0.2.1:5070 192.0.2.1'])
  assert.deepEqual(await resolved({}, 'sips:192.0.2.1'), ['tls 192.0.2.1:5061 192.0.2.1'])
  assert.deepEqual(await resolved({}, 'sips:[2001:db8::1];transport=tcp'), ['tls 2001:db8::1:5061 2001:db8::1'])
})

test('a port that is said leads to addresses only, IPv4 first', async () => {
  const { dns, asked } = zoned({ a: { 'pbx.example': ['192.0.2.1'] }, aaaa: { 'pbx.example': ['2001:db8::1'] } })
  const targets = await createResolve({ clock: testClock(), dns })('sip:pbx.example:5070')
  assert.deepEqual(
    targets.map(({ address, port, transport }) => [transport, address, port]),
    [
      ['udp', '192.0.2.1', 5070],
      ['udp', '2001:db8::1', 5070],
    ],
  )
  assert.deepEqual(asked.sort(), ['A pbx.example', 'AAAA pbx.example'])
})

test('a transport that is said asks its SRV and no NAPTR', async () => {
  const { dns, asked } = zoned({
    srv: { '_sip._tcp.ims.example': [[10, 0, 5080, 'one.ims.example']] },
    a: { 'one.ims.example': ['192.0.2.7'] },
  })
  const targets = await createResolve({ clock: testClock(), dns })('sip:ims.example;transport=tcp')
  assert.deepEqual(targets, [{ transport: 'tcp', address: '192.0.2.7', port: 5080, name: 'ims.example' }])
  assert.ok(asked.every((each) => !each.startsWith('NAPTR')))
})

test('NAPTR decides by order and preference; services that we do not speak are passed over', async () => {
  const zone: Zone = {
    naptr: {
      'ims.example': [
        [20, 10, 's', 'SIP+D2U', '_sip._udp.ims.example'],
        [10, 20, 's', 'sip+d2t', '_sip._tcp.ims.example'],
        [10, 10, 's', 'SIPS+D2T', '_sips._tcp.ims.example'],
        [5, 10, 's', 'SIP+D2W', '_sip._ws.ims.example'],
        [1, 10, 'u', 'E2U+sip', ''],
      ],
    },
    srv: {
      '_sip._udp.ims.example': [[1, 1, 5060, 'a.ims.example']],
      '_sip._tcp.ims.example': [[1, 1, 5060, 'a.ims.example']],
      '_sips._tcp.ims.example': [[1, 1, 5061, 'a.ims.example']],
    },
    a: { 'a.ims.example': ['192.0.2.9'] },
  }
  assert.deepEqual(await resolved(zone, 'sip:ims.example'), [
    'tls 192.0.2.9:5061 ims.example',
    'tcp 192.0.2.9:5060 ims.example',
    'udp 192.0.2.9:5060 ims.example',
  ])
  assert.deepEqual(await resolved(zone, 'sips:ims.example'), ['tls 192.0.2.9:5061 ims.example'])
})

test('without NAPTR the SRV of each transport is asked; without SRV the addresses', async () => {
  const srv = { '_sip._tcp.x.example': [[1, 1, 5099, 'h.x.example']] } as Zone['srv']
  assert.deepEqual(await resolved({ srv: srv!, a: { 'h.x.example': ['192.0.2.2'] } }, 'sip:x.example'), ['tcp 192.0.2.2:5099 x.example'])
  assert.deepEqual(await resolved({ a: { 'x.example': ['192.0.2.3'] } }, 'sip:x.example'), ['udp 192.0.2.3:5060 x.example'])
  assert.deepEqual(await resolved({ a: { 'x.example': ['192.0.2.3'] } }, 'sips:x.example'), ['tls 192.0.2.3:5061 x.example'])
})

test('priorities come in order, and inside one the weights decide how often who is first', async () => {
  const { dns } = zoned({
    srv: {
      '_sip._udp.w.example': [
        [20, 100, 5060, 'last'],
        [10, 30, 5060, 'seldom'],
        [10, 70, 5060, 'often'],
        [10, 0, 5060, 'spare'],
      ],
    },
    a: { last: ['192.0.2.9'], seldom: ['192.0.2.3'], often: ['192.0.2.7'], spare: ['192.0.2.1'] },
  })
  // A linear congruence: the same draws each time.
  let state = 1
  const random = () => (state = (state * 48_271) % 0x7fff_ffff) / 0x7fff_ffff
  const resolve = createResolve({ clock: testClock(), dns, random })
  const firsts = new Map<string, number>()
  for (let i = 0; i < 2000; i++) {
    const targets = await resolve('sip:w.example;transport=udp')
    assert.equal(targets.length, 4)
    assert.equal(targets[3]!.address, '192.0.2.9')
    firsts.set(targets[0]!.address, (firsts.get(targets[0]!.address) ?? 0) + 1)
  }
  const [often, seldom, spare] = ['192.0.2.7', '192.0.2.3', '192.0.2.1'].map((each) => (firsts.get(each) ?? 0) / 2000)
  assert.ok(Math.abs(often! - 0.7) < 0.05 && Math.abs(seldom! - 0.3) < 0.05 && spare! < 0.03, `${often} ${seldom} ${spare}`)
})

test('answers are kept for their TTL, names without answer for less, and asked once by many at a time', async () => {
  const clock = testClock()
  const { dns, asked } = zoned({ a: { 'pbx.example': ['192.0.2.1'] }, ttl: 30 })
  const resolve = createResolve({ clock, dns })
  await Promise.all([resolve('sip:pbx.example:5060'), resolve('sip:pbx.example:5060')])
  await resolve('sip:pbx.example:5060')
  assert.equal(asked.filter((each) => each === 'A pbx.example').length, 1)
  await clock.advance(16_000)
  await resolve('sip:pbx.example:5060')
  assert.equal(asked.filter((each) => each === 'A pbx.example').length, 1)
  assert.equal(asked.filter((each) => each === 'AAAA pbx.example').length, 2)
  await clock.advance(15_000)
  await resolve('sip:pbx.example:5060')
  assert.equal(asked.filter((each) => each === 'A pbx.example').length, 2)
})

test('while no name server answers, what it last said is believed for an hour', async () => {
  const clock = testClock()
  const zone: Zone = { a: { 'pbx.example': ['192.0.2.1'] }, ttl: 30 }
  const resolve = createResolve({ clock, dns: zoned(zone).dns })
  await resolve('sip:pbx.example:5060')
  zone.broken = true
  await clock.advance(600_000)
  assert.equal((await resolve('sip:pbx.example:5060'))[0]!.address, '192.0.2.1')
  await clock.advance(4_000_000)
  await assert.rejects(
    resolve('sip:pbx.example:5060'),
    (error: Unresolvable) => error.temporary && /no name server answers/.test(error.message),
  )
})

test("the machine's own names are known, and what has no address says so", async () => {
  assert.deepEqual(await resolved({ own: { kamailio: ['172.18.0.3'] } }, 'sip:kamailio:5060'), ['udp 172.18.0.3:5060 kamailio'])
  await assert.rejects(
    resolved({}, 'sip:nowhere.example'),
    (error: Unresolvable) => !error.temporary && /has no address/.test(error.message),
  )
})

test('a hop that is none, or by a transport that is not dialled, is refused with what is right', async () => {
  for (const hop of ['pbx.example', 'tel:+4915', 'sip:x;transport=ws', 'sips:x;transport=udp', 'sip:'])
    await assert.rejects(resolved({}, hop), (error: Unresolvable) => !error.temporary && /expected/.test(error.message), hop)
})

test('a service that its domain says is not there is not looked for elsewhere', async () => {
  const zone: Zone = { srv: { '_sip._udp.x.example': [[0, 0, 0, '.']] }, a: { 'x.example': ['192.0.2.3'] } }
  for (const hop of ['sip:x.example;transport=udp', 'sip:x.example'])
    await assert.rejects(resolved(zone, hop), (error: Unresolvable) => !error.temporary && /no such service/.test(error.message), hop)
})
