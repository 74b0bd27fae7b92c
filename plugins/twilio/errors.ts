// Twilio's refusals: for each code its HTTP status and its sentence, `{}` standing for what was
// sent. Answers carry them as JSON or XML in Twilio's envelope.
import { CursorRefused, TenancyRefused, type TenancyWhy } from '../../src/plugin.ts'

const table = {
  20002: [400, 'Invalid FriendlyName: {}'],
  20003: [401, 'Authenticate'],
  20004: [405, 'Method not allowed'],
  20005: [403, 'Account not active'],
  20006: [403, 'Access Denied: {}'],
  20007: [400, 'Page size too large'],
  20008: [403, 'Resource not accessible with Test Account Credentials'],
  20009: [409, 'Cannot delete this resource before it is complete'],
  20010: [403, 'Action disabled for account: it has no Twilio API bind'],
  20404: [404, 'The requested resource {} was not found'],
  20409: [409, 'The Idempotency-Key was used before with other parameters'],
  20413: [413, 'Request Entity Too Large: {}'],
  // Not in Twilio's dictionary: by the status, as its neighbours are.
  20415: [415, 'Unsupported Media Type: {}'],
  20422: [400, 'Invalid Parameter: {}'],
  20429: [429, 'Too Many Requests'],
  20500: [500, 'Internal Server Error'],
  20503: [503, 'Service unavailable'],
  21211: [400, "The 'To' number {} is not a valid phone number."],
  21212: [400, "The 'From' number {} is not a valid phone number, shortcode, or alphanumeric sender ID."],
  21265: [400, "'To' number cannot be a Short Code"],
  21266: [400, "'To' and 'From' number cannot be the same"],
  21401: [400, 'Invalid Phone Number: {}'],
  21402: [400, 'Invalid Url: {}'],
  21408: [400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {}"],
  21421: [400, 'PhoneNumber is invalid: {}'],
  21422: [400, 'PhoneNumber is not available: {}'],
  21451: [400, 'Invalid area code: {}. Three digits are expected.'],
  21452: [400, 'No phone numbers found in area code {}'],
  21458: [400, 'PhoneNumber Provisioning Type Mismatch: {} is {}'],
  21470: [400, 'Invalid AccountSid: {}'],
  21471: [400, 'Account does not exist: {}'],
  21472: [400, 'Account is not active: {}'],
  21475: [400, 'Unable to update Status, invalid Status: {}'],
  21476: [400, 'Unable to update Status for subaccount, parent account is suspended.'],
  21477: [400, 'Unable to update Status for parent accounts'],
  21602: [400, 'Message body is required.'],
  21603: [400, "A 'From' or 'MessagingServiceSid' parameter is required to send a message"],
  21604: [400, "A 'To' phone number is required."],
  21605: [400, 'Maximum body length is 160 characters'],
  21606: [400, 'The From phone number {} is not a valid, SMS-capable inbound phone number or short code for your account.'],
  21609: [400, 'The StatusCallback URL {} is not a valid URL.'],
  21610: [400, 'Attempt to send to unsubscribed recipient'],
  // Of what may wait, and of what an account may submit a day or a month.
  21611: [429, "This 'From' number has exceeded the maximum number of queued messages: {}"],
  21612: [400, "The 'To' phone number: {}, is not currently reachable using the 'From' phone number: {} via SMS."],
  21614: [400, "'To' number is not a valid mobile number"],
  21617: [400, 'The concatenated message body exceeds the 1600 character limit.'],
  21618: [400, 'The message body cannot be sent: {}'],
  21620: [400, 'Invalid media URL(s): {}'],
  21622: [400, 'MMS has not been enabled for your account'],
  21623: [400, 'Number of media files exceeds allowed limit of 10'],
  21624: [400, 'Invalid validity period value: {}. A whole number of seconds from 1 to 36000 is expected.'],
  21627: [400, 'Max Price must be a valid float'],
  21655: [400, 'The ContentSid is Invalid'],
  21701: [400, 'The Messaging Service does not exist: {}'],
  21703: [400, 'The Messaging Service {} does not have a phone number available to send a message'],
  21704: [400, 'The Messaging Service {} contains no phone numbers'],
  21705: [400, 'The Messaging Service is invalid: {}. MG and 32 hex digits are expected.'],
  21708: [400, 'Alpha Sender ID Missing from the request'],
  21709: [
    400,
    'Alpha Sender ID is Invalid or Not Authorized for this Messaging Service: {}. 1 to 11 of A-Z a-z 0-9 space + - _ & with a letter are expected.',
  ],
  21710: [409, 'Phone Number or Alpha Sender {} Already Exists in Messaging Service'],
  21711: [400, 'Phone Number, Shortcode, or AlphaSender {} is not associated to the specified Messaging Service.'],
  21712: [400, 'Phone Number or Short Code {} is associated with another Messaging Service.'],
  21713: [400, 'Messaging Service Use Case is Invalid: {}. One of {} is expected.'],
  21714: [400, 'Messaging Service Number Pool size limit of {} reached'],
  30409: [409, 'This message cannot be canceled'],
  35111: [400, 'SendAt timestamp is missing'],
  35114: [
    400,
    'Scheduling does not support this timestamp: {}. A time from 5 minutes to 35 days ahead is expected, as 2026-01-31T12:00:00Z.',
  ],
  35126: [400, "The ScheduleType value provided is not supported for this channel: {}. 'fixed' is expected."],
  70001: [400, 'The request has constraint violations: {}'],
  70002: [400, "assertion '{}' is invalid"],
  70051: [401, 'Authorization Error: required permission {} is missing'],
} as const satisfies Record<number, readonly [number, string]>

export type RefusalCode = keyof typeof table

/** What a sender sent is quoted no longer than this. */
const quotedLength = 200

/** Thrown by everything that answers a request; becomes Twilio's envelope. */
export class Refused extends Error {
  readonly code: RefusalCode
  readonly status: number
  constructor(code: RefusalCode, ...values: string[]) {
    const [status, sentence] = table[code]
    let at = 0
    super(sentence.replaceAll('{}', () => (values[at++] ?? '').slice(0, quotedLength)))
    this.name = 'Refused'
    this.code = code
    this.status = status
  }
}

const tenancyCodes: Record<TenancyWhy, RefusalCode> = { absent: 20404, invalid: 20422, unavailable: 21422, forbidden: 20006, busy: 20503 }

/** What an answer refuses by: undefined for what nobody foresaw. */
export function refusedFor(error: unknown, path: string): Refused | undefined {
  if (error instanceof Refused) return error
  if (error instanceof CursorRefused) return new Refused(20422, 'PageToken: not one of ours')
  if (!(error instanceof TenancyRefused)) return undefined
  return new Refused(tenancyCodes[error.why], error.why === 'absent' ? path : error.message)
}

const moreInfo = (code: number): string => `https://www.twilio.com/docs/errors/${code}`

export function refusalJson({ code, message, status }: Refused): string {
  const detail = code === 20003 ? '"detail":"Your AccountSid or AuthToken was incorrect.",' : ''
  return `{"code":${code},${detail}"message":${JSON.stringify(message)},"more_info":"${moreInfo(code)}","status":${status}}`
}

export function refusalXml({ code, message, status }: Refused): string {
  const detail = code === 20003 ? '<Detail>Your AccountSid or AuthToken was incorrect.</Detail>' : ''
  return document(
    `<RestException><Code>${code}</Code>${detail}<Message>${xmlText(message)}</Message><MoreInfo>${moreInfo(code)}</MoreInfo><Status>${status}</Status></RestException>`,
  )
}

/** Wraps elements in Twilio's root. */
export function document(elements: string): string {
  return `<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse>${elements}</TwilioResponse>`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Control characters but tab, line feed and return; halves of surrogate pairs; non-characters. */
const unwritable = /(?![\t\n\r])\p{Cc}|\p{Surrogate}|[\ufffe\uffff]/gu

/** Text fit for an element or a quoted attribute; what XML 1.0 §2.2 cannot hold becomes U+FFFD. */
export function xmlText(text: string): string {
  return text.replace(/[&<>"]/g, (c) => entities[c] ?? c).replace(unwritable, '\ufffd')
}
