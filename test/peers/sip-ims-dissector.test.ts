// An independent dissector reads what we tell phones: RP-DATA, RP-ACK and RP-ERROR in MESSAGEs, with the
// TPDUs in them, and nothing of it is malformed.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { AcceptRefused } from '../../src/plugin.ts'
import { ack, coreOf, later, saying, submitted, type Told } from '../../plugins/sip/ims/ims.fixture.ts'
import { messageOf, now } from '../../plugins/sip/message/message.fixture.ts'
import { needs, peer } from './found.ts'

const run = promisify(execFile)

/** As it would stand on the wire; what the engine adds is not looked at here. */
function datagramOf({ request: { uri, from, to, headers, body, callId = '' } }: Told): Buffer {
  const lines = [
    `MESSAGE ${uri} SIP/2.0`,
    'Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx',
    `From: ${from};tag=a`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    'CSeq: 1 MESSAGE',
    'Max-Forwards: 70',
  ]
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`), body])
}

/** A capture file (libpcap, link type 101: IPv4) of datagrams between SIP ports. */
function captureOf(datagrams: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(65_535, 16)
  head.writeUInt32LE(101, 20)
  const records = datagrams.map((payload) => {
    const packet = Buffer.alloc(16 + 28)
    packet.writeUInt32LE(28 + payload.length, 8)
    packet.writeUInt32LE(28 + payload.length, 12)
    // IPv4 without options, UDP; checksums of 0 are not looked at.
    packet[16] = 0x45
    packet.writeUInt16BE(28 + payload.length, 18)
    packet[24] = 64
    packet[25] = 17
    packet.set([127, 0, 0, 1, 127, 0, 0, 1], 28)
    packet.writeUInt16BE(5060, 36)
    packet.writeUInt16BE(5060, 38)
    packet.writeUInt16BE(8 + payload.length, 40)
    return Buffer.concat([packet, payload])
  })
  return Buffer.concat([head, ...records])
}

test(
  'tshark reads every RP message and TPDU that we tell phones, none is malformed',
  { ...needs('tshark'), timeout: 180_000 },
  async () => {
    const ims = { serviceCentre: '+447785016005', identity: 'sip:ip-sm-gw.ims.example', answerMs: 40_000, quarters: -19 }
    const core = coreOf({ terms: { ims } })
    saying(core, ack)
    await core.hears(submitted({ statusReportRequest: true, mr: 200 }))
    await later()
    core.durable = () => Promise.reject(new AcceptRefused('no-route', 'why'))
    await core.hears(submitted({ mr: 201 }, 6))
    await later()
    const bodies = [
      { kind: 'text', text: 'Hello €', messageClass: 0 },
      { kind: 'text', text: 'Привет, мир' },
      { kind: 'text', text: 'x'.repeat(200) },
      { kind: 'binary', data: Uint8Array.of(1, 2, 3), udh: Uint8Array.of(0x05, 0x04, 0x3e, 0x80, 0x3e, 0x81) },
    ] as const
    for (const body of bodies) assert.equal((await core.send({ body })).ok, true)
    assert.equal((await core.send({ from: { value: 'ACME Bank', ton: 'alphanumeric', npi: 'unknown' } })).ok, true)
    const message = messageOf({ report: core.accepted[0]!.report! })
    await core.ims.report(message, { state: 'delivered', at: now }, { ...core.byTrunk, peer: core.peer }, new AbortController().signal)
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-ims-'))
    try {
      const file = join(directory, 'ims.pcap')
      await writeFile(file, captureOf(core.told.map(datagramOf)))
      const fields = [
        'gsm_a.rp.msg_type',
        'gsm_a.rp.rp_message_reference',
        'gsm_sms.tp-mti',
        'gsm_sms.sms_text',
        'gsm_sms.tp-oa',
        'gsm_sms.tp-mr',
      ]
      const read = (...args: string[]): Promise<{ stdout: string }> => run(peer('tshark')!, ['-r', file, ...args])
      const { stdout } = await read('-T', 'fields', ...fields.flatMap((field) => ['-e', field]))
      const rows = stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'))
      assert.deepEqual(
        rows.map(([type, reference]) => [Number(type), Number(reference)]),
        core.told.map(({ request: { body } }) => [body[0], body[1]]),
      )
      assert.deepEqual(
        rows.map(([, , mti]) => Number(mti)),
        [1, 1, 0, 0, 0, 0, 0, 0, 2],
      )
      assert.deepEqual([rows[2]?.[3], rows[3]?.[3], rows[4]?.[3]], ['Hello €', 'Привет, мир', 'x'.repeat(153)])
      assert.deepEqual([rows[2]?.[4], rows[7]?.[4], rows[8]?.[5]], ['15550001111', 'ACME Bank', '200'])
      const { stdout: malformed } = await read('-Y', '_ws.malformed')
      assert.equal(malformed, '')
      const { stdout: expert } = await read('-q', '-z', 'expert,warn')
      assert.doesNotMatch(expert, /GSM|SMS/i, expert)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)
