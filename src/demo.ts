// Demo mode: what a new data directory starts with, so that a first message goes out within two
// minutes. Two simulated carriers over real SMPP on loopback, routes, a number, and a small app that
// answers what a handset writes.
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Router, urlencoded } from 'express'
import type { Admin } from './admin/admin.ts'
import type { Settings } from './env.ts'
import type { Account } from './model/account.ts'
import type { AccountId } from './model/message.ts'
import type { Store } from './store/store.ts'

export const demoNumber = '+15005550006'
const demoRecipient = '+447700900123'

/** system_id → what people are told of it. */
export const demoCarriers = [
  { id: 'northern', password: 'demo', preset: 'normal', says: 'answers at once, decimal ids' },
  { id: 'southern', password: 'demo', preset: 'hexIds', says: 'names messages in hex, its receipts in decimal' },
] as const

/** What anybody's ESME on this machine may bind with; its password is no secret, so from elsewhere nobody may. */
const demoClient = { id: 'esme', systemId: 'demo', password: 'demo' } as const

/** Who a softphone on this machine registers as; its number leads to it. The password is made up once. */
export const demoPhone = { id: 'phone', user: 'demo', domain: '127.0.0.1', number: '+15005550007' } as const
export interface DemoPhone {
  user: string
  password: string
  domain: string
  number: string
}

function demoDocument(simulator: { host: string; port: number }, http: string, phonePassword: string): string {
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

const demoMark = 'demo.json'

/** On for a data directory that demo mode set up, and for an empty one unless it is switched off. */
export async function wantsDemo(settings: Settings, data: string, store: Store): Promise<boolean> {
  if (!settings.demo) return false
  const mark = join(data, demoMark)
  if ((await readFile(mark, 'utf8').catch(() => undefined)) !== undefined) return true
  if ((await store.configuration()).revision > 0) return false
  // Before anything else is there: a first start that is cut off is finished by the next.
  await writeFile(mark, '')
  return true
}

/** Once; what the operator made of it since stays. */
export async function setUpDemo(settings: Settings, data: string, admin: Pick<Admin, 'documents'>, root: Account): Promise<void> {
  const mark = join(data, demoMark)
  if ((await readFile(mark, 'utf8')) !== '') return
  const caller = { account: root.id, author: 'demo mode', source: 'start' }
  const plan = await admin.documents.plan(caller, demoDocument(settings.simulator, settings.publicUrl, randomBytes(6).toString('hex')), {
    variables: {},
  })
  if (plan.faults.length > 0) throw new Error(`demo mode: ${plan.faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ')}`)
  await admin.documents.apply(caller, plan)
  await writeFile(mark, `${JSON.stringify({ simulator: settings.simulator })}\n`, { flush: true })
}

/** What people are told of it. */
export function demoOf(root: Account, phone: DemoPhone | undefined): Demo {
  return {
    ...(phone ? { phone } : {}),
    number: demoNumber,
    recipient: demoRecipient,
    carriers: demoCarriers.map(({ id, says }) => ({ id, says })),
    client: demoClient,
    account: root.id,
  }
}
