// Runs scenarios of sipp (test/peers/sipp/*.xml). One that fails says what it met instead.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { peer } from './found.ts'
import { domain, passwordOf, runProgram } from './sip-world.ts'

export interface SippCall {
  scenario: string
  /** Where requests go; absent: it takes them. */
  to?: number
  /** Its own. */
  port: number
  tcp?: boolean
  user?: string
  password?: string
  /** User part of the Request-URI. */
  service?: string
  calls?: number
  perSecond?: number
  ms?: number
  /** Of the domain in From, To and the Request-URI. */
  domain?: string
}

export interface SippResult {
  ok: boolean
  /** sipp's last screen, and what it logged as errors. */
  said: string
}

export async function sipp(call: SippCall): Promise<SippResult> {
  const { user = 'alice', calls = 1, perSecond = 50, ms = 90_000 } = call
  const directory = await mkdtemp(join(tmpdir(), 'sipp-'))
  const args = ['-sf', resolve(`test/peers/sipp/${call.scenario}.xml`), '-i', '127.0.0.1', '-p', String(call.port)]
  args.push('-t', call.tcp ? 't1' : 'u1', '-m', String(calls), '-r', String(perSecond), '-s', call.service ?? user)
  args.push('-au', user, '-ap', call.password ?? passwordOf(user), '-key', 'user', user, '-key', 'domain', call.domain ?? domain)
  args.push('-nostdin', '-trace_err', '-timeout', `${Math.ceil(ms / 1000)}s`, '-timeout_error', '-recv_timeout', '60000')
  // Else it is the address that it sends to, which is not what the request is for.
  const uri = call.scenario.startsWith('register') ? (call.domain ?? domain) : `${call.service ?? user}@${call.domain ?? domain}`
  args.push('-auth_uri', uri)
  if (call.to !== undefined) args.push(`127.0.0.1:${call.to}`)
  try {
    const { code, said } = await runProgram(peer('sipp')!, args, ms + 5000, directory)
    const logs = (await readdir(directory)).filter((name) => name.endsWith('_errors.log'))
    const errors = await Promise.all(logs.map((name) => readFile(join(directory, name), 'utf8')))
    return { ok: code === 0, said: `exit ${code}\n${said.slice(-2500)}\n${errors.join('\n').slice(0, 2500)}` }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
