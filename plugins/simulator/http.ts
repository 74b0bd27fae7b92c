// The simulator over HTTP, for the root account: what the handsets got, writing as a handset, and the
// carriers' sessions, counts and personalities. Errors are JSON: { "error": "…" }.
import { json, Router, type NextFunction, type Request, type Response } from 'express'
import { z } from 'zod'
import { type Host, whyOf } from '../../src/plugin.ts'
import type { Carriers } from './carriers.ts'
import { presets } from './personalities.ts'

const number = z.string().regex(/^(\+?\d{1,15}|[A-Za-z0-9 ]{1,11})$/, 'expected a number such as +447700900123')
const replyBody = z.strictObject({
  from: number,
  to: number,
  text: z.string().min(1).max(10_000),
  carrier: z.string().optional(),
})
const choiceBody = z.strictObject({ preset: z.string().optional(), personality: z.record(z.string(), z.unknown()).optional() })
const limitQuery = z.coerce.number().int().min(1).max(1000).default(50)

export function simulatorRoutes(host: Host, running: () => Carriers | undefined): Router {
  const router = Router()
  const at = '/simulator'

  router.use(at, async (request: Request, response: Response, next: NextFunction) => {
    const identity = await host.identify(request.headers.authorization, request.ip ?? '')
    if (!identity) {
      response.setHeader('WWW-Authenticate', 'Basic realm="Signalbox"')
      return refuse(response, 401, 'Sign in with Basic auth: the root account’s SID and token')
    }
    if (identity.account.parent !== undefined || identity.key?.kind === 'restricted')
      return refuse(response, 403, 'The simulator is the root account’s')
    if (!running()) return refuse(response, 404, 'No simulated carriers run: they do in demo mode (SIGNALBOX_DEMO)')
    next()
  })
  router.use(at, json({ limit: '64kb' }))

  router.get(`${at}/inbox`, (request, response) => {
    const limit = limitQuery.safeParse(request.query['limit'])
    if (!limit.success) return refuse(response, 400, 'limit: expected 1–1000')
    response.json({
      messages: running()!
        .inbox(limit.data)
        .map((shown) => ({ ...shown, at: new Date(shown.at).toISOString() })),
    })
  })

  router.post(`${at}/replies`, (request, response) => {
    const body = replyBody.safeParse(request.body)
    if (!body.success) return refuse(response, 400, faults(body.error))
    const { carrier, ...reply } = body.data
    answer(response, 201, () => running()!.reply(carrier === undefined ? reply : { ...reply, carrier }))
  })

  router.get(`${at}/carriers`, (_request, response) => {
    const { host: address, port } = running()!
    response.json({
      listening: `${address}:${port}`,
      carriers: running()!.views(),
      presets: Object.entries(presets).map(([name, { what }]) => ({ name, what })),
    })
  })

  router.put(`${at}/carriers/:id`, (request, response) => {
    const body = choiceBody.safeParse(request.body)
    if (!body.success) return refuse(response, 400, faults(body.error))
    const { id } = request.params
    answer(response, 200, () => {
      const personality = running()!.change(id, body.data)
      return personality && { id, personality }
    })
  })

  router.use(at, (_request: Request, response: Response) =>
    refuse(
      response,
      404,
      'Expected GET /simulator/inbox, POST /simulator/replies, GET /simulator/carriers or PUT /simulator/carriers/{id}',
    ),
  )
  // A body that is no JSON, or too long.
  router.use(at, (error: { status?: number; message?: string }, _request: Request, response: Response, _next: NextFunction) =>
    refuse(response, error.status ?? 500, error.status === undefined ? 'Something went wrong' : (error.message ?? 'Bad request')),
  )
  return router
}

/** What the carriers throw is meant for people: a 400. */
function answer(response: Response, status: number, make: () => object | undefined): void {
  let made: object | undefined
  try {
    made = make()
  } catch (error) {
    return refuse(response, 400, whyOf(error))
  }
  if (made) response.status(status).json(made)
  else refuse(response, 404, 'There is no such carrier')
}

function refuse(response: Response, status: number, error: string): void {
  response.status(status).json({ error })
}

function faults(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ')
}
