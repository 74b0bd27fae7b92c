// Answers of the front that refuse. Each says in a Warning what was wrong, where that is nobody's secret.
import { warning } from '../codec/index.ts'
import type { Reply } from '../engine/engine.ts'

export const refused = (status: number, why: string): Reply => ({ status, headers: ['Warning', warning(why)] })

/** Too much from there: again in a second (RFC 3261 §21.5.4). */
export const tooMany: Reply = { status: 503, headers: ['Retry-After', '1', 'Warning', warning('too many requests')] }

export const suspended: Reply = refused(403, 'the account is suspended')
