// What the SIP bridge counts, by profile and by trunk.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Measurements } from './metrics.ts'

export function createSipMetrics(registers: Registry[]): (now: Measurements['sip']) => void {
  const registrations = new Gauge({
    name: 'signalbox_sip_registrations',
    help: 'Ways to users that are registered on a profile',
    labelNames: ['profile'],
    registers,
  })
  const open = new Gauge({
    name: 'signalbox_sip_open',
    help: 'Transactions and connections of a profile, open or remembered',
    labelNames: ['profile', 'what'],
    registers,
  })
  const events = new Counter({
    name: 'signalbox_sip_messages_total',
    help: 'SIP messages of a profile: requests and responses that came, retransmissions in and out, refused',
    labelNames: ['profile', 'what'],
    registers,
  })
  const hops = new Gauge({
    name: 'signalbox_sip_trunk_hops',
    help: 'Next hops of a trunk, by whether they answer',
    labelNames: ['bind', 'state'],
    registers,
  })
  const answers = new Counter({
    name: 'signalbox_sip_trunk_answers_total',
    help: 'What the hops of a trunk answered to our MESSAGEs',
    labelNames: ['bind', 'answer'],
    registers,
  })
  return (now) => {
    for (const each of [registrations, open, events, hops, answers]) each.reset()
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
