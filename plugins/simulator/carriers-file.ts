// A carriers file: who is there, with what password and personality. Every fault is named with its place.
import { z } from 'zod'
import type { CarrierOptions } from './carrier.ts'
import { resolvePersonality } from './personalities.ts'
import { whyOf } from '../../src/plugin.ts'

const carriersFile = z
  .array(
    z.strictObject({
      id: z.string().min(1).max(64),
      password: z.string().max(64),
      preset: z.string().optional(),
      // Checked once the preset is known, which it is laid over.
      personality: z.record(z.string(), z.unknown()).optional(),
    }),
  )
  .min(1)

/** Carriers of a file's JSON; throws an Error that names the fault and its place. */
export function readCarriers(json: string): CarrierOptions[] {
  const parsed = carriersFile.safeParse(JSON.parse(json))
  if (!parsed.success) throw new Error(parsed.error.issues.map((issue) => `carriers.${issue.path.join('.')}: ${issue.message}`).join('; '))
  return parsed.data.map((carrier, i) => {
    try {
      resolvePersonality(carrier)
    } catch (error) {
      throw new Error(`carriers.${i}.${whyOf(error)}`, { cause: error })
    }
    return carrier
  })
}
