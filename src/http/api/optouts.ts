// The routes about handsets that take no more from a sender.
import { z } from 'zod'
import { longestWord, type OptOut } from '../../model/optout.ts'
import { ApiError } from '../errors.ts'
import { given } from './configuration.ts'
import { endpoint, type Endpoint } from './endpoint.ts'
import { accountId, flag, time } from './words.ts'

const optOut = z.strictObject({
  account: accountId,
  sender: z.string().describe('One of its numbers, a name, or the id of a service that several numbers send for'),
  handset: z.string(),
  at: time,
  word: z.string().optional().describe('What the handset wrote; absent where an operator did it'),
  message: z.string().optional().describe('The message that said so'),
})
export type OptOutAnswer = z.input<typeof optOut>

function optOutAnswer({ account, sender, handset, at, word, message }: OptOut): OptOutAnswer {
  return {
    account,
    sender,
    handset,
    at: new Date(at).toISOString(),
    ...(word === '' ? {} : { word }),
    ...(message === undefined ? {} : { message }),
  }
}

const address = z.string().min(1).max(400)
const pair = z.strictObject({
  sender: address.describe('A number, a name, or the id of a service'),
  handset: address,
})
const owner = z.strictObject({ account: z.string().optional().describe('Whose sender it is; the own account, when absent') })

export const optOutEndpoints: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/optouts',
    id: 'listOptOuts',
    tag: 'opt-outs',
    summary: 'The handsets that take no more from a sender, by account, sender and handset',
    query: z.strictObject({
      account: z.string().optional().describe('The own account, when absent'),
      below: flag.optional().describe('Those of sub-accounts too; true'),
      sender: address.optional(),
      handset: address.optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      cursor: z.string().max(1000).optional().describe('`next` of the page before'),
    }),
    answer: z.strictObject({ optOuts: z.array(optOut), next: z.string().optional() }),
    run: async ({ admin, caller, query }) => {
      const page = await admin.optOuts.list(caller, given(query))
      return { optOuts: page.optOuts.map(optOutAnswer), ...(page.next === undefined ? {} : { next: page.next }) }
    },
  }),
  endpoint({
    verb: 'post',
    path: '/optouts',
    id: 'putOptOuts',
    tag: 'opt-outs',
    summary: 'These handsets take no more from these senders from now on: a list from elsewhere, all of it or, where one is refused, none',
    body: z.strictObject({
      optOuts: z
        .array(
          pair.extend({
            account: z.string().optional().describe('Whose sender it is; the own account, when absent'),
            at: time.optional().describe('When it was; the present, when absent or in the future'),
            word: z
              .string()
              .max(2 * longestWord)
              .optional()
              .describe('What the handset wrote; absent where an operator did it'),
          }),
        )
        .min(1)
        .max(1000),
    }),
    answer: z.strictObject({ created: z.int(), known: z.int().describe('They were so already') }),
    run: ({ admin, caller, body }) =>
      admin.optOuts.putAll(
        caller,
        body.optOuts.map(({ at, ...entry }) => ({ ...given(entry), ...(at === undefined ? {} : { at: Date.parse(at) }) })),
      ),
  }),
  endpoint({
    verb: 'put',
    path: '/optouts/{sender}/{handset}',
    id: 'putOptOut',
    tag: 'opt-outs',
    summary: 'The handset takes no more from this sender from now on',
    params: pair,
    query: owner,
    answer: z.strictObject({ created: z.boolean().describe('False when it was so already') }),
    creates: true,
    run: async ({ admin, caller, params, query, created }) => {
      const done = await admin.optOuts.put(caller, { ...params, ...given(query) })
      if (done.created) created()
      return done
    },
  }),
  endpoint({
    verb: 'delete',
    path: '/optouts/{sender}/{handset}',
    id: 'deleteOptOut',
    tag: 'opt-outs',
    summary: 'The handset takes messages from this sender again',
    params: pair,
    query: owner,
    answer: z.strictObject({ deleted: z.literal(true) }),
    run: async ({ admin, caller, params, query }) => {
      if (!(await admin.optOuts.remove(caller, { ...params, ...given(query) })))
        throw new ApiError('absent', `${params.handset} has not opted out of ${params.sender}.`)
      return { deleted: true as const }
    },
  }),
]
