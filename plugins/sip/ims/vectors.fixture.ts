// The public vectors of TPDUs and RP messages, and our reading of them in the words of the fixtures.
import { readFileSync } from 'node:fs'
import { decodeText, parseDcs, parseUdh, portsOf, shiftTablesOf, takeConcatenation } from '../../../src/plugin.ts'
import type { Parameters, Tpdu, TpAddress, TpTime, TpUserData, Validity } from './tpdu/index.ts'
import { relativeMs } from './tpdu/index.ts'

export interface TpduVector {
  id: number
  type: string
  direction: 'mt' | 'mo'
  reportKind?: 'ack' | 'error'
  tpdu: string
  note?: string
  /** null: to be refused. */
  expected: Record<string, unknown> | null
}

export interface RpVector {
  id: number
  rpdu: string
  expected: Record<string, unknown> & {
    type: string
    direction: 'mt' | 'mo'
    reference: number
    tpdu?: string
    tpduDecoded?: Record<string, unknown>
  }
}

function vectorsOf(file: string): unknown {
  return (JSON.parse(readFileSync(`test/fixtures/text/${file}`, 'utf8')) as { vectors: unknown }).vectors
}

export const tpduVectors = vectorsOf('tpdu-vectors.json') as TpduVector[]
export const rpVectors = vectorsOf('rp-vectors.json') as RpVector[]

export function octetsOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

export function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex').toUpperCase()
}

const tons = ['unknown', 'international', 'national', 'network-specific', 'subscriber', 'alphanumeric', 'abbreviated', 'reserved']

export function describedTon({ ton }: TpAddress): string {
  return tons[ton] ?? ''
}

/** `toa` without its highest bit, which says only that no octet follows. */
function address({ ton, npi, value }: TpAddress): unknown {
  return { value, ton: describedTon({ ton, npi, value }), toa: (ton << 4) | npi }
}

const two = (n: number): string => String(n).padStart(2, '0')

function describedTime({ year, month, day, hour, minute, second, quarters }: TpTime): string {
  const zone = Math.abs(quarters)
  const sign = quarters < 0 ? '-' : '+'
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${sign}${two(Math.floor(zone / 4))}:${two((zone % 4) * 15)}`
}

function validity(said: Validity): Record<string, unknown> {
  switch (said.form) {
    case 'none':
      return {}
    case 'relative':
      return { vp: said.octet, vpMinutes: relativeMs(said.octet) / 60_000 }
    case 'absolute':
      return { vp: describedTime(said.time) }
    case 'enhanced':
      return { vp: hexOf(said.octets) }
  }
  return said satisfies never
}

function userData({ udh, data }: TpUserData, dcs: number): Record<string, unknown> {
  const { alphabet, messageClass, waiting } = parseDcs(dcs)
  const said: Record<string, unknown> = { alphabet: alphabet === 'binary' ? '8bit' : alphabet }
  if (messageClass !== undefined) said['class'] = messageClass
  if (waiting) said['mwi'] = { active: waiting.active, type: waiting.of, store: waiting.store }
  if (alphabet === 'binary') said['data'] = hexOf(data)
  else said['text'] = decodeText(alphabet, data, udh)
  if (!udh) return said
  said['udh'] = hexOf(Uint8Array.of(udh.length, ...udh))
  const parsed = parseUdh(udh)
  if (parsed.ok) said['ies'] = parsed.elements.map((element) => ({ iei: element.id, data: hexOf(element.data) }))
  const { concatenation } = takeConcatenation(udh)
  if (concatenation) {
    const { reference, total, index, width } = concatenation
    said['concat'] = { ref: reference, parts: total, seq: index, bits: width }
  }
  const ports = portsOf(udh)
  if (ports) said['ports'] = { dst: ports.destination, src: ports.origin, bits: ports.width }
  const { locking, single } = shiftTablesOf(udh)
  if (locking !== 0) said['nationalLocking'] = locking
  if (single !== 0) said['nationalSingle'] = single
  return said
}

function parameters({ pid, dcs, userData: said }: Parameters): Record<string, unknown> {
  return {
    udhi: said?.udh !== undefined,
    ...(pid === undefined ? {} : { pid }),
    ...(dcs === undefined ? {} : { dcs }),
    ...(said === undefined ? {} : userData(said, dcs ?? 0)),
  }
}

/** What the fixtures call `expected`, as far as one TPDU can say it. */
export function described(tpdu: Tpdu): Record<string, unknown> {
  switch (tpdu.type) {
    case 'deliver':
      return {
        type: tpdu.type,
        moreMessages: tpdu.moreMessages,
        loopPrevention: tpdu.loopPrevention,
        statusReportIndication: tpdu.statusReportIndication,
        udhi: tpdu.userData.udh !== undefined,
        replyPath: tpdu.replyPath,
        originator: address(tpdu.originator),
        pid: tpdu.pid,
        dcs: tpdu.dcs,
        scts: describedTime(tpdu.scts),
        ...userData(tpdu.userData, tpdu.dcs),
      }
    case 'submit':
      return {
        type: tpdu.type,
        rejectDuplicates: tpdu.rejectDuplicates,
        vpf: tpdu.validity.form,
        statusReportRequest: tpdu.statusReportRequest,
        udhi: tpdu.userData.udh !== undefined,
        replyPath: tpdu.replyPath,
        mr: tpdu.mr,
        destination: address(tpdu.destination),
        pid: tpdu.pid,
        dcs: tpdu.dcs,
        ...validity(tpdu.validity),
        ...userData(tpdu.userData, tpdu.dcs),
      }
    case 'deliver-report':
      return { type: tpdu.type, ...(tpdu.fcs === undefined ? {} : { fcs: tpdu.fcs }), ...parameters(tpdu) }
    case 'submit-report':
      return { type: tpdu.type, ...(tpdu.fcs === undefined ? {} : { fcs: tpdu.fcs }), scts: describedTime(tpdu.scts), ...parameters(tpdu) }
    case 'status-report':
      return {
        type: tpdu.type,
        moreMessages: tpdu.moreMessages,
        loopPrevention: tpdu.loopPrevention,
        qualifier: tpdu.qualifier,
        mr: tpdu.mr,
        recipient: address(tpdu.recipient),
        scts: describedTime(tpdu.scts),
        discharge: describedTime(tpdu.discharge),
        status: tpdu.status,
        ...parameters(tpdu),
      }
    case 'command':
      return {
        type: tpdu.type,
        statusReportRequest: tpdu.statusReportRequest,
        udhi: tpdu.udh !== undefined,
        mr: tpdu.mr,
        pid: tpdu.pid,
        commandType: tpdu.commandType,
        messageNumber: tpdu.messageNumber,
        destination: address(tpdu.destination),
        data: hexOf(tpdu.data),
      }
  }
  return tpdu satisfies never
}

/** The fixture's own in the same words: what only repeats another field is left out (udl, length, npi, pi, trailing octets). */
export function wanted(expected: Record<string, unknown>): Record<string, unknown> {
  const { udl: _udl, pi: _pi, trailing: _trailing, specialMessage: _special, ...rest } = expected
  for (const name of ['originator', 'destination', 'recipient']) {
    const said = rest[name] as { value: string; ton: string; toa: number } | undefined
    if (said) rest[name] = { value: said.value, ton: said.ton, toa: said.toa & 0x7f }
  }
  const { scts } = rest
  if (typeof scts === 'string') rest['scts'] = scts.replace('-00:00', '+00:00')
  return rest
}
