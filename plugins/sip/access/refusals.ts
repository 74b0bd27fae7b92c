// Answers of the front that refuse. Each says in a Warning what was wrong, where that is nobody's secret.
import { warning } from '../codec/index.ts'
import type { Reply } from '../engine/engine.ts'

/** Of somebody who is not known yet. */
export const refusedStranger = (status: number, why: string): Reply => ({ status, headers: ['Warning', warning(why)], fleeting: true })

export const refused = (status: number, why: string): Reply => ({ status, headers: ['Warning', warning(why)] })

/** Too much of one who is known: again in a second (RFC 3261 §21.5.4). */
export const tooMany: Reply = { status: 503, headers: ['Retry-After', '1', 'Warning', warning('too many requests')] }
/** Too much from an address. */
export const tooManyFrom: Reply = { status: 503, headers: ['Retry-After', '1', 'Warning', warning('too many requests')], fleeting: true }

export const suspended: Reply = refused(403, 'the account is suspended')
