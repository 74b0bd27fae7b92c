// Bodies that are compressed (RFC 9110 §8.4). They are few, and never come by the hot path.
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
