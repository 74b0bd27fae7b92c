// Two trees of sub-accounts with random things in them, and how answers about them are compared: what
// is outside the asker's own subtree must look like what is not there.
import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { ask, bindTo, configure, create, eventually, reaches, startWorld, type Answer, type Credentials, type World } from '../e2e/world.ts'

export interface Tenant extends Credentials {
  number: string
  shortCode: string
  bind: string
  route: string
  /** Ended, and waiting. */
  messages: string[]
  /** Whatever else it has: SIDs, names. */
  more: Set<string>
}

export interface Tree {
  top: Tenant
  children: Tenant[]
}

export interface Trees {
  world: World
  trees: [Tree, Tree]
}

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex')
const number = (): string => `+1555${randomInt(1_000_000, 9_999_999)}`
/** Two names of one length, neither of which anything has. */
const nobodys = `+1555${'0'.repeat(7)}`

const tenant = (): Tenant => ({
  sid: `AC${hex(16)}`,
  token: hex(16),
  number: number(),
  shortCode: String(randomInt(10_000_000, 99_999_999)),
  bind: `bind-${hex(4)}`,
  route: `route-${hex(4)}`,
  messages: [],
  more: new Set(),
})

const tree = (): Tree => ({ top: tenant(), children: Array.from({ length: randomInt(2, 4) }, tenant) })
export const all = ({ top, children }: Tree): Tenant[] => [top, ...children]

export interface TreesParts {
  /** Of the gateway, which starts after it. */
  env?: (tenants: Tenant[]) => Promise<Record<string, string>>
  /** YAML of further binds of a tenant, each `{ id: …, … }`. */
  binds?: (of: Tenant) => string[]
}

/** Every tenant has a carrier of its own, a number, a route, a delivered message and one that is scheduled. */
export async function growTrees({ env, binds = () => [] }: TreesParts = {}): Promise<Trees> {
  const trees: [Tree, Tree] = [tree(), tree()]
  const tenants = trees.flatMap(all)
  const carriers = Object.fromEntries(tenants.map(({ bind }) => [bind, { receipts: { delay: 5 } }]))
  const world = await startWorld(carriers, await env?.(tenants))
  try {
    await plant(world, trees, binds)
  } catch (error) {
    // Else its gateway would keep the tests from ending.
    await world.close()
    throw error
  }
  return { world, trees }
}

async function plant(world: World, trees: readonly [Tree, Tree], binds: (of: Tenant) => string[]): Promise<void> {
  // Nothing is for those below: in one tree they do not inherit, in the other nothing is granted them.
  const documentOf = (of: Tenant, children: Tenant[], indent: string, inherits: boolean): string => {
    const deeper = children.map((child) => documentOf(child, [], `${indent}    `, inherits)).join('')
    const grant = inherits ? ', grant: []' : ''
    const carrier = bindTo(world.carriers, of.bind).replace(/ }$/, `${grant} }`)
    return `${indent}- id: ${of.sid}
${indent}  name: tenant ${of.sid.slice(-6)}
${indent}  token: '${of.token}'
${indent}  inheritRoutes: ${inherits}
${indent}  binds: [${[carrier, ...binds(of)].join(', ')}]
${indent}  numbers: [{ number: '${of.number}' }, { number: '${of.shortCode}' }]
${indent}  routes: [{ id: ${of.route}, prefix: '+44', to: [${of.bind}]${grant} }]
${deeper === '' ? '' : `${indent}  accounts:\n${deeper}`}`
  }
  const inner = trees.map(({ top, children }, i) => documentOf(top, children, '      ', i === 0)).join('')
  await configure(world.setup, `accounts:\n  - id: root\n    accounts:\n${inner}`)
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  for (const each of trees.flatMap(all)) {
    const form = { To: '+447700900123', From: each.number, Body: `of ${each.sid}` }
    const sent = await eventually('a first message', () => create(world.setup, form, each).catch(() => undefined))
    const scheduled = await create(world.setup, { ...form, SendAt: soon, ScheduleType: 'fixed' }, each)
    each.messages = [await reaches(world.setup, sent, 'delivered', each).then(() => sent), scheduled]
  }
}

/** Whoever has no business with whom, one of each kind at random: across the trees, and a child with what is above and beside it. */
export function someStrangers([one, other]: [Tree, Tree]): [Tenant, Tenant][] {
  const any = <T>(of: readonly T[]): T => of[randomInt(of.length)]!
  const [own, theirs] = randomInt(2) === 0 ? [one, other] : [other, one]
  const child = any(own.children)
  const sibling = any(own.children.filter((each) => each !== child))
  return [
    [own.top, theirs.top],
    [own.top, any(theirs.children)],
    [child, any(all(theirs))],
    [child, own.top],
    [child, sibling],
  ]
}

/** Everything by which a tenant could be known. That an account has a parent, and which, is its own. */
function marksFor(caller: Tenant, victim: Tenant, trees: readonly Tree[]): string[] {
  const above = trees.some(({ top, children }) => top === victim && children.includes(caller))
  const { sid, token, number: own, bind, route, messages, more } = victim
  return [...(above ? [] : [sid]), token, own, bind, route, ...messages.map((each) => each.slice(2)), ...more]
}

/** `asked`: with what it was asked, which may come back. */
export function tellsNothing(trees: readonly Tree[], answer: Answer, who: [Tenant, Tenant], asked: readonly string[], what: string): void {
  const [caller, victim] = who
  for (const mark of marksFor(caller, victim, trees))
    if (!asked.some((one) => one.includes(mark))) assert.ok(!answer.text.includes(mark), `${what} tells ${mark}:\n${answer.text}`)
}

/** Each name of the victim's, and one of the same shape that nothing has. */
export function absentNames(victim: Tenant): [string, string][] {
  return [
    [victim.sid, `AC${hex(16)}`],
    [victim.bind, `bind-${hex(4)}`],
    [victim.route, `route-${hex(4)}`],
    [encodeURIComponent(victim.number), encodeURIComponent(nobodys)],
    [victim.number, nobodys],
    ...victim.messages.map((sid): [string, string] => [sid.slice(2), hex(16)]),
    ...[...victim.more].map((mark): [string, string] => [mark, mark.replace(/[0-9a-f]{8,}/, (digits) => hex(digits.length / 2))]),
  ]
}

export const replaced = (text: string, names: [string, string][]): string =>
  names.reduce((sum, [name, other]) => sum.replaceAll(name, other), text)

/** Status and body are the same, but for the names that were asked with. */
export function indistinguishable(there: Answer, absent: Answer, names: [string, string][], what: string): void {
  assert.equal(
    there.status,
    absent.status,
    `${what}: ${there.status} ${there.text} and, where there is none, ${absent.status} ${absent.text}`,
  )
  assert.equal(replaced(there.text, names), absent.text, what)
}

/** How long answers took, about what is there and what is not. */
export interface Times {
  there: number[]
  absent: number[]
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1] ?? 0

/** One of a kind: the medians are less apart than a network would hide. */
export function sameTimeClass({ there, absent }: Times): void {
  const apartMs = Math.abs(median(there) - median(absent))
  // On a machine that is slow, both are, and so is what they vary by.
  const mostMs = Math.max(2, median(there) / 5)
  assert.ok(there.length >= 100, `${there.length} answers say too little`)
  assert.ok(apartMs < mostMs, `what is there is answered within ${median(there)} ms, what is not within ${median(absent)} ms`)
}

/** Asks, and notes how long it took. */
export async function timed(times: number[], ...asked: Parameters<typeof ask>): Promise<Answer> {
  const startedAt = performance.now()
  const answer = await ask(...asked)
  times.push(performance.now() - startedAt)
  return answer
}
