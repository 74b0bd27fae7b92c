// Digest answers of others' making, and what a parser and a policy are to make of some headers.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fixtures } from './access.fixture.ts'

export interface Vector {
  name: string
  username: string
  realm: string
  password: string
  method: string
  uri: string
  nonce: string
  algorithm: string | null
  qop: 'auth' | 'auth-int' | null
  nc?: string
  cnonce?: string
  bodyBase64?: string
  encoding?: 'latin-1'
  opaque?: string
  userhash?: string
  wireUsername?: string
  wireRealm?: string
  ha1: string
  response: string
}

export interface PolicyCase {
  name: string
  header?: string
  do: string
}

export const { vectors, parserAndPolicyCases } = JSON.parse(readFileSync(join(fixtures, 'digest-vectors.json'), 'utf8')) as {
  vectors: Vector[]
  parserAndPolicyCases: PolicyCase[]
}
