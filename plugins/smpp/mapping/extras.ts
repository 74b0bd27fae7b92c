// What a message carries from one SMPP peer to another beside its body and without a meaning in
// between: `service_type`, and `waiting`, the indication that a message waits: `voicemail:on:store`.
// TLVs by number are tlvs.ts's.
import { type WaitingIndication, waitingKinds } from '../../../src/plugin.ts'
import type { Tlv } from '../codec/index.ts'

/** Undefined where nothing is kept. */
export function extrasOf(service_type: string, waiting: WaitingIndication | undefined): Record<string, string> | undefined {
  if (service_type === '' && waiting === undefined) return undefined
  const extras: Record<string, string> = {}
  if (service_type !== '') extras['service_type'] = service_type
  if (waiting) extras['waiting'] = `${waiting.of}:${waiting.active ? 'on' : 'off'}:${waiting.store ? 'store' : 'discard'}`
  return extras
}

/** What of the extras can be a service_type (SMPP 5.0 §4.7.25). */
export function serviceTypeOf(extras: Readonly<Record<string, string>>): string | undefined {
  const extra = extras['service_type']
  return extra !== undefined && /^[\x20-\x7e]{0,5}$/.test(extra) ? extra : undefined
}

export function waitingOf(extras: Readonly<Record<string, string>> | undefined): WaitingIndication | undefined {
  const said = extras?.['waiting']
  if (said === undefined) return undefined
  const [kind, state, fate] = said.split(':')
  const of = waitingKinds.find((each) => each === kind)
  return of && { active: state === 'on', of, store: fate !== 'discard' }
}

/** What the body needs, then what came from elsewhere, as far as the body does not say it already. */
export function joinTlvs(own: readonly Tlv[], others: readonly Tlv[]): readonly Tlv[] {
  if (others.length === 0) return own
  if (own.length === 0) return others
  const joined = own.slice()
  for (const other of others) if (!own.some(([tag]) => tag === other[0])) joined.push(other)
  return joined
}
