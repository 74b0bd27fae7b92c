// What a restricted key may be allowed, by name. Where Twilio has a name it is Twilio's: `read` is one of
// a kind by its id, `list` many of them. The rest of the gateway is reached under `/signalbox/<topic>`,
// with the topics of the admin API.

const resources = {
  '/twilio/messaging/messages': ['create', 'read', 'update', 'delete', 'list'],
  '/twilio/messaging/messages.feedback': ['create'],
  '/twilio/messaging/services': ['create', 'read', 'update', 'delete', 'list'],
  '/twilio/messaging/services.phonenumbers': ['create', 'read', 'delete', 'list'],
  '/twilio/messaging/services.shortcodes': ['create', 'read', 'delete', 'list'],
  '/twilio/messaging/services.alphasenders': ['create', 'read', 'delete', 'list'],
  '/twilio/messaging/short-codes': ['read', 'update', 'list'],
  '/twilio/applications': ['create', 'read', 'update', 'delete', 'list'],
  '/twilio/messaging/deactivations': ['list'],
  '/twilio/phone-numbers/active-numbers': ['create', 'read', 'update', 'delete', 'list'],
  '/twilio/phone-numbers/available-phone-numbers': ['read', 'list'],
  '/twilio/billing/usage': ['read'],
  '/twilio/billing/balance': ['read'],
} as const

/** Every permission of the Twilio-compatible API, without those that end in `/*`. */
export const twilioPermissions: ReadonlySet<string> = new Set(
  Object.entries(resources).flatMap(([resource, actions]) => actions.map((action) => `${resource}/${action}`)),
)
const twilioResources: ReadonlySet<string> = new Set(Object.keys(resources))

/** Who may hand out credentials may everything: that stays with tokens and main keys. */
const mainOnly: ReadonlySet<string> = new Set(['accounts', 'keys'])
const ofAdmin = /^\/signalbox\/([a-z][a-z-]{0,30})\/(read|write|\*)$/

/** Whether there is such a permission for a restricted key to have. */
export function isPermission(name: string): boolean {
  if (twilioPermissions.has(name)) return true
  if (name.endsWith('/*') && twilioResources.has(name.slice(0, -2))) return true
  const topic = ofAdmin.exec(name)?.[1]
  return topic !== undefined && !mainOnly.has(topic)
}

/** What a request of the admin API needs; `main`: only a token or a main key will do. */
export function adminPermission(topic: string, verb: string): string {
  const writes = verb !== 'get'
  if (mainOnly.has(topic) || (topic === 'documents' && writes)) return 'main'
  return `/signalbox/${topic}/${writes ? 'write' : 'read'}`
}
