// Demo mode: what a new data directory starts with, so that a first message goes out within two
// minutes. Two simulated carriers over real SMPP on loopback, routes, a number, and a small app that
// answers what a handset writes.
import { Router, urlencoded } from 'express'
import type { AccountId } from './model/message.ts'

export const demoNumber = '+15005550006'
export const demoRecipient = '+447700900123'

/** system_id → what people are told of it. */
export const demoCarriers = [
  { id: 'northern', password: 'demo', preset: 'normal', says: 'answers at once, decimal ids' },
  { id: 'southern', password: 'demo', preset: 'hexIds', says: 'names messages in hex, its receipts in decimal' },
] as const

/** What anybody's ESME on this machine may bind with; its password is no secret, so from elsewhere nobody may. */
export const demoClient = { id: 'esme', systemId: 'demo', password: 'demo' } as const

/** Who a softphone on this machine registers as; its number leads to it. The password is made up once. */
export const demoPhone = { id: 'phone', user: 'demo', domain: '127.0.0.1', number: '+15005550007' } as const
export interface DemoPhone {
  user: string
  password: string
  domain: string
  number: string
}

export function demoDocument(simulator: { host: string; port: number }, http: string, phonePassword: string): string {
  const binds = demoCarriers.map(
    ({ id, password }) =>
      `      - id: ${id}\n        connector: smpp\n        config: { host: ${simulator.host}, port: ${simulator.port}, systemId: ${id}, password: ${password} }`,
  )
  return `accounts:
  - id: root
    privateWebhooks: true
    binds:
${binds.join('\n')}
      - id: ${demoClient.id}
        connector: smpp
        side: client
        config: { systemId: ${demoClient.systemId}, password: ${demoClient.password}, addresses: [127.0.0.0/8, '::1'] }
      - id: ${demoPhone.id}
        connector: sip
        side: client
        config: { user: ${demoPhone.user}, password: "${phonePassword}" }
    numbers:
      - number: "${demoNumber}"
        settings: { smsUrl: "${http}/demo/sms" }
      - { number: "${demoPhone.number}", bind: ${demoPhone.id} }
    routes:
      - id: united-kingdom
        name: United Kingdom
        prefix: "+44"
        to: [northern, southern]
      - id: default
        name: everywhere else
        prefix: ""
        to: [southern, northern]
`
}

/** The app behind the demo number: answers each text with TwiML, as any app of a user's would. */
export function demoApp(): Router {
  const router = Router()
  router.post('/demo/sms', urlencoded({ extended: false, limit: '64kb' }), (request, response) => {
    const body = request.body as Record<string, string | undefined>
    const said = (body['Body'] ?? '').replace(/[<>&]/g, '')
    response.type('text/xml').send(`<?xml version="1.0" encoding="UTF-8"?><Response><Message>You said: ${said}</Message></Response>`)
  })
  return router
}

export interface Demo {
  number: string
  recipient: string
  carriers: { id: string; says: string }[]
  /** Of the client bind. */
  client: { systemId: string; password: string }
  /** Absent: SIP is off, or nobody listens where it would register. */
  phone?: DemoPhone
  account: AccountId
}
