import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type Draft, encodePdu, tags } from '../codec/index.ts'
import { samples } from '../codec/samples.ts'
import { conceal } from './conceal.ts'
import { dissect } from './dissect.ts'

const words = 'meet me at nine'
const password = 'secret08'

function concealed(pdu: Draft | Buffer, bodies = false): { octets: Buffer; text: string; why: string | undefined } {
  const octets = Buffer.from(Buffer.isBuffer(pdu) ? pdu : encodePdu(pdu))
  const why = conceal(octets, bodies)
  return { octets, text: octets.toString('latin1'), why }
}

const valueOf = (octets: Uint8Array, name: string): string | undefined => dissect(octets).fields.find((field) => field.name === name)?.value
const message = { sequence_number: 7, source_addr: 'ACME', destination_addr: '447700900123', data_coding: 0 } as const

describe('conceal', () => {
  for (const sample of samples) {
    it(`leaves ${sample.command} its length, its framing and its addresses`, () => {
      const before = encodePdu(sample)
      const { octets, why } = concealed(sample)
      assert.equal(why, undefined)
      assert.equal(octets.length, before.length)
      assert.deepEqual(octets.subarray(0, 16), before.subarray(0, 16))
      if ('source_addr' in sample) assert.equal(valueOf(octets, 'source_addr'), '"ACME"')
    })
  }

  for (const command of ['bind_transceiver', 'bind_transmitter', 'bind_receiver', 'outbind'] as const) {
    it(`hides the password of ${command}, with bodies too`, () => {
      for (const bodies of [false, true]) {
        const { octets, text } = concealed({ command, sequence_number: 1, system_id: 'box', password }, bodies)
        assert.doesNotMatch(text, /secret/)
        assert.equal(valueOf(octets, 'system_id'), '"box"')
        assert.equal(valueOf(octets, 'password'), 'hidden')
      }
    })
    it(`hides all of a ${command} that cannot be read`, () => {
      const cut = encodePdu({ command, sequence_number: 1, system_id: 'box', password })
      const broken = Buffer.from(cut.subarray(0, 16 + 4 + password.length))
      broken.writeUInt32BE(broken.length, 0)
      const { text, why } = concealed(broken, true)
      assert.doesNotMatch(text, /secret/)
      assert.match(why ?? '', /password: no NUL/)
    })
  }

  it('hides what may be a password in a command that nobody knows', () => {
    const unknown = Buffer.concat([encodePdu({ command: 'enquire_link', sequence_number: 9 }), Buffer.from(password)])
    unknown.writeUInt32BE(unknown.length, 0)
    unknown.writeUInt32BE(0x0001_0200, 4)
    assert.doesNotMatch(concealed(unknown, true).text, /secret/)
  })

  it('hides short_message and every message_payload, and shows them where bodies are asked for', () => {
    const payload = Buffer.from(words)
    const tlvs = [[tags.message_payload, payload] as const, [tags.user_message_reference, Uint8Array.of(0, 5)] as const]
    for (const command of ['submit_sm', 'deliver_sm', 'submit_multi', 'replace_sm', 'data_sm', 'broadcast_sm'] as const) {
      const pdu = { ...message, command, short_message: payload, tlvs: [...tlvs, tlvs[0]!] } as Draft
      assert.doesNotMatch(concealed(pdu).text, /meet|nine/, command)
      assert.equal(concealed(pdu, true).text, encodePdu(pdu).toString('latin1'), command)
      assert.equal(valueOf(concealed(pdu).octets, 'user_message_reference 0x0204'), '5 (0x0005)')
    }
  })

  it('keeps how parts belong together, and hides what other elements of the header carry', () => {
    const header = Buffer.concat([Buffer.of(13, 0, 3, 7, 2, 1, 0x0a, 6), Buffer.from('styled')])
    const { octets, text } = concealed({
      ...message,
      command: 'submit_sm',
      esm_class: 0x40,
      short_message: Buffer.concat([header, Buffer.from(words)]),
    })
    assert.doesNotMatch(text, /meet|styled/)
    assert.match(valueOf(octets, 'short_message') ?? '', /^29 octets, UDH part 1 of 2, reference 7, element 0x0a 2e2e2e2e2e2e, hidden$/)
  })

  it('hides all of a body whose header is longer than it', () => {
    const { text } = concealed({ ...message, command: 'submit_sm', esm_class: 0x40, short_message: Buffer.from(words) })
    assert.doesNotMatch(text, /meet/)
  })

  it('keeps of a receipt what became of the message, and hides its words', () => {
    const receipt = (text: string, esm_class = 4): string =>
      concealed({ ...message, command: 'deliver_sm', esm_class, short_message: Buffer.from(text) }).text
    const told = receipt(`id:A1 sub:001 dlvrd:001 stat:DELIVRD err:000 Text:${words}`)
    assert.match(told, /id:A1 sub:001 dlvrd:001 stat:DELIVRD err:000 Text:\.{15}/)
    assert.match(receipt('id:A1 stat:UNDELIV err:1'), /id:A1 stat:UNDELIV err:1/)
    assert.doesNotMatch(receipt(words), /meet/, 'a receipt that does not look like one')
    assert.doesNotMatch(receipt(`id:A1 stat:DELIVRD ${words}`, 0), /meet/, 'a message that looks like a receipt')
    assert.doesNotMatch(receipt(`id:A1 stat:DELIVRD ${words}`, 0x08), /meet/, "a user's own acknowledgement")
  })

  it('hides what a response has after its last field', () => {
    const octets = Buffer.concat([
      encodePdu({ command: 'data_sm_resp', sequence_number: 1, message_id: 'a1' }),
      Buffer.of(4, 0x24, 0, 200),
      Buffer.from(words),
    ])
    octets.writeUInt32BE(octets.length, 0)
    assert.doesNotMatch(concealed(octets).text, /meet/)
  })

  it('neither throws nor lets a password or a body through, whatever becomes of a PDU', () => {
    const mark = Buffer.from('XyZZy!xYzzY?')
    const pdus = samples.map((sample) =>
      encodePdu({
        ...sample,
        ...('password' in sample ? { password: mark.toString('latin1') } : {}),
        ...('short_message' in sample ? { short_message: mark, esm_class: 0, data_coding: 0 } : {}),
        ...('password' in sample ? {} : { tlvs: [[tags.message_payload, mark]] }),
      }),
    )
    const change = fc.tuple(fc.nat(400), fc.nat(255))
    fc.assert(
      fc.property(fc.constantFrom(...pdus), fc.array(change, { maxLength: 4 }), fc.boolean(), fc.nat(30), (pdu, changes, bodies, cut) => {
        const octets = Buffer.from(pdu.subarray(0, Math.max(16, pdu.length - cut)))
        // What stands after the header, so that it stays the same command.
        for (const [at, octet] of changes) if (octets.length > 16) octets[16 + (at % (octets.length - 16))] = octet
        octets.writeUInt32BE(octets.length, 0)
        const why = conceal(octets, bodies)
        dissect(octets)
        if (why !== undefined && !bodies) assert.equal(octets.includes(mark), false)
      }),
      { numRuns: 3000 },
    )
    for (const pdu of pdus) {
      const { octets } = concealed(pdu)
      assert.equal(octets.includes(mark), false)
    }
  })
})

describe('dissect', () => {
  it('names every field of every command in the order of the wire', () => {
    for (const sample of samples) {
      const { title, fields } = dissect(encodePdu(sample))
      assert.equal(title, sample.command)
      const names = fields.map(({ name }) => name)
      assert.deepEqual(names.slice(0, 4), ['command_length', 'command_id', 'command_status', 'sequence_number'])
      for (const name of Object.keys(sample)) {
        if (name !== 'command' && name !== 'tlvs' && name !== 'dest_address' && name !== 'unsuccess_sme')
          assert.ok(names.includes(name === 'command' ? 'command_id' : name), `${sample.command} ${name}`)
      }
      assert.equal(names.filter((name) => name === 'tlv.0x1400 0x1400').length, 2)
    }
  })

  it('says what numbers mean', () => {
    const submit = encodePdu({
      ...message,
      command: 'submit_sm',
      command_status: 0,
      source_addr_ton: 5,
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      esm_class: 0x43,
      registered_delivery: 0x11,
      data_coding: 0xf5,
    })
    assert.equal(valueOf(submit, 'command_id'), '0x00000004 submit_sm')
    assert.equal(valueOf(submit, 'source_addr_ton'), '5 alphanumeric')
    assert.equal(valueOf(submit, 'dest_addr_npi'), '1 ISDN E.163/E.164')
    assert.equal(valueOf(submit, 'esm_class'), '0x43 store and forward, UDH')
    assert.equal(valueOf(submit, 'registered_delivery'), '0x11 receipt of success and failure, intermediate')
    assert.equal(valueOf(submit, 'data_coding'), '0xf5 8-bit, class 1')
    const refused = encodePdu({ command: 'submit_sm_resp', sequence_number: 3, command_status: 0x58 })
    assert.equal(valueOf(refused, 'command_status'), 'ESME_RTHROTTLED 0x00000058')
    const bind = encodePdu({ command: 'bind_transceiver', sequence_number: 1, interface_version: 0x34 })
    assert.equal(valueOf(bind, 'interface_version'), '0x34 SMPP 3.4')
    const receipt = encodePdu({
      ...message,
      command: 'deliver_sm',
      tlvs: [
        [tags.message_state, Uint8Array.of(5)],
        [tags.network_error_code, Uint8Array.of(3, 0, 27)],
        [tags.receipted_message_id, Buffer.from('a1\0')],
        [tags.congestion_state, Uint8Array.of(80)],
      ],
    })
    assert.equal(valueOf(receipt, 'message_state 0x0427'), '5 UNDELIVERABLE (0x05)')
    assert.equal(valueOf(receipt, 'network_error_code 0x0423'), 'network 3, error 27')
    assert.equal(valueOf(receipt, 'receipted_message_id 0x001e'), '"a1"')
    assert.equal(valueOf(receipt, 'congestion_state 0x0428'), '80 % (0x50)')
  })

  it('shows a body as its data_coding says', () => {
    const body = (data_coding: number, octets: Buffer): string | undefined =>
      valueOf(encodePdu({ ...message, command: 'submit_sm', data_coding, short_message: octets }), 'short_message')
    assert.equal(body(0, Buffer.from('1b65', 'hex')), '2 octets, "€", 1b65')
    assert.equal(body(3, Buffer.from('e9', 'hex')), '1 octets, "é", e9')
    assert.equal(body(8, Buffer.from('0436000a', 'hex')), '4 octets, "ж\\n", 0436000a')
    assert.equal(body(4, Buffer.from('00ff', 'hex')), '2 octets, 00ff')
  })

  it('keeps one line a field, whatever a peer put into it', () => {
    const { fields } = dissect(encodePdu({ ...message, command: 'submit_sm', source_addr: 'a\nb\u0085c', service_type: '\u001b[2J' }))
    for (const { value } of fields) assert.doesNotMatch(value, /\p{Cc}/u)
  })

  it('shows the header of what cannot be read', () => {
    const bad = Buffer.from('0000001100004711000000000000004d2a', 'hex')
    assert.deepEqual(dissect(bad), {
      title: 'unknown command',
      fields: [
        { name: 'command_length', value: '17' },
        { name: 'command_id', value: '0x00004711 unknown command' },
        { name: 'command_status', value: 'ESME_ROK 0x00000000' },
        { name: 'sequence_number', value: '77' },
        { name: 'unreadable', value: '1 octets, 2a' },
      ],
    })
  })
})
