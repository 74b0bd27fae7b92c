// What the settings of a SIP bind say: a user who registers, or a trunk, which is named after a file of
// sip-profiles/ or described in place.
import { z } from 'zod'
import { otherwiseFields } from './profile/message-fields.ts'
import { bindTrunkFields } from './profile/trunk-schema.ts'

const trunkName = z
  .string()
  .max(130)
  .regex(
    /^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/,
    'expected <profile>/<name> such as external/pbx, for the file sip-profiles/external/pbx.yaml',
  )
  .optional()
  .describe('A trunk of sip-profiles/: `external/pbx` is the file `external/pbx.yaml`.')
const profile = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9._-]+$/, 'expected the name of a profile')
  .optional()
  .describe('Whose listener a trunk described here uses; `external` when absent.')
const password = z
  .string()
  .min(1)
  .max(255)
  .optional()
  .describe("The user's; of a trunk described here, for the peer's challenges.")
  .meta({ secret: true })

const trunkSide = { trunk: trunkName, profile, password, ...bindTrunkFields, ...otherwiseFields }

export const supplierConfig = z.strictObject(trunkSide).check(({ value, issues }) => {
  issues.push(...trunkFaults(value, 'expected trunk, the name of one in sip-profiles/, or nextHops').map((fault) => issueOf(value, fault)))
})

export const clientConfig = z
  .strictObject({
    user: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[A-Za-z0-9\-_.!~*'()&=+$,;?/]+$/, "expected the user part of a SIP URI: letters, digits and -_.!~*'()&=+$,;?/")
      .optional()
      .describe('Who registers: the user part of `sip:user@domain`. In any case.'),
    domain: z
      .string()
      .max(255)
      .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/, 'expected a domain')
      .optional()
      .describe('Absent: every domain that a profile gives to the account of the bind.'),
    contacts: z.enum(['all', 'first']).optional().describe('Which phones of the user; as the profile has it when absent.'),
    ...trunkSide,
  })
  .check(({ value, issues }) => {
    const faults = value.user === undefined ? clientTrunkFaults(value) : userFaults(value)
    issues.push(...faults.map((fault) => issueOf(value, fault)))
  })

export type SupplierConfig = z.infer<typeof supplierConfig>
export type ClientConfig = z.infer<typeof clientConfig>
export type SipConfig = SupplierConfig | ClientConfig

interface Fault {
  path: string[]
  message: string
}
type Issue = z.core.$ZodRawIssue

function issueOf(input: unknown, { path, message }: Fault): Issue {
  return { code: 'custom', input, path, message }
}

const ofTrunks = Object.keys(bindTrunkFields)

function userFaults(config: ClientConfig): Fault[] {
  const faults: Fault[] = []
  if (config.password === undefined) faults.push({ path: ['password'], message: 'is missing: expected the password of the user' })
  for (const field of ['trunk', 'profile', ...ofTrunks])
    if (config[field as keyof ClientConfig] !== undefined)
      faults.push({ path: [field], message: 'is of trunks: a bind with a user has none; leave it out, or the user' })
  return faults
}

function clientTrunkFaults(config: ClientConfig): Fault[] {
  const faults: Fault[] = []
  for (const field of ['domain', 'contacts'] as const)
    if (config[field] !== undefined) faults.push({ path: [field], message: 'is of a user: user is missing' })
  if (faults.length > 0) return faults
  return trunkFaults(config, 'expected user and password, or trunk, the name of one in sip-profiles/, or nextHops')
}

function trunkFaults(config: SupplierConfig, expected: string): Fault[] {
  if (config.trunk === undefined) return config.nextHops === undefined ? [{ path: [], message: expected }] : []
  const described = ['profile', 'password', ...ofTrunks].filter((field) => config[field as keyof SupplierConfig] !== undefined)
  return described.map((field) => ({ path: [field], message: `stands in the file of the trunk ${config.trunk}: leave it out here` }))
}

/** `bob@acme.example`, `bob@` in every domain of its account, in lower case; undefined: a trunk. */
export function claimOf(config: unknown): string | undefined {
  const { user, domain = '' } = config as ClientConfig
  return user === undefined ? undefined : `${user}@${domain}`.toLowerCase()
}
