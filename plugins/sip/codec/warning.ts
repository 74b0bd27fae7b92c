// Warning (RFC 3261 §20.43): what was wrong, in words for whoever reads the peer's log. The agent is
// a pseudonym: our host names are nobody's business.
import { quoted } from './params.ts'

const miscellaneous = 399
const longest = 200

/** The value of a Warning field: `399 signalbox "X-SMS-CODING: 7 is not 0, 1 or 2"`. */
export function warning(text: string): string {
  return `${miscellaneous} signalbox ${quoted(text.length > longest ? `${text.slice(0, longest - 1)}…` : text)}`
}
