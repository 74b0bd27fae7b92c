// The Twilio-compatible connector. Client side: apps send through the 2010 API, and hear of status and
// replies by Twilio's webhooks. Supplier side: Twilio itself, or another Signalbox, as a carrier. Wiring only.
import { Router } from 'express'
import type { Connector, Gateway, Hot } from '../../src/plugin.ts'
import { twilioApi } from './api.ts'
import { declaredApplications } from './applications.ts'
import { isOurs } from './routes.ts'
import { webhookSession } from './session.ts'
import { declaredServices } from './services/declared.ts'
import { serviceOfNumber } from './services/service.ts'
import { config, numberSettings, type TwilioConfig } from './settings.ts'
import { supplierCallbacks, supplierConfig, supplierSession, type SupplierConfig } from './supplier/index.ts'

export const twilio: Connector<TwilioConfig | SupplierConfig> = {
  name: 'twilio',
  config: { client: config, supplier: supplierConfig },
  number: numberSettings,
  serviceOf: (resources, number) => serviceOfNumber(resources, number)?.sid,
  // Of the supplier side: what a client bind is sent has ended when it was taken.
  declares: { services: declaredServices, applications: declaredApplications },
  can: { text: 'whole', mms: false, receipts: true },
  dialsWhenAsked: true,
  dial: (gateway, signal) => (isSupplier(gateway) ? supplierSession(gateway, signal) : webhookSession(gateway, signal)),
  // Only supplier binds are asked for it; their peers call back under it.
  caller: (of) => (of as SupplierConfig).callbackSecret,
  http(host) {
    const api = twilioApi(host)
    const callbacks = supplierCallbacks(host)
    const router = Router()
    router.use((request, response, next) => {
      if (isOurs(request.originalUrl)) api.serve(request, response)
      else next()
    })
    router.use(callbacks.router)
    return { router, hot: either(api.hot, callbacks.hot) }
  },
}

function isSupplier(gateway: Gateway<TwilioConfig | SupplierConfig>): gateway is Gateway<SupplierConfig> {
  return gateway.bind.side === 'supplier'
}

/** One is asked, by the path alone: it is for every message. */
function either(api: Hot, callbacks: Hot): Hot {
  return {
    takes: (method, url) => (url.startsWith('/twilio/') ? callbacks : api).takes(method, url),
    serve: (request, answer) => (request.url.startsWith('/twilio/') ? callbacks : api).serve(request, answer),
  }
}
