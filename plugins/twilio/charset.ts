// Texts in another charset than UTF-8: of forms that apps send, and of what their webhooks answer.

/** The charset that a Content-Type names; undefined where it names none, or UTF-8. */
export function charsetOf(type: string): string | undefined {
  const name = /;\s*charset\s*=\s*["']?([^\s"';]*)/i.exec(type)?.[1]
  return name === undefined || isUtf8Name(name) ? undefined : name
}

export const isUtf8Name = (name: string): boolean => /^utf-?8$/i.test(name)

/** What windows-1252 has where ISO 8859-1 has control characters: Node 20 reads these. */
const instead = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

export interface Charset {
  /** Octets of ASCII mean the same in it, wherever they stand. */
  holdsAscii: boolean
  /** Undefined where octets are none of its characters. */
  read(bytes: Uint8Array): string | undefined
}

const notOfAscii: ReadonlySet<string> = new Set(['utf-16le', 'utf-16be', 'iso-2022-jp', 'replacement'])

/** By a name of the Encoding Standard's; undefined for one that nobody knows. */
export function charsetNamed(name: string): Charset | undefined {
  let decoder: InstanceType<typeof TextDecoder>
  try {
    decoder = new TextDecoder(name, { fatal: true })
  } catch {
    return undefined
  }
  const { encoding } = decoder
  return {
    holdsAscii: !notOfAscii.has(encoding),
    read(bytes) {
      try {
        const text = decoder.decode(bytes)
        return encoding === 'windows-1252' ? text.replace(/[\x80-\x9f]/g, (c) => instead[c.charCodeAt(0) - 0x80] ?? c) : text
      } catch {
        return undefined
      }
    },
  }
}
