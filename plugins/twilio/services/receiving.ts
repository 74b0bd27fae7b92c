// Where a message that arrives for a number goes: to the webhooks of the service in whose pool it is, unless
// that leaves it to the number.
import type { Gateway, OwnNumber } from '../../../src/plugin.ts'
import { inboundSettings } from '../applications.ts'
import { serviceOfNumber } from './service.ts'

/** By the names of a number's own settings (settings.ts). Without an smsUrl the message is stored only. */
export function webhooksOf(gateway: Gateway, number: OwnNumber | undefined): Readonly<Record<string, string>> {
  const settings = number && serviceOfNumber(gateway.resources(), number)?.settings
  if (!settings || settings.useInboundWebhookOnNumber) return inboundSettings(gateway, number)
  const { inboundRequestUrl, inboundMethod, fallbackUrl, fallbackMethod, statusCallback } = settings
  const hooks: Record<string, string> = { smsMethod: inboundMethod, smsFallbackMethod: fallbackMethod }
  if (inboundRequestUrl !== undefined) hooks['smsUrl'] = inboundRequestUrl
  if (fallbackUrl !== undefined) hooks['smsFallbackUrl'] = fallbackUrl
  if (statusCallback !== undefined) hooks['statusCallback'] = statusCallback
  return hooks
}
