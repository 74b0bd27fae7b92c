// The routes about messages, decisions, lanes, sessions and statistics.
import { z } from 'zod'
import type { LaneView } from '../../admin/admin.ts'
import { messageStates } from '../../model/life.ts'
import { ApiError } from '../errors.ts'
import { absent, given } from './configuration.ts'
import { endpoint, type Endpoint } from './endpoint.ts'
import {
  bindStatistics,
  decision,
  lane,
  message,
  messageAnswer,
  messageWithSegments,
  session,
  sessionsAnswer,
  statisticsAnswer,
  trace,
  traceAnswer,
} from './traffic.ts'
import { bindMeant, flag, messageId, timeQuery, bindId, ownAccount } from './words.ts'

const id = z.strictObject({ id: messageId })
const hourMs = 3_600_000

const messages: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/messages',
    id: 'searchMessages',
    tag: 'messages',
    summary: 'Messages, newest first; by `bind` and `code` a page may be short, even empty, and `next` looks further',
    query: z.strictObject({
      account: ownAccount,
      below: flag.optional().describe('Those of sub-accounts too; true'),
      to: z.string().optional(),
      from: z.string().optional(),
      direction: z.enum(['mt', 'mo']).optional(),
      state: z.enum(messageStates).optional(),
      bind: z.string().optional().describe('`<account>/<id>`: arrived on it, or last tried on it'),
      code: z.string().max(100).optional().describe('Of the failure: `unknown-subscriber`'),
      carrierId: z.string().min(1).max(255).optional().describe('What a carrier called a segment, in its response or its receipts'),
      after: timeQuery.optional().describe('Accepted then or later'),
      before: timeQuery.optional().describe('Accepted then or earlier'),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      cursor: z.string().max(500).optional().describe('`next` of the page before'),
    }),
    answer: z.strictObject({ messages: z.array(message), next: z.string().optional() }),
    run: async ({ admin, caller, query }) => {
      const page = await admin.messages.search(caller, given(query))
      return { messages: page.messages.map(messageAnswer), ...(page.next === undefined ? {} : { next: page.next }) }
    },
  }),
  endpoint({
    verb: 'get',
    path: '/messages/{id}',
    id: 'getMessage',
    tag: 'messages',
    summary: 'One message, with the state of each segment',
    params: id,
    answer: messageWithSegments,
    run: async ({ admin, caller, params }) => {
      const found = await admin.messages.trace(caller, params.id)
      if (!found) throw absent('message', params.id)
      const { message: view, segments } = traceAnswer(found)
      return { ...view, segmentStates: segments }
    },
  }),
  endpoint({
    verb: 'get',
    path: '/messages/{id}/trace',
    id: 'traceMessage',
    tag: 'messages',
    summary: 'Its life: accepted, decided, attempts with their PDUs, receipts, reports',
    params: id,
    answer: trace,
    run: async ({ admin, caller, params }) => {
      const found = await admin.messages.trace(caller, params.id)
      if (!found) throw absent('message', params.id)
      return traceAnswer(found)
    },
  }),
  endpoint({
    verb: 'post',
    path: '/messages/{id}/cancel',
    id: 'cancelMessage',
    tag: 'messages',
    summary: 'Ends a message that still waits',
    params: id,
    answer: z.strictObject({ outcome: z.literal('canceled') }),
    run: async ({ admin, caller, params }) => {
      const outcome = await admin.messages.cancel(caller, params.id)
      if (outcome === 'absent') throw absent('message', params.id)
      if (outcome === 'too-late') throw new ApiError('conflict', 'The message waits no more.')
      return { outcome }
    },
  }),
  endpoint({
    verb: 'post',
    path: '/messages/{id}/redact',
    id: 'redactMessage',
    tag: 'messages',
    summary: 'Empties the body for good; the message stays',
    params: id,
    answer: z.strictObject({ outcome: z.literal('redacted') }),
    run: async ({ admin, caller, params }) => {
      const outcome = await admin.messages.redact(caller, params.id)
      if (outcome === 'absent') throw absent('message', params.id)
      if (outcome === 'not-ended') throw new ApiError('conflict', 'The message has not ended yet.')
      return { outcome }
    },
  }),
  endpoint({
    verb: 'delete',
    path: '/messages/{id}',
    id: 'deleteMessage',
    tag: 'messages',
    summary: 'Removes a message that has ended from every list; its CDR stays',
    params: id,
    answer: z.strictObject({ deleted: z.literal(true) }),
    run: async ({ admin, caller, params }) => {
      const outcome = await admin.messages.remove(caller, params.id)
      if (outcome === 'absent') throw absent('message', params.id)
      if (outcome === 'not-ended') throw new ApiError('conflict', 'The message has not ended yet.')
      return { deleted: true as const }
    },
  }),
  endpoint({
    verb: 'post',
    path: '/messages/{id}/release',
    id: 'releaseMessage',
    tag: 'messages',
    summary: 'What to do with a held message, whose outcome is unknown: send it again, or end it as failed',
    params: id,
    body: z.strictObject({ how: z.enum(['resend', 'fail']) }),
    answer: z.strictObject({ outcome: z.literal('released') }),
    run: async ({ admin, caller, params, body }) => {
      const outcome = await admin.messages.release(caller, params.id, body.how)
      if (outcome === 'absent') throw absent('message', params.id)
      if (outcome === 'not-held') throw new ApiError('conflict', 'The message is not held.')
      return { outcome }
    },
  }),
  endpoint({
    verb: 'get',
    path: '/explain',
    id: 'explain',
    tag: 'messages',
    summary: 'Which binds a message would take, and why; sends nothing',
    query: z.strictObject({
      account: ownAccount,
      to: z.string(),
      from: z.string(),
      kind: z.enum(['text', 'binary', 'mms']).optional(),
      arrival: z.string().optional().describe('Id of the bind it would arrive on; `api`'),
      via: z.string().optional().describe('The supplier bind that the sender names: that one, or none'),
      at: timeQuery.optional().describe('For routes with time windows; now'),
      dice: z.coerce.number().min(0).lt(1).optional().describe('Picks among weighted binds'),
    }),
    answer: z.strictObject({ decision, lines: z.array(z.string()) }),
    run: ({ admin, caller, query }) => admin.messages.explain(caller, given(query)),
  }),
]

const ofBind = {
  params: bindId,
  query: z.strictObject({ account: ownAccount }),
}

const lanes: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/lanes',
    id: 'listLanes',
    tag: 'lanes',
    summary: 'What waits on the lanes of all binds of the own account and below',
    answer: z.strictObject({ lanes: z.array(lane) }),
    run: async ({ admin, caller }) => ({ lanes: await admin.lanes.depths(caller) }),
  }),
  ...(['pause', 'resume'] as const).map((verb) =>
    endpoint({
      verb: 'post',
      path: `/lanes/{id}/${verb}`,
      id: `${verb}Lane`,
      tag: 'lanes',
      summary: verb === 'pause' ? 'Keeps what waits and sends none of it' : 'Sends again',
      ...ofBind,
      answer: z.strictObject({ revision: z.int(), changed: z.boolean(), lane }),
      run: async ({ admin, caller, params, query }) => {
        const done = await admin.lanes[verb](caller, bindMeant(query.account, caller, params.id))
        return { revision: done.revision, changed: done.changed, lane: done.view satisfies LaneView }
      },
    }),
  ),
  endpoint({
    verb: 'post',
    path: '/lanes/{id}/purge',
    id: 'purgeLane',
    tag: 'lanes',
    summary: 'Ends the waiting messages that fit, each with its CDR and report',
    ...ofBind,
    body: z.strictObject({
      from: z.string().optional().describe('Only of this sender'),
      arrival: z
        .string()
        .optional()
        .describe('Only those that came in on this bind: `<account>/<id>`, or its id in the account of the lane'),
      acceptedAfter: timeQuery.optional(),
      acceptedBefore: timeQuery.optional(),
    }),
    answer: z.strictObject({ purged: z.int() }),
    run: async ({ admin, caller, params, query, body }) => ({
      purged: await admin.lanes.purge(caller, bindMeant(query.account, caller, params.id), given(body)),
    }),
  }),
]

const statistics: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/statistics',
    id: 'statistics',
    tag: 'statistics',
    summary: 'What happened on the binds, by the minute',
    query: z.strictObject({
      account: ownAccount,
      bind: z.string().optional().describe('`<account>/<id>`; absent: every bind of the account and below'),
      from: timeQuery.optional().describe('An hour ago'),
      to: timeQuery.optional().describe('Now; at most 7 days after `from`'),
      series: flag.optional().describe('One row a minute too'),
    }),
    answer: z.strictObject({ binds: z.array(bindStatistics) }),
    run: async ({ admin, caller, query, at }) => {
      const to = query.to ?? at
      const binds = await admin.statistics.binds(caller, { ...given(query), from: query.from ?? to - hourMs, to })
      return { binds: binds.map(statisticsAnswer) }
    },
  }),
  endpoint({
    verb: 'get',
    path: '/sessions',
    id: 'listSessions',
    tag: 'statistics',
    summary: 'Which binds are bound, since when, and what went wrong where not',
    query: z.strictObject({ account: ownAccount }),
    answer: z.strictObject({ sessions: z.array(session) }),
    run: async ({ admin, caller, query, at }) => {
      const binds = await admin.statistics.binds(caller, { ...given(query), from: at, to: at })
      return {
        sessions: binds.flatMap(({ bind, name, sessions: now }) => (now ? [{ bind, name, ...sessionsAnswer(now) }] : [])),
      }
    },
  }),
]

export const operationEndpoints: Endpoint[] = [...messages, ...lanes, ...statistics]
