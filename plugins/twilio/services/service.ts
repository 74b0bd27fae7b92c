// A messaging service as it is kept: a resource of its account, with its settings and the senders of its
// pool. Read once for each version of it; and for which service a number sends.
import { z } from 'zod'
import type { OwnNumber, Resource, Resources } from '../../../src/plugin.ts'

/** As Twilio has it. */
export const mostSenders = 400

export const serviceKind = 'messaging-service'

/** The use cases that Twilio knows. */
export const usecases = ['notifications', 'marketing', 'verification', 'discussion', 'poll', 'undeclared'] as const

const senderSchema = z.object({
  kind: z.enum(['phone', 'short', 'alpha']),
  /** PN, SC or AI and 32 hex digits. */
  sid: z.string(),
  /** The number, code or name. */
  value: z.string(),
  /** When it came in, epoch ms. */
  at: z.number(),
})
export type Sender = Readonly<z.infer<typeof senderSchema>>

/** Names as in Twilio's Services, in camel case. */
export const settingsSchema = z.object({
  friendlyName: z.string(),
  inboundRequestUrl: z.string().optional(),
  inboundMethod: z.enum(['GET', 'POST']).default('POST'),
  fallbackUrl: z.string().optional(),
  fallbackMethod: z.enum(['GET', 'POST']).default('POST'),
  statusCallback: z.string().optional(),
  stickySender: z.boolean().default(true),
  mmsConverter: z.boolean().default(true),
  smartEncoding: z.boolean().default(true),
  scanMessageContent: z.enum(['inherit', 'enable', 'disable']).default('inherit'),
  fallbackToLongCode: z.boolean().default(true),
  areaCodeGeomatch: z.boolean().default(true),
  /** Seconds. */
  validityPeriod: z.number().default(36_000),
  synchronousValidation: z.boolean().default(false),
  usecase: z.enum(usecases).default('undeclared'),
  useInboundWebhookOnNumber: z.boolean().default(false),
  senders: z.array(senderSchema).default([]),
})
export type ServiceSettings = Readonly<z.infer<typeof settingsSchema>>

export interface Service {
  sid: string
  account: string
  settings: ServiceSettings
  createdAt: number
  updatedAt: number
}

/** As one that says nothing but its name begins. */
export function newSettings(friendlyName: string): ServiceSettings {
  return settingsSchema.parse({ friendlyName })
}

/** A resource never changes: another version is another object. */
const known = new WeakMap<Resource, Service>()

export function serviceFrom(resource: Resource): Service | undefined {
  if (resource.kind !== serviceKind) return undefined
  let service = known.get(resource)
  if (!service) {
    const { id, account, settings, createdAt, updatedAt } = resource
    service = { sid: id, account, settings: settingsSchema.parse(settings), createdAt, updatedAt }
    known.set(resource, service)
  }
  return service
}

export function serviceOf(resources: Resources, sid: string): Service | undefined {
  const resource = resources.get(sid)
  return resource && serviceFrom(resource)
}

export function allServices(resources: Resources): Service[] {
  return [...resources.values()].flatMap((resource) => serviceFrom(resource) ?? [])
}

/** The same number, or short code, whatever letters its two SIDs begin with. */
export function sameNumber(id: string, sid: string): boolean {
  return id.slice(2) === sid.slice(2)
}

/** By the digits of the numbers' SIDs. */
const byNumber = new WeakMap<Resources, Map<string, Service>>()

/** The service whose pool has this number or short code. */
export function serviceOfNumber(resources: Resources, { id }: OwnNumber): Service | undefined {
  if (resources.size === 0) return undefined
  let found = byNumber.get(resources)
  if (!found) {
    found = new Map()
    for (const service of allServices(resources))
      for (const { kind, sid } of service.settings.senders) if (kind !== 'alpha') found.set(sid.slice(2), service)
    byNumber.set(resources, found)
  }
  return found.get(id.slice(2))
}
