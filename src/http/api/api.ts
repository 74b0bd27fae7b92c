// The admin API on express: who asks, whether they may, what they sent checked whole, and one
// envelope for every no. The routes themselves are data (configuration.ts, operation.ts).
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import express, { Router, type Request, type Response } from 'express'
import { z } from 'zod'
import type { Admin, Caller, Fault } from '../../admin/admin.ts'
import { check, told } from '../../admin/faults.ts'
import { givenInSlices } from '../../admin/slices.ts'
import { mayDo } from '../../model/credential.ts'
import { adminPermission } from '../../model/permission.ts'
import type { IdentityKey } from '../../plugin.ts'
import type { Identify } from '../auth.ts'
import type { Enter } from '../concurrency.ts'
import { ApiError } from '../errors.ts'
import { auditEndpoints } from './audit.ts'
import { configurationEndpoints } from './configuration.ts'
import type { Endpoint, Pieces } from './endpoint.ts'
import { isLong, jsonPieces } from './pieces.ts'
import { keyEndpoints } from './keys.ts'
import { openApi } from './openapi.ts'
import { operationEndpoints } from './operation.ts'
import { optOutEndpoints } from './optouts.ts'
import { receiptEndpoints } from './receipts.ts'
import { registrationEndpoints } from './registrations.ts'
import { traceEndpoints } from './traces.ts'
import { usageEndpoints } from './usage.ts'
import { isObject } from '../../admin/schema.ts'

export const endpoints: readonly Endpoint[] = [
  ...configurationEndpoints,
  ...keyEndpoints,
  ...operationEndpoints,
  ...receiptEndpoints,
  ...traceEndpoints,
  ...registrationEndpoints,
  ...optOutEndpoints,
  ...usageEndpoints,
  ...auditEndpoints,
]

export interface ApiParts {
  admin: Admin
  identify: Identify
  enter: Enter
}

const apiVersion = '1'
const maxBody = '4mb'

/** To be mounted at /api. */
export function createApi(parts: ApiParts): Router {
  const api = Router()
  // Made when it is first read, so that nobody who starts waits for it.
  let document: ReturnType<typeof openApi> | undefined
  api.get('/openapi.json', async (_request, response) => {
    document ??= openApi(endpoints, apiVersion)
    response.json(await document)
  })
  api.use('/v1', async (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store')
    const identity = await parts.identify(request.headers.authorization, request.ip ?? '')
    // Test credentials are for the Twilio-compatible API.
    if (!identity || identity.testOf !== undefined)
      throw new ApiError(
        'unauthorized',
        'Wrong or missing credentials (HTTP Basic): an account SID and its token, or a key and its secret.',
      )
    const { status } = identity.account
    if (status !== 'active') throw new ApiError('suspended', `The account is ${status}.`)
    const leave = parts.enter(identity.account.id)
    if (!leave) throw new ApiError('too-many-requests', 'Too many requests of this account are under way.')
    response.once('close', leave)
    const { account, key } = identity
    const caller: Caller = { account: account.id, author: key?.id ?? account.id, source: request.ip ?? '' }
    response.locals['caller'] = caller
    response.locals['key'] = key
    next()
  })
  api.use('/v1', express.json({ limit: maxBody, strict: true }))
  for (const [path, group] of byPath(endpoints)) {
    const route = api.route(`/v1${path.replaceAll(/\{(\w+)\}/g, ':$1')}`)
    for (const each of group) route[each.verb]((request: Request, response: Response) => answer(parts, each, request, response))
    const allowed = group.map((each) => each.verb.toUpperCase()).join(', ')
    route.all((_request, response) => {
      response.setHeader('Allow', allowed)
      throw new ApiError('method-not-allowed', `Here there is only ${allowed}.`)
    })
  }
  api.use((request) => {
    throw new ApiError('absent', `There is no ${request.originalUrl.split('?')[0]}; /api/openapi.json lists what there is.`)
  })
  return api
}

function mustBeAllowed(key: IdentityKey | undefined, { tag, verb }: Endpoint): void {
  const needs = adminPermission(tag, verb)
  if (!key || mayDo(key, needs, '')) return
  throw new ApiError('forbidden', needs === 'main' ? 'This takes a token or a main key.' : `The key is not allowed ${needs}.`)
}

async function answer(parts: ApiParts, of: Endpoint, request: Request, response: Response): Promise<void> {
  mustBeAllowed(response.locals['key'] as IdentityKey | undefined, of)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const call = {
    admin: parts.admin,
    caller: response.locals['caller'] as Caller,
    at: Date.now(),
    created: () => void response.status(201),
    signal: gone.signal,
    ...taken(of, request),
  }
  const result = await of.run(call)
  if (isLong(result)) await stream(response, 'application/json; charset=utf-8', givenInSlices(jsonPieces(result)))
  else if (of.media === undefined) response.json(result)
  else await stream(response, of.media, result as Pieces)
}

async function stream(response: Response, media: string, pieces: Pieces): Promise<void> {
  response.setHeader('Content-Type', media)
  response.flushHeaders()
  try {
    await pipeline(Readable.from(pieces), response)
  } catch (error) {
    // Whoever read it went away, which is how one that has no end is left.
    if (!response.destroyed) throw error
  }
}

/** Everything that was sent, checked; every fault at once. */
function taken(of: Endpoint, request: Request): { params: unknown; query: unknown; body: unknown } {
  const faults: Fault[] = []
  const part = (schema: z.ZodType | undefined, sent: unknown): unknown => {
    const checked = check(schema ?? none, sent, [])
    if ('value' in checked) return checked.value
    faults.push(...told(checked.faults))
    return undefined
  }
  const params = part(of.params, { ...request.params })
  const query = part(of.query, { ...request.query })
  // Without a body schema a body is ignored, as some clients send `{}` with every POST.
  const sent: unknown = request.body ?? {}
  if (of.body && request.body === undefined && isSent(request)) {
    const type = request.headers['content-type'] ?? 'none'
    throw new ApiError('invalid', `The body is JSON: Content-Type application/json expected, got ${type.slice(0, 100)}.`)
  }
  if (isDeep(sent)) throw new ApiError('invalid', `The body is nested too deep: ${deepest} levels are the most.`)
  const body = of.bodyAsSent && isObject(sent) ? sent : of.body ? part(of.body, sent) : {}
  if (faults.length > 0) throw new ApiError('invalid', 'What was sent does not hold.', faults)
  return { params, query, body }
}

const none = z.strictObject({})

/** A body came, and was not read as it is no JSON. */
function isSent({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** More than twice what a document of all levels of accounts has; whatever is deeper is met level by level, as the rest here calls itself. */
const deepest = 100

function isDeep(value: unknown): boolean {
  let level = [value]
  for (let i = 0; i < deepest && level.length > 0; i++)
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  return level.some((one) => typeof one === 'object' && one !== null)
}

function byPath(all: readonly Endpoint[]): Map<string, Endpoint[]> {
  const groups = new Map<string, Endpoint[]>()
  for (const each of all) groups.set(each.path, [...(groups.get(each.path) ?? []), each])
  return groups
}
