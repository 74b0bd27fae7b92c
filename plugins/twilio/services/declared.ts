// Messaging services as a document has them: settings by the names of service.ts, and `senders`, the numbers,
// short codes and names of the pool. Without `senders` the pool stays as the API made it.
import { z } from 'zod'
import { alphanumericSender, newSid, shortCode, type Declared, type OwnNumber, type Resource } from '../../../src/plugin.ts'
import { isWebhookUrl } from '../endpoint.ts'
import { phoneNumber } from '../numbers.ts'
import {
  mostSenders,
  newSettings,
  sameNumber,
  serviceKind,
  settingsSchema,
  usecases,
  type Sender,
  type ServiceSettings,
} from './service.ts'

const url = z.string().refine(isWebhookUrl, 'expected an http or https URL such as https://example.com/sms')
const method = z.enum(['GET', 'POST'])

const item = z.object({
  inboundRequestUrl: url.optional(),
  inboundMethod: method.optional(),
  fallbackUrl: url.optional(),
  fallbackMethod: method.optional(),
  statusCallback: url.optional(),
  stickySender: z.boolean().optional(),
  smartEncoding: z.boolean().optional(),
  areaCodeGeomatch: z.boolean().optional(),
  validityPeriod: z.int().min(1).max(36_000).optional(),
  useInboundWebhookOnNumber: z.boolean().optional(),
  usecase: z.enum(usecases).optional(),
  mmsConverter: z.boolean().optional(),
  scanMessageContent: z.enum(['inherit', 'enable', 'disable']).optional(),
  fallbackToLongCode: z.boolean().optional(),
  synchronousValidation: z.boolean().optional(),
  senders: z.array(z.string()).max(mostSenders).optional(),
})

type Fault = (path: (string | number)[], message: string) => void

function senderOf(text: string, number: (value: string) => OwnNumber | undefined): Pick<Sender, 'kind' | 'sid' | 'value'> | string {
  const address = phoneNumber(text) ?? shortCode(text)
  if (address) {
    const own = number(address.value)
    if (!own) return `${address.value} is no number of this account`
    const isShort = !address.value.startsWith('+')
    return { kind: isShort ? 'short' : 'phone', sid: isShort ? `SC${own.id.slice(2)}` : own.id, value: own.value }
  }
  const name = alphanumericSender(text)
  if (!name) return 'expected a number in quotes, a short code, or a name of 1 to 11 characters'
  return { kind: 'alpha', sid: newSid('AI'), value: name.value }
}

/** Those that are there already stay as and where they are. */
function poolOf(
  texts: readonly string[],
  was: readonly Sender[],
  { now, number }: Parameters<Declared['settings']>[0],
  fault: Fault,
): Sender[] {
  const asked = new Map<string, Sender>()
  texts.forEach((text, i) => {
    const found = senderOf(text, number)
    if (typeof found === 'string') fault(['senders', i], found)
    else if (asked.has(found.value)) fault(['senders', i], `${found.value} is there twice`)
    else asked.set(found.value, { ...found, at: now })
  })
  const kept = was.filter(({ kind, sid, value }) => {
    const same = asked.get(value)
    return same?.kind === kind && (kind === 'alpha' || sameNumber(same.sid, sid))
  })
  for (const { value } of kept) asked.delete(value)
  return [...kept, ...asked.values()]
}

const settingsOf = ({ settings }: Pick<Resource, 'settings'>): ServiceSettings => settingsSchema.parse(settings)

export const declaredServices: Declared = {
  kind: serviceKind,
  prefix: 'MG',
  hasSenders: true,
  item,
  nameOf: (settings) => settingsOf({ settings }).friendlyName,
  settings(asked, fault) {
    const { senders, ...given } = item.parse(asked.item)
    const had = asked.was ? settingsOf(asked.was).senders : []
    const pool = senders ? poolOf(senders, had, asked, fault) : had
    const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    return { ...newSettings(asked.name), ...own, senders: pool }
  },
  written(settings) {
    const { friendlyName, senders, ...rest } = settingsOf({ settings })
    const usual = newSettings(friendlyName) as Record<string, unknown>
    const own = Object.entries(rest).filter(([field, value]) => value !== '' && value !== undefined && value !== usual[field])
    return { ...Object.fromEntries(own), senders: senders.map(({ value }) => value) }
  },
  *faults(all) {
    const places = new Map<string, string>()
    for (const resource of all.values()) {
      if (resource.kind !== serviceKind) continue
      const { friendlyName, senders } = settingsOf(resource)
      for (const { kind, sid, value } of senders) {
        if (kind === 'alpha') continue
        const other = places.get(sid.slice(2))
        if (other !== undefined)
          yield `${value} is in ${JSON.stringify(other)} and in ${JSON.stringify(friendlyName)}: expected it in one service`
        places.set(sid.slice(2), friendlyName)
      }
    }
  },
}
