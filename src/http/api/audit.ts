// The route that tells who changed what.
import { z } from 'zod'
import type { AuditEntry } from '../../admin/admin.ts'
import { given } from './configuration.ts'
import { endpoint, type Endpoint } from './endpoint.ts'
import { plannedChange } from './schemas.ts'
import { flag, time, timeQuery } from './words.ts'

const kinds = ['account', 'bind', 'route', 'number', 'resource', 'optout', 'lane'] as const

const entry = z.strictObject({
  revision: z.int(),
  at: time,
  author: z.string().describe('An account, a key, or the gateway; `outside`: none of the own account or below it'),
  source: z.string().optional().describe('The address that it came from'),
  changes: z.array(plannedChange.extend({ kind: z.enum([...kinds, 'setting']) })),
})
export type AuditAnswer = z.input<typeof entry>

const entryAnswer = ({ at, ...rest }: AuditEntry): AuditAnswer => ({ ...rest, at: new Date(at).toISOString() })

export const auditEndpoints: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/audit',
    id: 'listAudit',
    tag: 'audit',
    summary:
      'Who changed what of the configuration or opted a handset out or purged a lane by hand, from where, each field before and after; newest first, secrets masked',
    query: z.strictObject({
      account: z.string().optional().describe('Of things of this account; the own one, when absent'),
      below: flag.optional().describe('Of sub-accounts too; true'),
      kind: z.enum(kinds).optional(),
      id: z.string().max(200).optional().describe('Of this thing, by its id in its account'),
      author: z.string().max(200).optional(),
      after: timeQuery.optional().describe('Then or later'),
      before: timeQuery.optional().describe('Then or earlier'),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      cursor: z.coerce.number().int().min(0).optional().describe('`next` of the page before'),
    }),
    answer: z.strictObject({
      entries: z.array(entry),
      next: z.int().optional().describe('Absent on the last page. A page may have less than asked for'),
    }),
    run: async ({ admin, caller, query }) => {
      const { entries, next } = await admin.audit.list(caller, given(query))
      return { entries: entries.map(entryAnswer), ...(next === undefined ? {} : { next }) }
    },
  }),
]
