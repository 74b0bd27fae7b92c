// The session of a registered user: MESSAGEs go to its contacts, by the flows that they registered by
// and nowhere else. To all of them at once, where one that takes it is enough, or to the newest and
// then the next. A class, since there is one for each of very many users.
import type { Clock, Message, Outcome, Outgoing, Report, Session } from '../../../src/plugin.ts'
import type { Address } from '../../../src/plugin.ts'
import type { Contact, OpenSession, Peer } from '../access/peer.ts'
import { writeHost } from '../codec/uri.ts'
import type { OutRequest, Sent, SipEngine } from '../engine/engine.ts'
import type { RegistrarSettings } from '../profile/types.ts'
import { addressUri, type Style } from './addresses.ts'
import { reportBy, sendBy } from './outward.ts'
import { failureOf } from './statuses.ts'
import type { Draft, Ims, Way } from './way.ts'

export interface UserSessionParts {
  clock: Clock
  /** By the profile's name; undefined while it is being started anew. */
  engineOf(profile: string): Pick<SipEngine, 'send'> | undefined
  ims?: Ims
  /** Its phones that are registered by another name of the same user (domains.ts). */
  elsewhere?(peer: Peer): readonly { profile: string; domain: string; contacts: readonly Contact[] }[]
}

export function createOpenSession(parts: UserSessionParts): OpenSession {
  return (peer, contacts, settings, closed) => new UserSession(parts, peer, contacts, settings, closed)
}

/** For the answer of one contact, while another is left to be tried. */
const nextContactMs = 6000
/** Whoever has no contact just now is asked again after so long: the registrar ends the session by then. */
const awayMs = 250
/** Open MESSAGEs are waited for so long when the session ends. */
const drainMs = 2000

class UserSession implements Session, Way {
  readonly peer: Peer
  readonly asksReceipts = false
  readonly closed: Promise<string>
  readonly #parts: UserSessionParts
  readonly #contacts: (aor: string) => readonly Contact[]
  readonly #settings: RegistrarSettings
  readonly #whenClosed: Parameters<OpenSession>[3]
  #resolveClosed: (why: string) => void = () => {}
  /** Why it ends: takes nothing new. */
  #ending: string | undefined
  #open: Set<(sent: Sent) => void> | undefined

  constructor(
    parts: UserSessionParts,
    peer: Peer,
    contacts: (aor: string) => readonly Contact[],
    settings: RegistrarSettings,
    whenClosed: Parameters<OpenSession>[3],
  ) {
    this.peer = peer
    this.#parts = parts
    this.#contacts = contacts
    this.#settings = settings
    this.#whenClosed = whenClosed
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  send(out: Outgoing, signal: AbortSignal): Promise<Outcome> {
    return sendBy(this, this.#parts.ims, out, signal)
  }

  report(message: Message, report: Report, signal: AbortSignal): Promise<Outcome> {
    return reportBy(this, this.#parts.ims, message, report, signal)
  }

  fromUri(address: Address): string {
    return addressUri(address, this.#style())
  }

  /** Whoever a message is for, here it is the user. */
  toUri(): string {
    return addressUri({ value: this.peer.name, ton: 'unknown', npi: 'internet' }, this.#style())
  }

  #style(): Style {
    const { name } = this.peer
    return { scheme: 'sip', host: name.slice(name.lastIndexOf('@') + 1), plus: true, userPhone: false }
  }

  /** A phone that says 200 has it, and shows it. */
  final(status: number): 'delivered' | undefined {
    return status === 200 ? 'delivered' : undefined
  }

  forks(): number {
    return this.#settings.contacts === 'all' ? this.#ways().length : 1
  }

  ask(draft: Draft, signal: AbortSignal): Promise<Sent> {
    if (this.#ending !== undefined) return this.closed.then(gone)
    const open = (this.#open ??= new Set())
    return new Promise((resolve) => {
      open.add(resolve)
      void this.#try(draft, signal).then((sent) => {
        if (open.delete(resolve)) resolve(sent)
        if (this.#ending !== undefined && open.size === 0) this.#close(this.#ending)
      })
    })
  }

  async #try(draft: Draft, signal: AbortSignal): Promise<Sent> {
    const ways = this.#ways()
    const only = ways[0]
    if (!only) return await this.#away('no contact is registered')
    const sent =
      ways.length === 1
        ? await sendTo(only, draft)
        : this.#settings.contacts === 'all'
          ? await fork(ways, draft)
          : await inTurn(ways, draft, signal)
    return sent.kind === 'unsent' ? await this.#away(sent.why, sent.wire) : sent
  }

  /** To every phone of the user: those of this address of record, and of its others. Preferred (q) first, then newest. */
  #ways(): readonly Reach[] {
    const { peer } = this
    const ways = this.#waysBy(peer.profile.name, this.#contacts(peer.name))
    const elsewhere = this.#parts.elsewhere?.(peer)
    if (elsewhere === undefined || elsewhere.length === 0) return ways
    return [ways, ...elsewhere.map(({ profile, domain, contacts }) => this.#waysBy(profile, contacts, domain))]
      .flat()
      .sort(({ contact: a }, { contact: b }) => b.q - a.q || b.registeredAt - a.registeredAt)
      .filter(isFirst)
  }

  #waysBy(profile: string, contacts: readonly Contact[], domain?: string): readonly Reach[] {
    const engine = this.#parts.engineOf(profile)
    if (!engine) return []
    const rename = domain === undefined ? undefined : { from: this.#style().host, to: domain }
    return contacts.map((contact) => (rename ? { engine, contact, rename } : { engine, contact }))
  }

  /** Nothing has left. Not at once, or the same would be asked again and again. */
  #away(why: string, wire?: string[]): Promise<Sent> {
    const sent: Sent = wire ? { kind: 'unsent', why, wire } : { kind: 'unsent', why }
    return new Promise((resolve) => {
      this.#parts.clock.after(awayMs, () => resolve(sent))
    })
  }

  /** The last contact went. */
  end(why: string): void {
    if (this.#ending !== undefined) return
    this.#ending = why
    const open = this.#open
    if (!open || open.size === 0) {
      this.#close(why)
      return
    }
    this.#parts.clock.after(drainMs, () => {
      for (const resolve of open) resolve({ kind: 'lost', why })
      open.clear()
      this.#close(why)
    })
  }

  /** When whoever waits for an open send has heard of it. */
  #close(why: string): void {
    setImmediate(() => {
      this.#resolveClosed(why)
      this.#whenClosed?.(this)
    })
  }

  async close(): Promise<void> {
    this.end('closed')
    await this.closed
  }
}

/** What has left is waited for, though its bind is being stopped: a phone may have it. */
const never = new AbortController().signal
const gone = (why: string): Sent => ({ kind: 'unsent', why })

interface Reach {
  engine: Pick<SipEngine, 'send'>
  contact: Contact
  /** Of one that is registered at another domain: what is there instead of the session's own. */
  rename?: { from: string; to: string }
}

/** A phone that has changed its domain is registered by the old one for a while: it is there once, by the new one. */
const isFirst = ({ contact }: Reach, at: number, all: readonly Reach[]): boolean =>
  all.findIndex((other) => other.contact.uri === contact.uri && other.contact.flow.id === contact.flow.id) === at

/** The user itself, and numbers, at the domain that the phone knows; others are where they are. */
function renamed(address: string, { rename }: Reach, isUser: boolean): string {
  const end = rename && `@${writeHost(rename.from)}>`
  if (!end || !address.endsWith(end) || !(isUser || /^<sip:\+?\d+@/.test(address))) return address
  return `${address.slice(0, -end.length)}@${writeHost(rename.to)}>`
}

/** The Request-URI is the contact as it was given; Path is the route to it (RFC 3327 §5.2). */
function sendTo(way: Reach, draft: Draft, limitMs?: number): Promise<Sent> {
  const { engine, contact } = way
  const { body, callId } = draft
  const [from, to] = [renamed(draft.from, way, false), renamed(draft.to, way, true)]
  let { headers } = draft
  if (contact.path.length > 0) headers = [...contact.path.flatMap((each) => ['Route', each]), ...headers]
  const request: OutRequest = { method: 'MESSAGE', uri: contact.uri, via: contact.flow, from, to, headers, body, callId, cseq: 1 }
  if (draft.maxForwards !== undefined) request.maxForwards = draft.maxForwards
  if (limitMs !== undefined) request.limitMs = limitMs
  return engine.send(request, never)
}

/** Resolves with the first 2xx; the others go on, since each of the user's phones is to have it. */
function fork(ways: readonly Reach[], draft: Draft): Promise<Sent> {
  return new Promise((resolve) => {
    const all: Sent[] = []
    for (const way of ways) {
      void sendTo(way, draft).then((sent) => {
        all.push(sent)
        if (isTaken(sent)) resolve(sent)
        else if (all.length === ways.length) resolve(bestOf(all))
      })
    }
  })
}

/** 6xx is the user's word for all of its phones (RFC 3261 §21.6). */
async function inTurn(ways: readonly Reach[], draft: Draft, signal: AbortSignal): Promise<Sent> {
  const all: Sent[] = []
  for (const [i, way] of ways.entries()) {
    const sent = await sendTo(way, draft, i === ways.length - 1 ? undefined : nextContactMs)
    if (isTaken(sent)) return sent
    all.push(sent)
    if (isGlobal(sent) || signal.aborted) break
  }
  return bestOf(all)
}

const isTaken = (sent: Sent): boolean => sent.kind === 'answered' && sent.status >= 200 && sent.status < 300
const isGlobal = (sent: Sent): boolean => sent.kind === 'answered' && sent.status >= 600

/** Of several that all failed: a 6xx, else the one that leaves most hope. */
const hope = { temporary: 5, throttled: 4, unknown: 3, offline: 2, permanent: 1 } as const

function bestOf(all: readonly Sent[]): Sent {
  let best = all[0]!
  for (const sent of all) if (rank(sent) > rank(best)) best = sent
  const wire = all.flatMap((sent) => sent.wire ?? [])
  return wire.length > 0 ? { ...best, wire } : best
}

function rank(sent: Sent): number {
  return isGlobal(sent) ? 6 : hope[failureOf(sent)?.kind ?? 'permanent']
}
