// The Twilio-compatible connector: apps send through the Messages resource, and hear of status and
// replies by Twilio's webhooks. Wiring only.
import { Router } from 'express'
import type { Connector } from '../../src/plugin.ts'
import { twilioApi } from './api.ts'
import { isOurs } from './routes.ts'
import { webhookSession } from './session.ts'
import { config, numberSettings, type TwilioConfig } from './settings.ts'

export const twilio: Connector<TwilioConfig> = {
  name: 'twilio',
  config: { client: config },
  number: numberSettings,
  can: { text: 'whole', mms: false, receipts: false },
  dial: async (gateway, signal) => webhookSession(gateway, signal),
  http(host) {
    const api = twilioApi(host)
    const router = Router()
    router.use((request, response, next) => {
      if (isOurs(request.originalUrl)) api.serve(request, response)
      else next()
    })
    return { router, hot: api.hot }
  },
}
