// The routes about traces of binds: what passes on the wire, for an operator who asked to see it.
import { z } from 'zod'
import type { Caller, Followed, TraceLine, TraceView } from '../../admin/admin.ts'
import { traceLimits } from '../../admin/traces.ts'
import { given } from './configuration.ts'
import { endpoint, type Endpoint, streamed } from './endpoint.ts'
import { bindMeant, flag, time, iso, bindId, ownAccount } from './words.ts'

const after = z.coerce.number().int().min(0).default(0).describe('Only what came after this one')
const named = ({ account: of }: { account?: string | undefined }, caller: Caller, id: string): string => bindMeant(of, caller, id)

const view = z.strictObject({
  bind: z.string(),
  running: z.boolean(),
  bodies: z.boolean().describe('What people wrote to each other is in it'),
  by: z.string().describe('Who switched it on'),
  startedAt: time,
  until: time,
  limit: z.int().describe('It ends after so many PDUs'),
  pdus: z.int().describe('Heard so far'),
  ended: z.string().optional().describe('Why it ended'),
})

const line = z.strictObject({
  n: z.int().describe('From 1'),
  at: time,
  local: z.string(),
  remote: z.string(),
  direction: z.enum(['in', 'out']).optional().describe('in: from the peer. Absent: a note about the connection'),
  title: z.string().optional().describe('The command'),
  fields: z
    .array(z.strictObject({ name: z.string(), value: z.string() }))
    .optional()
    .describe('In the order of the wire'),
  octets: z.string().optional().describe('Hex, as on the wire but for what is hidden'),
  note: z.string().optional().describe('Why it could not be read, or what happened to the connection'),
})
export type TraceLineAnswer = z.input<typeof line>
export type FollowedAnswer = TraceLineAnswer | { missed: number } | { ended: string; pdus: number }

const viewAnswer = (of: TraceView): z.input<typeof view> => ({ ...of, startedAt: iso(of.startedAt), until: iso(of.until) })
export type TraceViewAnswer = z.input<typeof view>

function lineAnswer(of: TraceLine): TraceLineAnswer {
  return { ...of, at: iso(of.at), ...(of.fields ? { fields: [...of.fields] } : {}) } as TraceLineAnswer
}

async function* asLines(followed: AsyncIterable<Followed>): AsyncGenerator<string> {
  for await (const each of followed) yield `${JSON.stringify('n' in each ? lineAnswer(each) : each)}\n`
}

export const traceEndpoints: Endpoint[] = [
  endpoint({
    verb: 'post',
    path: '/binds/{id}/trace',
    id: 'startTrace',
    tag: 'traces',
    summary: 'Listens to what passes on the bind, for a while; passwords are never shown',
    params: bindId,
    query: z.strictObject({ account: ownAccount }),
    body: z.strictObject({
      seconds: z.int().min(1).max(traceLimits.seconds).optional().describe('300; as long as may be, where `pdus` is given'),
      pdus: z.int().min(1).max(traceLimits.pdus).optional().describe('It ends after so many'),
      bodies: z.boolean().optional().describe('What people wrote to each other too, where all of it is of the own account or below'),
    }),
    answer: view,
    run: ({ admin, caller, params, query, body }) => viewAnswer(admin.traces.start(caller, named(query, caller, params.id), given(body))),
  }),
  endpoint({
    verb: 'get',
    path: '/binds/{id}/trace',
    id: 'readTrace',
    tag: 'traces',
    summary: 'What was heard, field by field; there for a quarter of an hour after the end',
    params: bindId,
    query: z.strictObject({ account: ownAccount, after, limit: z.coerce.number().int().min(1).max(1000).default(100) }),
    answer: z.strictObject({
      trace: view,
      lines: z.array(line),
      missed: z.int().describe('Before the first of these so many are held no more'),
      next: z.int().describe('`after` of the next page'),
    }),
    run: ({ admin, caller, params, query }) => {
      const bind = named(query, caller, params.id)
      const trace = admin.traces.get(caller, bind)
      const { lines, missed } = admin.traces.lines(caller, bind, query.after, query.limit)
      return { trace: viewAnswer(trace), lines: lines.map(lineAnswer), missed, next: lines.at(-1)?.n ?? query.after }
    },
  }),
  endpoint({
    verb: 'delete',
    path: '/binds/{id}/trace',
    id: 'stopTrace',
    tag: 'traces',
    summary: 'Listens no more; what was heard stays for a quarter of an hour',
    params: bindId,
    query: z.strictObject({ account: ownAccount, forget: flag.optional().describe('`true` drops at once what was heard') }),
    answer: view,
    run: ({ admin, caller, params, query }) =>
      viewAnswer(admin.traces[query.forget ? 'forget' : 'stop'](caller, named(query, caller, params.id))),
  }),
  streamed({
    verb: 'get',
    path: '/binds/{id}/trace/lines',
    id: 'followTrace',
    tag: 'traces',
    summary: 'What is heard as it comes, one JSON object a line as in `readTrace`; the last one says why it ended',
    media: 'application/x-ndjson',
    params: bindId,
    query: z.strictObject({ account: ownAccount, after }),
    run: ({ admin, caller, params, query, signal }) =>
      asLines(admin.traces.follow(caller, named(query, caller, params.id), query.after, signal)),
  }),
  streamed({
    verb: 'get',
    path: '/binds/{id}/trace.pcap',
    id: 'captureTrace',
    tag: 'traces',
    summary: 'What was heard as a pcap file, for Wireshark',
    media: 'application/vnd.tcpdump.pcap',
    params: bindId,
    query: z.strictObject({ account: ownAccount }),
    run: ({ admin, caller, params, query }) => admin.traces.capture(caller, named(query, caller, params.id)),
  }),
]
