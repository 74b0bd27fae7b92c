// Bodies that are compressed (RFC 9110 §8.4), or whose Content-Type names another charset than UTF-8. They are
// few: a compressed one never comes by the hot path.
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib'
import { Refused } from './errors.ts'
import { maxBodyBytes } from './form.ts'

type Unpack = (bytes: Buffer, options: ZlibOptions, done: (error: Error | null, plain: Buffer) => void) => void

const codings: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  // Most clients write a zlib stream, as the RFC has it; some the bare one.
  ['deflate', (bytes, options, done) => (isZlib(bytes) ? inflate : inflateRaw)(bytes, options, done)],
  ['br', brotliDecompress],
])

/** RFC 1950 §2.2. */
function isZlib(bytes: Buffer): boolean {
  return bytes.length >= 2 && (bytes[0]! & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0
}

/** What was packed, within the cap of a body. `encoding` is the Content-Encoding. Rejects with Refused. */
export async function unpacked(encoding: string, bytes: Buffer): Promise<Buffer> {
  const name = encoding.trim().toLowerCase()
  if (name === '' || name === 'identity' || bytes.length === 0) return bytes
  const unpack = codings.get(name)
  if (!unpack) throw new Refused(20415, `Content-Encoding ${encoding}; gzip, deflate or br expected`)
  return await new Promise((resolve, reject) => {
    unpack(bytes, { maxOutputLength: maxBodyBytes }, (error, plain) => {
      if (!error) return resolve(plain)
      const isTooLong = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      reject(
        isTooLong ? new Refused(20413, `at most ${maxBodyBytes} bytes are taken`) : new Refused(20422, `the request body is not ${name}`),
      )
    })
  })
}

/** The charset that a Content-Type names; undefined where it names none, or UTF-8. */
export function charsetOf(type: string): string | undefined {
  const name = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type)?.[1]
  return name === undefined || /^utf-?8$/i.test(name) ? undefined : name
}

/** Their octets of `&`, `=`, `+` and `%` may be part of another character. */
const notOfAscii: ReadonlySet<string> = new Set(['utf-16le', 'utf-16be', 'iso-2022-jp', 'replacement'])

/** What windows-1252 has where ISO 8859-1 has control characters: Node 20 reads these. */
const instead = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/** Reads the octets of a name or a value, percent-encoding taken away. Throws Refused. */
export function readerOf(charset: string): (bytes: Uint8Array) => string {
  let decoder: InstanceType<typeof TextDecoder> | undefined
  try {
    decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: true })
  } catch {
    // A charset that nobody knows.
  }
  if (!decoder || notOfAscii.has(decoder.encoding)) throw new Refused(20415, `charset ${charset}; utf-8 expected`)
  const known = decoder
  return (bytes) => {
    try {
      const text = known.decode(bytes)
      return known.encoding === 'windows-1252' ? text.replace(/[\x80-\x9f]/g, (c) => instead[c.charCodeAt(0) - 0x80] ?? c) : text
    } catch {
      throw new Refused(20422, `the request body is not ${charset}`)
    }
  }
}
