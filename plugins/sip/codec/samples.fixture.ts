// Messages to make wrong, and arbitrary ones.
import * as fc from 'fast-check'
import { writeRequest } from './write.ts'

/** As an app sends it. */
export const sampleLines: readonly string[] = [
  'Via',
  'SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK.VQZJxHiq9;rport',
  'From',
  '"Alice" <sip:alice@sms.example>;tag=Y0ughfUMe',
  'To',
  '<sip:+4915112345678@sms.example>',
  'CSeq',
  '20 MESSAGE',
  'Call-ID',
  '8swDSjn5Xx@192.0.2.10',
  'Max-Forwards',
  '70',
  'Content-Type',
  'text/plain;charset=UTF-8',
]

export const sample = (body = 'Grüße', lines: readonly string[] = sampleLines): Buffer =>
  writeRequest('MESSAGE', 'sip:+4915112345678@sms.example', lines, Buffer.from(body, 'utf8'))

/** The sample as text, with one thing replaced; the length of its body is said unless it is the thing. */
export function changed(what: string | RegExp, by: string): Buffer {
  const text = sample('Hello').toString('latin1')
  const other = text.replace(what, () => by)
  if (other === text) throw new Error(`the sample has no ${String(what)}`)
  return Buffer.from(other, 'latin1')
}

const tokenChars = "ABCXYZabcxyz0189-.!%*_+`'~".split('')
export const token = fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 20 })

/** What a value may be: any text without line ends and NULs, and without blanks at its ends. */
const value = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replaceAll(/[\r\n\0]/g, '').replace(/^[ \t]+|[ \t]+$/g, ''))

/** Fields that mean nothing to the reader. */
export const otherLines = fc
  .array(
    fc.tuple(
      token.map((name) => `X-${name}`),
      value,
    ),
    { maxLength: 12 },
  )
  .map((fields) => fields.flat())
export const anyBody = fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets))
