// The 200 to a REGISTER: every binding that the address of record has, with the time that it has left
// (RFC 3261 §10.3 step 8). Phones look for their own Contact in it, as they wrote it.
import { quoted } from '../codec/index.ts'
import type { Flow, Reply } from '../engine/engine.ts'
import type { Profile } from '../profile/types.ts'
import type { Binding } from './bindings.ts'
import type { Registration } from './register.ts'

export function registered(
  bindings: readonly Binding[],
  { path, contacts }: Registration,
  { safety }: Profile,
  flow: Flow,
  now: number,
): Reply {
  const headers: string[] = []
  for (const binding of bindings) headers.push('Contact', contactOf(binding, now))
  for (const each of path) headers.push('Path', each)
  if (path.length > 0) headers.push('Supported', 'path')
  if (contacts !== 'all' && contacts.some(({ regId }) => regId !== undefined)) {
    // RFC 5626 §6: what says that we know of flows; and on a connection how often it must be heard of (§5.4).
    headers.push('Require', 'outbound')
    if (flow.transport !== 'udp' && safety.idleSeconds > 0) headers.push('Flow-Timer', String(safety.idleSeconds))
  }
  headers.push('Date', new Date(now).toUTCString())
  return { status: 200, headers }
}

function contactOf({ uri, expiresAt, q, instance, regId }: Binding, now: number): string {
  let text = `<${uri}>;expires=${Math.ceil((expiresAt - now) / 1000)}`
  if (q !== 1) text += `;q=${q}`
  if (instance !== undefined) text += `;+sip.instance=${quoted(instance)}`
  return regId === undefined ? text : `${text};reg-id=${regId}`
}
