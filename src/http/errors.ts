// What the admin API says when it says no: one envelope, a closed list of codes, their statuses.
import type { ErrorRequestHandler, Response } from 'express'
import { z } from 'zod'
import { Refused, type Fault, type RefusedWhy } from '../admin/admin.ts'
import type { Logger } from '../plugin.ts'
import { StoreUnavailable } from '../store/store.ts'
import { whyOf } from '../model/failure.ts'

const errorCodes = [
  'unauthorized',
  'suspended',
  'forbidden',
  'absent',
  'invalid',
  'conflict',
  'in-use',
  'method-not-allowed',
  'too-large',
  'too-many-requests',
  'unavailable',
  'internal',
] as const
export type ErrorCode = (typeof errorCodes)[number]

const statuses: Record<ErrorCode, number> = {
  unauthorized: 401,
  suspended: 403,
  forbidden: 403,
  absent: 404,
  invalid: 400,
  conflict: 409,
  'in-use': 409,
  'method-not-allowed': 405,
  'too-large': 413,
  'too-many-requests': 429,
  unavailable: 503,
  internal: 500,
}

export class ApiError extends Error {
  readonly code: ErrorCode
  readonly faults: Fault[]
  constructor(code: ErrorCode, message: string, faults: Fault[] = []) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.faults = faults
  }
}

const faultSchema = z.strictObject({
  path: z.string().describe('`binds[2].config.port`; empty when it is about the whole'),
  message: z.string(),
  line: z.int().optional(),
})

export const errorSchema = z.strictObject({
  error: z.strictObject({ code: z.enum(errorCodes), message: z.string(), faults: z.array(faultSchema).optional() }),
})

export function sendError(response: Response, error: ApiError): void {
  const { code, message, faults } = error
  if (code === 'unauthorized') response.setHeader('WWW-Authenticate', 'Basic realm="Signalbox", charset="UTF-8"')
  if (code === 'too-many-requests' || code === 'unavailable') response.setHeader('Retry-After', '1')
  response.status(statuses[code]).json({ error: { code, message, ...(faults.length > 0 ? { faults } : {}) } })
}

const refusals: Record<RefusedWhy, ErrorCode> = {
  absent: 'absent',
  invalid: 'invalid',
  conflict: 'conflict',
  'in-use': 'in-use',
  forbidden: 'forbidden',
}

/** What was wrong, in the API's words; undefined when it was our own doing. */
function understood(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error
  if (error instanceof Refused) return new ApiError(refusals[error.why], error.message, error.faults)
  if (error instanceof StoreUnavailable) return new ApiError('unavailable', error.message)
  // What express's own body parser throws carries `type` (body-parser 2, "Errors").
  const type = error instanceof Error && 'type' in error ? String(error.type) : ''
  if (type === 'entity.too.large') return new ApiError('too-large', 'The body is larger than 4 MB.')
  if (type === 'entity.parse.failed') return new ApiError('invalid', 'The body is no JSON.', [{ path: '', message: whyOf(error) }])
  if (type.startsWith('entity.') || type.startsWith('request.') || /^(charset|encoding)\./.test(type)) {
    return new ApiError('invalid', whyOf(error))
  }
  if (error instanceof URIError) return new ApiError('invalid', 'The path is not well encoded.')
  return undefined
}

/** The last of the server: whatever was thrown becomes an answer; a fault of ours is logged and told nobody. */
export function errorAnswers(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const said = understood(error)
    if (!said) log.error({ err: error, method: request.method, path: request.path }, 'a request failed')
    sendError(response, said ?? new ApiError('internal', 'Something went wrong here; the log says what.'))
  }
}
