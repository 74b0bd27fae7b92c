// Small schemas that the others are made of.
import { z } from 'zod'

export const accountId = z.string().describe('AC and 32 hex digits')
export const time = z.iso.datetime().describe('ISO 8601, UTC')
/** In a query: ISO 8601; given on as epoch ms. */
export const timeQuery = z.iso
  .datetime({ offset: true, error: 'expected a time such as 2026-11-21T08:00:00Z or 2026-11-21T09:00:00+01:00' })
  .transform((text) => Date.parse(text))
/** In a query: `true` or `false`. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
/** 32 hex digits; two letters in front (SM…) are cut. */
export const messageId = z
  .string()
  .regex(/^([A-Z]{2})?[0-9a-f]{32}$/, 'expected 32 hex digits, with or without SM or MM in front')
  .transform((text) => text.slice(-32))
/** Of a path: a thing of an account, by its id there. */
export const localId = z.strictObject({ id: z.string().min(1).max(200) })
/** Of a path. */
export const bindId = z.strictObject({ id: z.string().min(1).max(200).describe('Id of the bind in its account, or `<account>/<id>`') })
/** The bind that is meant: by its whole name, as lists have it, or by its id in the account that is asked for. */
export function bindMeant(account: string | undefined, caller: { account: string }, id: string): string {
  return id.includes('/') ? id : `${account ?? caller.account}/${id}`
}
/** Of a query: whose things are meant. */
export const whose = z.string().optional().describe('Whose; the own account, when absent')
/** Of a query that asks as an account. */
export const ownAccount = z.string().optional().describe('The own account, when absent')

/** Epoch ms, as answers have it. */
export const iso = (ms: number): string => new Date(ms).toISOString()
