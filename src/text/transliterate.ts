// Smart encoding, as Twilio's messaging services do it: characters outside the GSM alphabet that have
// a near equal in it are replaced, always, whether or not the whole text then fits the alphabet.
import { smartReplacements } from './smart.ts'

const replacements = new Map(smartReplacements.flatMap(([to, from]) => [...from].map((character) => [character, to] as const)))
const flagged = new Uint8Array(0x1_0000)
for (const character of replacements.keys()) flagged[character.charCodeAt(0)] = 1

/** The text with Twilio's 271 replacements made. Replacements may be longer than one character, or empty. */
export function transliterate(text: string): string {
  let out = ''
  let copied = 0
  for (let i = 0; i < text.length; i++) {
    if (flagged[text.charCodeAt(i)] === 0) continue
    out += text.slice(copied, i) + (replacements.get(text.charAt(i)) ?? '')
    copied = i + 1
  }
  return copied === 0 ? text : out + text.slice(copied)
}
