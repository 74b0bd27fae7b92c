// One route of the admin API as plain data: what it takes, what it answers, what it does. The
// express routes, the OpenAPI document and the tests are all made from these.
import { z } from 'zod'
import type { Admin, Caller } from '../../admin/admin.ts'

export type Verb = 'get' | 'put' | 'post' | 'delete'

interface Shape<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType> {
  verb: Verb
  /** Below /api/v1, parameters in braces: `/binds/{id}`. */
  path: string
  /** The operationId, unique. */
  id: string
  /** What it does, for people. */
  summary: string
  tag: string
  params?: P
  query?: Q
  body?: B
  /** The operation checks the body itself, with faults in its own words: it is handed over as it came, if it is an object. */
  bodyAsSent?: boolean
  /** A string where there is a `media`. */
  answer: A
  /** What is answered instead of JSON: then `run` gives it piece by piece. */
  media?: 'application/x-ndjson' | 'application/vnd.tcpdump.pcap'
  /** 200; or 201 too, for what creates. */
  creates?: boolean
}

export interface Call<P, Q, B> {
  admin: Admin
  caller: Caller
  params: P
  query: Q
  body: B
  /** Now, epoch ms. */
  at: number
  /** Answer 201 instead of 200. */
  created(): void
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal
}

export type Pieces = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>

export interface Endpoint extends Shape<z.ZodType, z.ZodType, z.ZodType, z.ZodType> {
  run(call: Call<unknown, unknown, unknown>): unknown
}

const nothing = z.strictObject({})

/** An answer that is no JSON, sent piece by piece as fast as it is read. */
export function streamed<P extends z.ZodType = typeof nothing, Q extends z.ZodType = typeof nothing>(
  shape: Omit<Shape<P, Q, typeof nothing, z.ZodString>, 'answer' | 'body'> & {
    media: NonNullable<Endpoint['media']>
    run(call: Call<z.output<P>, z.output<Q>, object>): Pieces
  },
): Endpoint {
  return {
    ...shape,
    answer: z.string(),
    run: (call) => shape.run({ ...call, params: call.params as z.output<P>, query: call.query as z.output<Q>, body: {} }),
  }
}

/** Ties what `run` is given and gives back to the schemas. */
export function endpoint<
  A extends z.ZodType,
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = typeof nothing,
>(shape: Shape<P, Q, B, A> & { run(call: Call<z.output<P>, z.output<Q>, z.output<B>>): z.input<A> | Promise<z.input<A>> }): Endpoint {
  return {
    ...shape,
    run: (call) =>
      shape.run({ ...call, params: call.params as z.output<P>, query: call.query as z.output<Q>, body: call.body as z.output<B> }),
  }
}
