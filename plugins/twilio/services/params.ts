// The parameters of a service as its form has them: what is there is checked and laid over the settings
// that it has, an empty URL takes one away.
import { isWebhookUrl } from '../endpoint.ts'
import { Refused } from '../errors.ts'
import { one, type Form } from '../form.ts'
import { newSettings, usecases, type ServiceSettings } from './service.ts'

const longestName = 64
/** Seconds. */
const longestValidity = 36_000
const methods = ['GET', 'POST'] as const
const scans = ['inherit', 'enable', 'disable'] as const

/** `now` is undefined for a new service. Throws Refused. */
export function settingsFrom(form: Form, now: ServiceSettings | undefined): ServiceSettings {
  const name = nameFrom(form) ?? now?.friendlyName
  if (name === undefined) throw new Refused(20422, 'FriendlyName: required')
  const was = now ?? newSettings(name)
  const { inboundRequestUrl, fallbackUrl, statusCallback, ...rest } = was
  const urls = {
    inboundRequestUrl: url(form, 'InboundRequestUrl', inboundRequestUrl),
    fallbackUrl: url(form, 'FallbackUrl', fallbackUrl),
    statusCallback: url(form, 'StatusCallback', statusCallback),
  }
  return {
    ...rest,
    ...Object.fromEntries(Object.entries(urls).filter(([, value]) => value !== undefined)),
    friendlyName: name,
    inboundMethod: among(form, 'InboundMethod', methods) ?? was.inboundMethod,
    fallbackMethod: among(form, 'FallbackMethod', methods) ?? was.fallbackMethod,
    stickySender: yes(form, 'StickySender') ?? was.stickySender,
    mmsConverter: yes(form, 'MmsConverter') ?? was.mmsConverter,
    smartEncoding: yes(form, 'SmartEncoding') ?? was.smartEncoding,
    scanMessageContent: among(form, 'ScanMessageContent', scans) ?? was.scanMessageContent,
    fallbackToLongCode: yes(form, 'FallbackToLongCode') ?? was.fallbackToLongCode,
    areaCodeGeomatch: yes(form, 'AreaCodeGeomatch') ?? was.areaCodeGeomatch,
    validityPeriod: validity(form) ?? was.validityPeriod,
    synchronousValidation: yes(form, 'SynchronousValidation') ?? was.synchronousValidation,
    usecase: usecase(form) ?? was.usecase,
    useInboundWebhookOnNumber: yes(form, 'UseInboundWebhookOnNumber') ?? was.useInboundWebhookOnNumber,
  }
}

function nameFrom(form: Form): string | undefined {
  const name = one(form, 'FriendlyName')
  if (name === undefined) return undefined
  if (name.trim() === '' || name.length > longestName) throw new Refused(20422, `FriendlyName: 1 to ${longestName} characters expected`)
  return name
}

function url(form: Form, name: string, was: string | undefined): string | undefined {
  const text = one(form, name)
  if (text === undefined) return was
  if (text === '') return undefined
  if (!isWebhookUrl(text)) throw new Refused(20422, `${name}: an http or https URL such as https://example.com/sms expected, got ${text}`)
  return text
}

function among<T extends string>(form: Form, name: string, choices: readonly T[]): T | undefined {
  const text = one(form, name)
  if (!text) return undefined
  const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase())
  if (found === undefined) throw new Refused(20422, `${name}: ${choices.join(' or ')} expected, got ${text}`)
  return found
}

function yes(form: Form, name: string): boolean | undefined {
  const text = one(form, name)?.toLowerCase()
  if (!text) return undefined
  if (text !== 'true' && text !== 'false') throw new Refused(20422, `${name}: true or false expected, got ${text}`)
  return text === 'true'
}

function validity(form: Form): number | undefined {
  const text = one(form, 'ValidityPeriod')
  if (!text) return undefined
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > longestValidity) throw new Refused(21624, text)
  return seconds
}

function usecase(form: Form): ServiceSettings['usecase'] | undefined {
  const text = one(form, 'Usecase')
  if (!text) return undefined
  const found = usecases.find((each) => each === text.toLowerCase())
  if (found === undefined) throw new Refused(21713, text, usecases.join(', '))
  return found
}
