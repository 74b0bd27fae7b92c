// Messages, and what becomes of them as submit_sm: for the tests of the mapping.
import { type Address, type Body, type Concatenation, international, type Message, split } from '../../../src/plugin.ts'
import type { PduOf } from '../codec/index.ts'
import { smppConfig, type SmppConfig } from '../config.ts'
import { charsetOf } from './encoding-settings.ts'
import { submitSm } from './submit.ts'
import { tlvRules } from './tlvs.ts'

export const configOf = (more: Partial<SmppConfig> = {}): SmppConfig => ({ ...smppConfig.parse({ host: 'h', systemId: 's' }), ...more })
export const now = Date.UTC(2026, 10, 21, 5, 16, 0)
export const acme: Address = { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' }

export function messageOf(body: Body, more: Partial<Message> = {}): Message {
  return {
    id: '0'.repeat(32),
    account: 'AC0',
    direction: 'mt',
    arrival: 'AC0/api',
    acceptedAt: now,
    validUntil: now + 90_061_000,
    segments: 1,
    from: acme,
    to: international('+447700900123'),
    body,
    priority: 2,
    receipt: 'both',
    ...more,
  }
}

export const text = (words: string, messageClass?: 0 | 1 | 2 | 3): Body => ({
  kind: 'text',
  text: words,
  ...(messageClass === undefined ? {} : { messageClass }),
})

export function submits(
  body: Body,
  concatenation: Concatenation = 'udh8',
  config = configOf(),
  more: Partial<Message> = {},
  nationalTables: readonly number[] = [],
): PduOf<'submit_sm'>[] {
  const segments = split(body, { concatenation, charset: charsetOf(config), reference: 0x1234, nationalTables })
  return segments.map((segment) => submitSm(messageOf(body, more), segment, { config, concatenation, now, tlvs: tlvRules(config) }))
}
