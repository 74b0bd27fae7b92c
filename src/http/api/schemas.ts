// The words of the admin API as schemas: they check what comes in, describe what goes out, and are
// what the OpenAPI document is generated from. Times are ISO 8601 in UTC.
import { z } from 'zod'
import { accountId, bindPolicy, time } from './words.ts'

/** What a change came to: the thing as it now is. */
export const changed = <T extends z.ZodType>(view: T) =>
  z.strictObject({
    revision: z.int().describe('The configuration revision that now holds'),
    changed: z.boolean().describe('False when everything already was so'),
    created: z.boolean(),
    view,
  })

export const expected = z.coerce.number().int().optional().describe('Refused with 409 unless the newest revision is still this one')

export const accountInput = z.strictObject({
  name: z.string().optional(),
  token: z.string().optional().describe('32 lowercase hex digits; made up when absent'),
  status: z.enum(['active', 'suspended', 'closed']).optional(),
  inheritRoutes: z.boolean().optional().describe("May use its parent's routes and binds when none of its own match; true"),
  weight: z.number().optional().describe('Share of a lane relative to other accounts; 1'),
  concurrency: z.int().optional().describe('API requests under way at once, above which 429 is answered; 0 = no limit'),
  cdrUrl: z.string().optional().describe('Where CDRs are posted; empty removes it'),
  privateWebhooks: z.boolean().optional().describe('Webhooks may reach private addresses'),
})

export const account = z.strictObject({
  id: accountId,
  parent: accountId.optional(),
  name: z.string(),
  status: z.enum(['active', 'suspended', 'closed']),
  token: z.string().describe('Masked'),
  inheritRoutes: z.boolean(),
  weight: z.number(),
  concurrency: z.int(),
  cdrUrl: z.string().optional(),
  privateWebhooks: z.boolean(),
  createdAt: time,
  updatedAt: time,
})

const fault = z.strictObject({ path: z.string(), message: z.string(), line: z.int().optional() })
const side = z.enum(['supplier', 'client'])

export const bindInput = z.strictObject({
  name: z.string().optional(),
  connector: z.string().describe('smpp, twilio …'),
  side: side.optional().describe('Absent: the only side that the connector has, or supplier. Fixed once made.'),
  enabled: z.boolean().optional(),
  paused: z.boolean().optional(),
  policy: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Any of the fields of `policy` in the answer; the others as they are, or their defaults'),
  config: z.unknown().optional().describe('Settings of the connector: its own page describes them'),
})

export const bind = z.strictObject({
  id: z.string().describe('Unique in its account'),
  account: accountId,
  bind: z.string().describe('`<account>/<id>`: what lanes, decisions and attempts say'),
  name: z.string(),
  connector: z.string(),
  side,
  enabled: z.boolean(),
  paused: z.boolean(),
  policy: bindPolicy,
  config: z.unknown().describe('Secrets are masked; the mask given back keeps what is stored'),
  createdAt: time,
  updatedAt: time,
  faults: z.array(fault).optional().describe('Why it does not run though it is enabled'),
})

const kind = z.enum(['text', 'binary', 'mms'])
const days = z.array(z.enum(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']))

export const routeInput = z.strictObject({
  name: z.string().optional(),
  enabled: z.boolean().optional(),
  prefix: z.string().describe('Destination prefix, `+44`; empty is the default route'),
  sender: z.string().optional().describe('Sender prefix, or a whole alphanumeric sender'),
  account: z.string().optional().describe("Only messages of this account: the route's own or one below"),
  arrival: z.string().optional().describe('Only messages that arrived on this bind'),
  kind: kind.optional(),
  time: z
    .strictObject({
      days: days.optional(),
      from: z.string().describe('HH:MM'),
      to: z.string().describe('HH:MM; before `from` it spans midnight'),
      zone: z.string().describe('Europe/London'),
    })
    .optional(),
  split: z.record(z.string(), z.number()).optional().describe('Weights: which share of messages tries which bind first'),
  to: z.array(z.string()).optional().describe('Binds in this order; after those of `split`'),
  failoverOnReceipt: z.boolean().optional().describe('A receipt that says failed sends the message to the next bind; false'),
})

export const route = routeInput.extend({
  id: z.string(),
  owner: accountId.describe('The account that owns the route'),
  name: z.string(),
  enabled: z.boolean(),
  failoverOnReceipt: z.boolean(),
})

export const numberInput = z.strictObject({
  name: z.string().optional(),
  bind: z.string().optional().describe('A client bind of the same account; `api`'),
  settings: z.record(z.string(), z.string()).optional().describe("Settings of that bind's connector: smsUrl …"),
})

export const ownNumber = z.strictObject({
  number: z.string().describe('E.164 with +, or a short code'),
  id: z.string().describe('PN and 32 hex digits'),
  account: accountId,
  name: z.string(),
  bind: z.string(),
  settings: z.record(z.string(), z.string()),
  createdAt: time,
  updatedAt: time,
})

export const documentInput = z.strictObject({
  document: z
    .string()
    .max(4 * 1024 * 1024)
    .describe('YAML, as docs/configuration.md describes it'),
  variables: z.record(z.string(), z.string()).optional().describe('What `${NAME}` in it stands for'),
  prune: z.boolean().optional().describe('Deletes what the named accounts have and the document leaves out'),
})

export const plannedChange = z.strictObject({
  change: z.enum(['create', 'update', 'delete']),
  kind: z.enum(['account', 'bind', 'route', 'number']),
  what: z.string(),
  account: z.string(),
  id: z.string(),
  fields: z.array(z.strictObject({ field: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })),
})

export const plan = z.strictObject({ revision: z.int(), changes: z.array(plannedChange), faults: z.array(fault) })

export const revision = z.strictObject({
  revision: z.int(),
  at: time,
  author: z.string(),
  source: z.string(),
  changes: z.array(
    z.strictObject({
      kind: z.enum(['account', 'bind', 'route', 'number', 'setting']),
      key: z.string(),
      change: z.enum(['put', 'delete']),
    }),
  ),
})
