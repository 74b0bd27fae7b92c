// The words of the admin API as schemas: with those of admin/inputs.ts they describe what comes in and
// goes out, and are what the OpenAPI document is generated from. Times are ISO 8601 in UTC.
import { z } from 'zod'
import { claimRights } from '../../model/account.ts'
import { capNames } from '../../model/caps.ts'
import { alphaSenders, optOutSetting, routeInput } from '../../admin/inputs.ts'
import { policy } from '../../admin/policy.ts'
import { accountId, time } from './words.ts'

/** What a change came to: the thing as it now is. */
export const changed = <T extends z.ZodType>(view: T) =>
  z.strictObject({
    revision: z.int().describe('The configuration revision that now holds'),
    changed: z.boolean().describe('False when everything already was so'),
    created: z.boolean(),
    view,
  })

export const expected = z.coerce.number().int().optional().describe('Refused with 409 unless the newest revision is still this one')

export const account = z.strictObject({
  id: accountId,
  parent: accountId.optional(),
  name: z.string(),
  status: z.enum(['active', 'suspended', 'closed']),
  token: z.string().describe('Masked'),
  inheritRoutes: z.boolean(),
  weight: z.number(),
  concurrency: z.int(),
  caps: z.partialRecord(z.enum(capNames), z.int()).optional().describe('What it and all below it may do together'),
  cdrUrl: z.string().optional(),
  privateWebhooks: z.boolean(),
  optOut: optOutSetting.optional().describe('Words and replies of opt-out, docs/opt-out.md; absent: as the account above has it'),
  alphaSenders: alphaSenders
    .optional()
    .describe('Alphanumeric senders and the prefixes where each may be used; absent: as the account above has it'),
  claims: z
    .enum(claimRights)
    .optional()
    .describe('Numbers that it may take: none, those that an account above offers, or any; absent: as the account above'),
  createdAt: time,
  updatedAt: time,
})

const grant = z
  .array(accountId)
  .describe('Who below the owner may use it, each with all below it; absent: every account that inherits, empty: none')
const fault = z.strictObject({ path: z.string(), message: z.string(), line: z.int().optional() })
const side = z.enum(['supplier', 'client'])

export const bind = z.strictObject({
  id: z.string().describe('Unique in its account'),
  account: accountId,
  bind: z.string().describe('`<account>/<id>`: what lanes, decisions and attempts say'),
  name: z.string(),
  connector: z.string(),
  side,
  enabled: z.boolean(),
  paused: z.boolean(),
  grant: grant.optional(),
  policy,
  config: z.unknown().describe('Secrets are masked; the mask given back keeps what is stored'),
  createdAt: time,
  updatedAt: time,
  faults: z.array(fault).optional().describe('Why it does not run though it is enabled'),
})

export const route = routeInput.extend({
  id: z.string(),
  owner: accountId.describe('The account that owns the route'),
  name: z.string(),
  enabled: z.boolean(),
  failoverOnReceipt: z.boolean(),
  grant: grant.optional(),
})

export const ownNumber = z.strictObject({
  number: z.string().describe('E.164 with +, or a short code'),
  id: z.string().describe('PN and 32 hex digits'),
  account: accountId,
  name: z.string(),
  bind: z.string(),
  settings: z.record(z.string(), z.string()),
  offered: z.boolean().optional().describe('Accounts below may claim it'),
  optOut: z.boolean().optional().describe('Handsets may opt out of it by a word; absent: as the account has it'),
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
  kind: z.enum(['account', 'bind', 'route', 'number', 'resource']),
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
      kind: z.enum(['account', 'bind', 'route', 'number', 'resource', 'setting', 'optout', 'lane']),
      key: z.string(),
      change: z.enum(['put', 'delete']),
    }),
  ),
})
