// What an option names to be read: a file, or standard input where it is `-`.
import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { whyOf } from '../model/failure.ts'
import { Told } from './client.ts'

export function readText(file: string): string {
  try {
    const octets = readFileSync(file === '-' ? 0 : file)
    if (isUtf8(octets)) return octets.toString('utf8')
  } catch (error) {
    throw new Told(`${called(file)} cannot be read: ${whyOf(error)}`)
  }
  throw new Told(`${called(file)} is not in UTF-8: save it as that, or what is no ASCII in it is lost.`)
}

export const called = (file: string): string => (file === '-' ? 'standard input' : file)
