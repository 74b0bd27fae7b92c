// Secrets at rest: AES-256-GCM under a key that is kept outside the store. Each sealed text is bound
// to the place that it was sealed for, so that none can be moved to another row or field.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Seal {
  /** `about` names the place, e.g. `bind AC…/carrier-a password`. */
  seal(text: string, about: string): string
  /** Throws when the key or the place is another. */
  open(sealed: string, about: string): string
}

const version = 'sealed:1:'
const keyBytes = 32
/** NIST SP 800-38D §8.2.2: a random 96-bit IV. */
const ivBytes = 12
const tagBytes = 16

export function createSeal(key: Uint8Array): Seal {
  if (key.length !== keyBytes) throw new Error(`The key must have ${keyBytes} bytes, but has ${key.length}.`)
  return {
    seal(text, about) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(about))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return version + Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')
    },
    open(sealed, about) {
      const bytes = Buffer.from(sealed.slice(version.length), 'base64')
      if (!sealed.startsWith(version) || bytes.length < ivBytes + tagBytes) throw new Error(`What is stored for ${about} is not sealed.`)
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8')
      } catch (error) {
        throw new Error(`The key does not open ${about}: is it the key file that this data was made with?`, { cause: error })
      }
    },
  }
}

/**
 * The seal of a data directory: by `key` (64 hex digits or base64 of 32 bytes, from the
 * environment) where given, else by the file `key` in it, made once and readable by its owner only; not made
 * where something `isSealed` already, for which it would be the wrong one.
 */
export function openSeal(directory: string, key?: string, isSealed = false): Seal {
  if (key !== undefined) return createSeal(readKey(key, 'SIGNALBOX_KEY'))
  const path = join(directory, 'key')
  mkdirSync(directory, { recursive: true })
  if (!existsSync(path)) {
    if (isSealed) throw new Error(`${path} is missing, and what is stored is sealed with it: put it back, or set SIGNALBOX_KEY.`)
    makeKey(directory, path)
  }
  return createSeal(readKey(readFileSync(path, 'utf8'), path))
}

/** Whole or not at all, and there to stay before anything is sealed with it. */
function makeKey(directory: string, path: string): void {
  const beside = `${path}.new`
  rmSync(beside, { force: true })
  writeFileSync(beside, `${randomBytes(keyBytes).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true })
  renameSync(beside, path)
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function readKey(text: string, from: string): Buffer {
  const trimmed = text.trim()
  const key = /^[0-9a-f]{64}$/i.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64')
  if (key.length !== keyBytes) throw new Error(`${from} holds no key: expected 64 hex digits or base64 of 32 bytes.`)
  return key
}
