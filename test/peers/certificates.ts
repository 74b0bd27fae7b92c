// PEM files for the tests of TLS, valid until 2099. `authority` signed `carrier` (smsc.example,
// localhost, 127.0.0.1), `elsewhere` (other.example), `esme` and `expired` (in 2020); `stranger` is
// an authority that signed none of them.
import { readFileSync } from 'node:fs'

type Name = 'authority' | 'stranger' | 'carrier' | 'elsewhere' | 'esme' | 'expired'

export function pem(name: Name): string {
  return readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')
}

/** With its private key, as a server or a client shows itself. */
export function shown(name: Exclude<Name, 'authority' | 'stranger'>): { cert: string; key: string } {
  return { cert: pem(name), key: readFileSync(`test/fixtures/tls/${name}.key`, 'utf8') }
}
