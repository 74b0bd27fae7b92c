// The bindings of one address of record, and what a REGISTER makes of them (RFC 3261 §10.3 steps 6
// to 8, RFC 5626 §6). It is planned whole and then done whole: a fault in the last Contact leaves
// the first as it was.
import { detached, readUri, sameUri } from '../codec/index.ts'
import type { Flow, Reply } from '../engine/engine.ts'
import type { RegistrarSettings } from '../profile/types.ts'
import type { Contact } from './peer.ts'
import { refused } from './refusals.ts'
import { type Registration, tooManyContacts, type Wanted } from './register.ts'
import type { Due } from './wheel.ts'

/** Changed in place by each refresh. Its strings are its own, not slices of a message. A class, since there are very many. */
export class Binding implements Contact, Due {
  readonly aor: string
  uri: string
  flow: Flow
  path: readonly string[] = noPath
  expiresAt = 0
  registeredAt = 0
  callId = ''
  cseq = 0
  q = 1
  instance?: string
  regId?: number
  userAgent?: string
  slot = 0
  /** When its flow is to be tried by OPTIONS; 0: never, or it is being tried. */
  pingAt = 0

  constructor(aor: string, uri: string, flow: Flow) {
    this.aor = aor
    this.uri = uri
    this.flow = flow
  }
}

const noPath: readonly string[] = []

export interface Plan {
  /** Of those that are there. */
  remove: Binding[]
  /** To be refreshed (`target`) or made. */
  put: { wanted: Wanted; target: Binding | undefined }[]
}

/** Expired ones must be out of `bindings`. */
export function planBindings(bindings: readonly Binding[], registration: Registration, settings: RegistrarSettings): Plan | Reply {
  const { contacts, callId, cseq } = registration
  const plan: Plan = { remove: [], put: [] }
  const isLate = (binding: Binding): boolean => binding.callId === callId && cseq <= binding.cseq
  if (contacts === 'all') {
    for (const binding of bindings) {
      if (isLate(binding)) return outOfOrder(binding)
      plan.remove.push(binding)
    }
    return plan
  }
  const targets = contacts.map((wanted) => targetOf(bindings, wanted))
  contacts.forEach((wanted, at) => {
    targets[at] ??= replacedBy(bindings, wanted, targets)
  })
  for (const [at, wanted] of contacts.entries()) {
    const target = targets[at]
    if (target && isLate(target)) return outOfOrder(target)
    put(plan, wanted, target)
  }
  const made = plan.put.filter(({ target }) => !target).length
  if (made > 0 && bindings.length - plan.remove.length + made > settings.contactsPerAor) return tooManyContacts(settings)
  return plan
}

/** The last word on a Contact that a request has twice is the one that counts. */
function put(plan: Plan, wanted: Wanted, target: Binding | undefined): void {
  const twice = plan.put.findIndex((other) => (target ? other.target === target : !other.target && isSame(other.wanted, wanted)))
  if (twice >= 0) plan.put.splice(twice, 1)
  if (target && plan.remove.includes(target)) plan.remove.splice(plan.remove.indexOf(target), 1)
  if (wanted.seconds > 0) plan.put.push({ wanted, target })
  else if (target) plan.remove.push(target)
}

function targetOf(bindings: readonly Binding[], wanted: Wanted): Binding | undefined {
  // One flow of an instance is one binding, whatever its URI is by now (RFC 5626 §6).
  if (wanted.regId !== undefined) return bindings.find((each) => each.regId === wanted.regId && each.instance === wanted.instance)
  return bindings.find((each) => each.regId === undefined && isUri(each.uri, wanted))
}

/** A device that registers anew from elsewhere is not there twice: its instance tells, also without reg-id. */
function replacedBy(bindings: readonly Binding[], wanted: Wanted, taken: readonly (Binding | undefined)[]): Binding | undefined {
  if (wanted.instance === undefined || wanted.regId !== undefined || wanted.seconds === 0) return undefined
  return bindings.find((each) => each.regId === undefined && each.instance === wanted.instance && !taken.includes(each))
}

function isUri(uri: string, wanted: Wanted): boolean {
  if (uri === wanted.uri) return true
  const read = readUri(uri)
  return read !== undefined && sameUri(read, wanted.parsed)
}

function isSame(a: Wanted, b: Wanted): boolean {
  if (a.regId !== undefined || b.regId !== undefined) return a.regId === b.regId && a.instance === b.instance
  return a.uri === b.uri || sameUri(a.parsed, b.parsed)
}

function outOfOrder({ cseq }: Binding): Reply {
  return refused(400, `CSeq: expected more than ${cseq} with this Call-ID`)
}

export function newBinding(aor: string, { uri, regId }: Wanted, flow: Flow): Binding {
  const binding = new Binding(aor, detached(uri), flow)
  if (regId !== undefined) binding.regId = regId
  return binding
}

/** Sets what may have changed, but for its flow; a text that is as before stays the same string. */
export function refreshBinding(binding: Binding, wanted: Wanted, { callId, cseq, path }: Registration, now: number): void {
  if (binding.uri !== wanted.uri) binding.uri = detached(wanted.uri)
  if (binding.callId !== callId) binding.callId = detached(callId)
  if (!isSameList(binding.path, path)) binding.path = path.map(detached)
  // What a Contact says now is what it is: who says no instance is not the one that was there (RFC 3261 §10.3 step 7).
  if (wanted.instance === undefined) {
    if (binding.instance !== undefined) delete binding.instance
  } else if (binding.instance !== wanted.instance) binding.instance = detached(wanted.instance)
  binding.cseq = cseq
  binding.q = wanted.q
  binding.registeredAt = now
  binding.expiresAt = now + wanted.seconds * 1000
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at])
}

/** Ends at once with all that it was: whoever still holds it sees that its time is over. */
export function endBinding(binding: Binding): void {
  binding.expiresAt = 0
  binding.pingAt = 0
}

/** Preferred first (q), then newest. */
export function sortBindings(bindings: Binding[]): void {
  if (bindings.length > 1) bindings.sort((a, b) => b.q - a.q || b.registeredAt - a.registeredAt)
}

export function isByFlow(binding: Binding, flow: Flow): boolean {
  const own = binding.flow
  // Ids are made when they are asked for.
  return own === flow || (own.remote.port === flow.remote.port && own.transport === flow.transport && own.id === flow.id)
}

export function isLive(binding: Contact, now: number): boolean {
  return binding.expiresAt > now && binding.flow.open
}
