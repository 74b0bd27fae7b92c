// Small configurations for the routing tests, and random ones for their properties.
import * as fc from 'fast-check'
import type { Account, OwnNumber } from '../src/model/account.ts'
import type { Bind } from '../src/model/bind.ts'
import type { Configuration } from '../src/model/configuration.ts'
import type { Route } from '../src/model/route.ts'
import { defaultPolicy } from '../src/model/policy.ts'
import type { Question } from '../src/routing/question.ts'

export function account(id: string, parent?: string, more: Partial<Account> = {}): Account {
  return {
    id,
    ...(parent === undefined ? {} : { parent }),
    name: `Account ${id}`,
    status: 'active',
    createdAt: 0,
    updatedAt: 0,
    token: '0'.repeat(32),
    inheritRoutes: true,
    weight: 1,
    concurrency: 0,
    privateWebhooks: false,
    ...more,
  }
}

export function bind(id: string, more: Partial<Bind> = {}): Bind {
  return {
    id,
    account: id.slice(0, id.indexOf('/')),
    name: id,
    connector: 'smpp',
    side: 'supplier',
    enabled: true,
    paused: false,
    policy: defaultPolicy,
    config: {},
    createdAt: 0,
    updatedAt: 0,
    ...more,
  }
}

export function route(
  owner: string,
  id: string,
  prefix: string,
  to: (string | [string, number])[],
  more: Omit<Partial<Route>, 'when'> & { when?: Partial<Route['when']> } = {},
): Route {
  return {
    id,
    account: owner,
    name: id,
    enabled: true,
    to: to.map((target) => (typeof target === 'string' ? { bind: target } : { bind: target[0], weight: target[1] })),
    failoverOnReceipt: false,
    ...more,
    when: { prefix, ...more.when },
  }
}

export function number(value: string, owner: string, target: string): OwnNumber {
  return { value, account: owner, id: `PN${value}`, name: value, bind: target, settings: {}, createdAt: 0, updatedAt: 0 }
}

export function configuration(accounts: Account[], binds: Bind[], routes: Route[], numbers: OwnNumber[] = []): Configuration {
  return {
    revision: 7,
    accounts: new Map(accounts.map((row) => [row.id, row])),
    binds: new Map(binds.map((row) => [row.id, row])),
    routes: new Map(accounts.map((row) => [row.id, routes.filter((one) => one.account === row.id)])),
    numbers: new Map(numbers.map((row) => [row.value, row])),
    resources: new Map(),
  }
}

export function question(more: Partial<Omit<Question, 'to' | 'from'>> & { to?: string; from?: string } = {}): Question {
  const { to = '+447700900123', from = '+15550001111', ...rest } = more
  return {
    account: 'A',
    arrival: 'A/api',
    kind: 'text',
    at: Date.UTC(2026, 0, 5, 12),
    dice: 0,
    ...rest,
    from: { value: from, ton: 'international', npi: 'e164' },
    to: { value: to, ton: 'international', npi: 'e164' },
  }
}

const digits = fc.string({ unit: fc.constantFrom('1', '2'), maxLength: 4 })
const prefix = fc.oneof(
  fc.constant(''),
  digits.map((text) => `+${text}`),
  digits,
)
const bindIds = ['A/x', 'A/y', 'A/off', 'A/api', 'B/x', 'B/api', 'C/x', 'Z/x', 'A/gone']
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, { nil: undefined, freq: 2 })

const conditions = fc.record({
  prefix,
  sender: maybe(
    fc.oneof(
      prefix.filter((text) => text !== ''),
      fc.constantFrom('ACME', 'Acme'),
    ),
  ),
  account: maybe(fc.constantFrom('A', 'B', 'C')),
  arrival: maybe(fc.constantFrom('A/api', 'B/api', 'A/x')),
  kind: maybe(fc.constantFrom('text' as const, 'mms' as const)),
  time: maybe(
    fc.constantFrom(
      { days: [1], from: '08:00', to: '18:00', zone: 'Europe/Berlin' },
      { days: [], from: '22:00', to: '06:00', zone: 'UTC' },
    ),
  ),
})

const targets = fc.uniqueArray(fc.record({ bind: fc.constantFrom(...bindIds), weight: maybe(fc.integer({ min: 1, max: 3 })) }), {
  maxLength: 4,
  selector: (target) => target.bind,
})

/** Root A with B below it and C below B, the stranger Z, and up to 30 random routes. */
export const randomConfiguration: fc.Arbitrary<Configuration> = fc
  .record({
    inherit: fc.tuple(fc.boolean(), fc.boolean()),
    routes: fc.array(
      fc.record({
        owner: fc.constantFrom('A', 'B', 'C', 'Z'),
        when: conditions,
        to: targets,
        enabled: fc.boolean(),
        failover: fc.boolean(),
      }),
      { maxLength: 30 },
    ),
  })
  .map(({ inherit, routes }) =>
    configuration(
      [account('A'), account('B', 'A', { inheritRoutes: inherit[0] }), account('C', 'B', { inheritRoutes: inherit[1] }), account('Z')],
      [
        bind('A/x'),
        bind('A/y'),
        bind('A/off', { enabled: false }),
        bind('A/api', { side: 'client' }),
        bind('B/x'),
        bind('B/api', { side: 'client' }),
        bind('C/x'),
        bind('Z/x'),
      ],
      routes.map((row, i) => ({
        id: `r${i}`,
        account: row.owner,
        name: '',
        enabled: row.enabled,
        when: JSON.parse(JSON.stringify(row.when)) as Route['when'],
        to: JSON.parse(JSON.stringify(row.to)) as Route['to'],
        failoverOnReceipt: row.failover,
      })),
    ),
  )

export const randomQuestion: fc.Arbitrary<Question> = fc
  .record({
    account: fc.constantFrom('A', 'B', 'C'),
    arrival: fc.constantFrom('A/api', 'B/api', 'A/x'),
    from: fc.oneof(prefix, fc.constantFrom('ACME')),
    to: fc.oneof(
      digits.map((text) => `+${text}`),
      digits,
    ),
    kind: fc.constantFrom('text' as const, 'mms' as const),
    at: fc.integer({ min: Date.UTC(2026, 2, 1), max: Date.UTC(2026, 3, 30) }),
    dice: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map(question)
