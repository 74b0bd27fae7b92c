// The route about what an account has used of its caps.
import { z } from 'zod'
import { capNames } from '../../model/caps.ts'
import { absent } from './configuration.ts'
import { endpoint, type Endpoint } from './endpoint.ts'
import { accountId } from './words.ts'

const used = z.strictObject({ messages: z.int(), segments: z.int() })

export const usageEndpoints: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/accounts/{id}/usage',
    id: 'getAccountUsage',
    tag: 'accounts',
    summary: 'What the account and all below it have submitted this UTC day and month, what waits, what is open, and its caps',
    params: z.strictObject({ id: z.string().min(1).max(200) }),
    answer: z.strictObject({
      account: accountId,
      today: used,
      thisMonth: used,
      queued: z.int(),
      sessions: z.int(),
      caps: z.partialRecord(z.enum(capNames), z.int()),
    }),
    run: ({ admin, caller, params }) => {
      const usage = admin.usages.get(caller, params.id)
      if (!usage) throw absent('account', params.id)
      return usage
    },
  }),
]
