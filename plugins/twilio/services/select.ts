// From which sender of its pool a service writes to a recipient: the one that it wrote from before; or a
// short code of the recipient's country, a name where names are taken, a number of the same area or
// country, of the United States, any. Among equals in turn, or, where the service is sticky, by the
// recipient: so that two messages to somebody new, sent at once, come from one number.
import { alphanumericSender, international, shortCode, type Address, type OwnNumber } from '../../../src/plugin.ts'
import { areaCodeOf, countryReached } from '../countries.ts'
import { Refused } from '../errors.ts'
import { sameNumber, type Sender, type Service } from './service.ts'

/** What a selection asks of the gateway. */
export interface Pooled {
  /** The number, where the account owns it. */
  number(value: string): OwnNumber | undefined
  sticky(service: string, handset: string): string | undefined
}

export interface Selected {
  from: Address
  /** To be kept: the recipient is written to from another sender than before, or for the first time. */
  isNew: boolean
}

interface Candidate {
  sender: Sender
  address: Address
  /** Of a number; of a short code its number's setting says it. */
  country: string | undefined
}

interface Pool {
  byValue: Map<string, Candidate>
  shorts: Candidate[]
  alphas: Candidate[]
  phones: Candidate[]
  byCountry: Map<string, Candidate[]>
  byArea: Map<string, Candidate[]>
  /** Of the next in turn. */
  turn: number
}

const pools = new WeakMap<Service, Pool>()

function poolOf(service: Service): Pool {
  let pool = pools.get(service)
  if (!pool) pools.set(service, (pool = fill(service)))
  return pool
}

function fill({ settings }: Service): Pool {
  const pool: Pool = { byValue: new Map(), shorts: [], alphas: [], phones: [], byCountry: new Map(), byArea: new Map(), turn: 0 }
  for (const sender of settings.senders) {
    const address = addressOf(sender)
    if (!address) continue
    const country = sender.kind === 'phone' ? countryReached(sender.value) : undefined
    const candidate: Candidate = { sender, address, country }
    pool.byValue.set(sender.value, candidate)
    if (sender.kind === 'short') pool.shorts.push(candidate)
    else if (sender.kind === 'alpha') pool.alphas.push(candidate)
    else {
      pool.phones.push(candidate)
      if (country !== undefined) shelve(pool.byCountry, country, candidate)
      const area = areaCodeOf(sender.value)
      if (area !== undefined) shelve(pool.byArea, area, candidate)
    }
  }
  return pool
}

function shelve(shelves: Map<string, Candidate[]>, name: string, candidate: Candidate): void {
  const shelf = shelves.get(name)
  if (shelf) shelf.push(candidate)
  else shelves.set(name, [candidate])
}

function addressOf({ kind, value }: Sender): Address | undefined {
  return kind === 'phone' ? international(value) : kind === 'short' ? shortCode(value) : alphanumericSender(value)
}

/** Whether carriers of the country take names as senders; those of North America do not. */
function takesNames(country: string | undefined): boolean {
  return country !== 'US' && country !== 'CA'
}

/** Of a number of the pool: it may have been released, or handed to another account, since. */
function numberOf(pooled: Pooled, { sender }: Candidate): OwnNumber | undefined {
  const number = pooled.number(sender.value)
  return number && sameNumber(number.id, sender.sid) ? number : undefined
}

/** `to` as it will be sent to. Throws Refused. */
export function selectSender(service: Service, pooled: Pooled, to: string): Selected {
  const pool = poolOf(service)
  const { stickySender, areaCodeGeomatch } = service.settings
  const country = countryReached(to)
  const before = stickySender ? pooled.sticky(service.sid, to) : undefined
  const kept = before === undefined ? undefined : pool.byValue.get(before)
  if (kept && isKept(pool, pooled, kept, country)) return { from: kept.address, isNew: false }
  const chosen = choose(pool, pooled, stickySender, areaCodeGeomatch ? areaCodeOf(to) : undefined, to, country)
  if (!chosen) throw new Refused(pool.byValue.size === 0 ? 21704 : 21703, service.sid)
  return { from: chosen.address, isNew: stickySender && chosen.sender.value !== before }
}

/** A number from abroad gives way to one of the recipient's country that came since. */
function isKept(pool: Pool, pooled: Pooled, kept: Candidate, country: string | undefined): boolean {
  if (kept.sender.kind === 'alpha') return takesNames(country)
  const number = numberOf(pooled, kept)
  if (!number) return false
  if (kept.sender.kind === 'short' || kept.country === country || country === undefined) return true
  return !shortOf(pool, pooled, country) && !pool.byCountry.get(country)?.some((local) => numberOf(pooled, local))
}

function shortOf(pool: Pool, pooled: Pooled, country: string | undefined): Candidate | undefined {
  if (country === undefined) return undefined
  for (const short of pool.shorts) if (numberOf(pooled, short)?.settings['country'] === country) return short
  return undefined
}

function choose(
  pool: Pool,
  pooled: Pooled,
  byRecipient: boolean,
  area: string | undefined,
  to: string,
  country: string | undefined,
): Candidate | undefined {
  const short = shortOf(pool, pooled, country)
  if (short) return short
  const start = byRecipient ? spread(to) : pool.turn++
  if (pool.alphas.length > 0 && takesNames(country)) return pool.alphas[start % pool.alphas.length]
  return (
    (area === undefined ? undefined : oneOf(pool.byArea.get(area), pooled, start)) ??
    (country === undefined ? undefined : oneOf(pool.byCountry.get(country), pooled, start)) ??
    oneOf(pool.byCountry.get('US'), pooled, start) ??
    oneOf(pool.phones, pooled, start) ??
    oneOf(pool.shorts, pooled, start)
  )
}

/** From that one on, the first that the account still owns. */
function oneOf(from: readonly Candidate[] | undefined, pooled: Pooled, start: number): Candidate | undefined {
  if (!from) return undefined
  for (let i = 0; i < from.length; i++) {
    const candidate = from[(start + i) % from.length]!
    if (numberOf(pooled, candidate)) return candidate
  }
  return undefined
}

/** A whole number that neighbouring recipients do not share (FNV-1a). */
function spread(text: string): number {
  let mixed = 0x811c_9dc5
  for (let i = 0; i < text.length; i++) mixed = Math.imul(mixed ^ text.charCodeAt(i), 0x0100_0193)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** The sender that was named along with the service, where its pool has it. Throws Refused. */
export function senderNamed(service: Service, pooled: Pooled, named: Address): Address {
  const candidate = poolOf(service).byValue.get(named.value)
  if (candidate && (candidate.sender.kind === 'alpha' || numberOf(pooled, candidate))) return candidate.address
  throw named.ton === 'alphanumeric' ? new Refused(21709, named.value) : new Refused(21711, named.value)
}
