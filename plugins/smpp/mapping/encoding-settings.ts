// How texts are coded on one bind, both ways: the settings that a supplier's and a client's bind share.
import { z } from 'zod'
import type { Charset } from '../../../src/plugin.ts'

export const encodingFields = {
  defaultAlphabet: z
    .enum(['gsm7', 'gsm7packed', 'latin1', 'ascii', 'ia5'])
    .default('gsm7')
    .describe(
      'What data_coding 0 means to this peer: GSM 03.38 one septet an octet, the same packed, ISO 8859-1, ASCII, or IA5, which is ASCII.',
    ),
  charset: z
    .enum(['default', 'ascii', 'latin1', 'cyrillic', 'hebrew', 'ucs2'])
    .default('default')
    .describe(
      'Charset preferred for texts: the default alphabet as data_coding 0, ASCII 1, ISO 8859-1 3, ISO 8859-5 6, ISO 8859-8 7, UCS-2 8. A text that it lacks a character of goes as UCS-2.',
    ),
  ucs2ByteOrder: z
    .enum(['big', 'little'])
    .default('big')
    .describe('Order of the octets of UCS-2. A byte order mark that a peer sends goes before it.'),
  messageClassBy: z
    .enum(['dcs', 'f0', 'subunit'])
    .default('dcs')
    .describe(
      'How a message class (0 is flash) is said: data_coding 0x10 with GSM, 0x18 with UCS-2, 0xF4 with binary; f0: 0xF0 with GSM; subunit: the TLV dest_addr_subunit.',
    ),
}

const encodingObject = z.object(encodingFields)
export type Encoding = z.infer<typeof encodingObject>

/** The charset in which the texts of such a bind are split into parts. */
export function charsetOf({ charset, defaultAlphabet }: Encoding): Charset {
  if (charset !== 'default') return charset
  if (defaultAlphabet === 'latin1') return 'latin1'
  return defaultAlphabet === 'ascii' || defaultAlphabet === 'ia5' ? 'ascii' : 'gsm7'
}
