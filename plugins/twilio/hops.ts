// X-SMS-Hops: through how many gateways a message came, told to whoever takes it from us. Twilio and
// applications pass over it; another Signalbox ends by it what goes round in a loop.

export const hopsHeader = 'x-sms-hops'

/** Undefined for what is no count. */
export function readHops(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined
}

/** With ourselves. */
export function hopsAfter(hops: number | undefined): string {
  return String((hops ?? 0) + 1)
}
