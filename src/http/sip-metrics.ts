// What the SIP bridge counts, by profile and by trunk.
import type { BindId } from '../model/message.ts'
import type { Instruments } from './instruments.ts'

/** Profiles of the SIP bridge, and binds that are trunks of it. */
export interface SipMeasurements {
  profiles: readonly {
    profile: string
    registrations: number
    open: Readonly<Record<string, number>>
    events: Readonly<Record<string, number>>
  }[]
  trunks: readonly { bind: BindId; hopsUp: number; hops: number; answers: ReadonlyMap<string, number> }[]
}

export function createSipMetrics({ gauge, counter }: Instruments): (now: SipMeasurements | undefined) => void {
  const registrations = gauge('signalbox_sip_registrations', 'Ways to users that are registered on a profile', 'profile')
  const open = gauge('signalbox_sip_open', 'Transactions and connections of a profile, open or remembered', 'profile', 'what')
  const events = counter(
    'signalbox_sip_messages_total',
    'SIP messages of a profile: requests and responses that came, retransmissions in and out, refused',
    'profile',
    'what',
  )
  const hops = gauge('signalbox_sip_trunk_hops', 'Next hops of a trunk, by whether they answer', 'bind', 'state')
  const answers = counter('signalbox_sip_trunk_answers_total', 'What the hops of a trunk answered to our MESSAGEs', 'bind', 'answer')
  return (now) => {
    for (const { profile, registrations: count, open: opened, events: counted } of now?.profiles ?? []) {
      registrations.set({ profile }, count)
      for (const [what, value] of Object.entries(opened)) open.set({ profile, what }, value)
      for (const [what, value] of Object.entries(counted)) events.inc({ profile, what }, value)
    }
    for (const { bind, hopsUp, hops: all, answers: said } of now?.trunks ?? []) {
      hops.set({ bind, state: 'up' }, hopsUp)
      hops.set({ bind, state: 'resting' }, all - hopsUp)
      for (const [answer, value] of said) answers.inc({ bind, answer }, value)
    }
  }
}
