// Settings: from the environment, or a YAML file (`--config`) with the same names; the environment
// wins. Every fault is told at once, with what would be right.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { whyOf } from './model/failure.ts'
import { hostPortText, readRange } from './model/network.ts'

export interface HostPort {
  host: string
  port: number
}

export interface Settings {
  /** SIGNALBOX_DATA: the directory that holds everything. */
  data: string
  /** SIGNALBOX_STORE */
  store: 'sqlite'
  /** SIGNALBOX_HTTP */
  http: HostPort
  /** SIGNALBOX_SMPP: where clients' ESMEs bind; absent: off. */
  smpp?: HostPort
  /** SIGNALBOX_SMPP_TLS, with SIGNALBOX_TLS_CERT and SIGNALBOX_TLS_KEY: the same over TLS; absent: off. */
  smppTls?: HostPort & { certificate: string; key: string }
  /** SIGNALBOX_SIP: the directory of SIP profiles, and what their `${NAME}` stand for; absent: off. `isNamed`: not the usual one. */
  sip?: { directory: string; isNamed: boolean; variables: Variables }
  /** SIGNALBOX_PUBLIC_URL: how the world reaches our HTTP; where unset, how this machine does by SIGNALBOX_HTTP. */
  publicUrl: string
  /** SIGNALBOX_TRUSTED_PROXIES: whose word counts for who asks through them; addresses and networks. */
  trustedProxies: readonly string[]
  /** SIGNALBOX_SIMULATOR: where the demo's carriers listen. */
  simulator: HostPort
  /** SIGNALBOX_ACCOUNT_SID, SIGNALBOX_AUTH_TOKEN: the root account; made up once where unset. */
  accountSid?: string
  authToken?: string
  /** SIGNALBOX_DEMO: set up simulated carriers when the data directory is empty. */
  demo: boolean
  /** SIGNALBOX_LOG */
  log: LogLevel
  /** SIGNALBOX_KEY: 64 hex digits that seal secrets; a file in the data directory where unset. */
  key?: string
  /** SIGNALBOX_CDR_DAYS, SIGNALBOX_RETENTION_DAYS */
  cdrDays: number
  retentionDays: number
}

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
export type LogLevel = (typeof levels)[number]

export const settingNames = [
  'SIGNALBOX_DATA',
  'SIGNALBOX_STORE',
  'SIGNALBOX_HTTP',
  'SIGNALBOX_SMPP',
  'SIGNALBOX_SMPP_TLS',
  'SIGNALBOX_TLS_CERT',
  'SIGNALBOX_TLS_KEY',
  'SIGNALBOX_SIP',
  'SIGNALBOX_PUBLIC_URL',
  'SIGNALBOX_TRUSTED_PROXIES',
  'SIGNALBOX_SIMULATOR',
  'SIGNALBOX_ACCOUNT_SID',
  'SIGNALBOX_AUTH_TOKEN',
  'SIGNALBOX_DEMO',
  'SIGNALBOX_LOG',
  'SIGNALBOX_KEY',
  'SIGNALBOX_CDR_DAYS',
  'SIGNALBOX_RETENTION_DAYS',
] as const
type Name = (typeof settingNames)[number]

/** Thrown with one line for each thing that is wrong. */
export class SettingsRefused extends Error {
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'SettingsRefused'
    this.faults = faults
  }
}

type Variables = Readonly<Record<string, string | undefined>>

export function readSettings(environment: Variables, configFile?: string): Settings {
  const faults: string[] = []
  const file = configFile === undefined ? {} : readFile(configFile, faults)
  const text = (name: Name): string | undefined => environment[name] || file[name]
  const fail = (name: Name, expected: string): undefined => {
    const given = text(name)
    const secret = name === 'SIGNALBOX_AUTH_TOKEN' || name === 'SIGNALBOX_KEY'
    const shown = given === undefined ? 'nothing' : secret ? 'something else' : `'${given}'`
    faults.push(`${name}: expected ${expected}, got ${shown}`)
    return undefined
  }
  for (const name of Object.keys({ ...pickOurs(environment), ...file })) {
    if (!(settingNames as readonly string[]).includes(name))
      faults.push(`${name}: no such setting; expected one of ${settingNames.join(', ')}`)
  }
  const address = (name: Name, usual: string, or = ''): HostPort =>
    hostPort(text(name) ?? usual) ?? fail(name, `host:port, for example ${usual}${or}`) ?? { host: '127.0.0.1', port: 0 }
  const optional = (name: Name, usual: string, byItself = usual): HostPort | undefined =>
    (text(name) ?? byItself) === 'off' ? undefined : address(name, usual, ', or off')
  const pem = (name: Name): string => {
    const path = text(name)
    if (path === undefined) fail(name, 'the path of a PEM file, since SIGNALBOX_SMPP_TLS is set')
    else
      try {
        const read = readFileSync(path, 'utf8')
        if (read.includes('-----BEGIN ')) return read
        fail(name, 'the path of a PEM file')
      } catch (error) {
        fail(name, `a file that can be read (${whyOf(error)})`)
      }
    return ''
  }
  const days = (name: Name, fallback: number): number => {
    const value = Number(text(name) ?? fallback)
    if (Number.isInteger(value) && value >= 1 && value <= 36_500) return value
    fail(name, 'a whole number of days, 1–36500')
    return fallback
  }
  const proxies = (text('SIGNALBOX_TRUSTED_PROXIES') ?? '').split(/[\s,]+/).filter((one) => one !== '')
  if (!proxies.every((one) => readRange(one)))
    fail('SIGNALBOX_TRUSTED_PROXIES', 'addresses and networks such as 10.0.0.0/8, separated by commas')
  const http = address('SIGNALBOX_HTTP', '127.0.0.1:8080')
  const accountSid = text('SIGNALBOX_ACCOUNT_SID')
  const authToken = text('SIGNALBOX_AUTH_TOKEN')
  const key = text('SIGNALBOX_KEY')
  const demo = text('SIGNALBOX_DEMO') ?? 'on'
  const level = text('SIGNALBOX_LOG') ?? 'info'
  const publicUrl = text('SIGNALBOX_PUBLIC_URL')
  const store = text('SIGNALBOX_STORE') ?? 'sqlite'
  const data = text('SIGNALBOX_DATA') ?? './data'
  if (accountSid !== undefined && !/^AC[0-9a-f]{32}$/.test(accountSid)) fail('SIGNALBOX_ACCOUNT_SID', 'AC and 32 lowercase hex digits')
  if (authToken !== undefined && !/^[0-9a-zA-Z]{32,64}$/.test(authToken)) fail('SIGNALBOX_AUTH_TOKEN', '32 to 64 letters and digits')
  if (key !== undefined && !/^[0-9a-fA-F]{64}$/.test(key)) fail('SIGNALBOX_KEY', '64 hex digits (32 bytes)')
  if (demo !== 'on' && demo !== 'off') fail('SIGNALBOX_DEMO', 'on or off')
  if (!(levels as readonly string[]).includes(level)) fail('SIGNALBOX_LOG', `one of ${levels.join(', ')}`)
  if (publicUrl !== undefined && !/^https?:\/\/[^/\s]+$/.test(publicUrl))
    fail('SIGNALBOX_PUBLIC_URL', 'http(s)://host[:port] without a path')
  // A line end comes with `$(command)` of a script, and would be part of a name that nobody finds again.
  if (/\p{Cc}/u.test(data)) faults.push(`SIGNALBOX_DATA: expected a directory without line ends in its name, got ${JSON.stringify(data)}`)
  if (store !== 'sqlite') fail('SIGNALBOX_STORE', 'sqlite')
  const smpp = optional('SIGNALBOX_SMPP', '127.0.0.1:2775')
  const smppTls = optional('SIGNALBOX_SMPP_TLS', '127.0.0.1:3550', 'off')
  const sip = text('SIGNALBOX_SIP')
  const settings: Settings = {
    data,
    store: 'sqlite',
    http,
    publicUrl: publicUrl ?? `http://${reachable(http)}`,
    ...(smpp ? { smpp } : {}),
    ...(smppTls ? { smppTls: { ...smppTls, certificate: pem('SIGNALBOX_TLS_CERT'), key: pem('SIGNALBOX_TLS_KEY') } } : {}),
    ...(sip === 'off' ? {} : { sip: { directory: sip ?? './sip-profiles', isNamed: sip !== undefined, variables: environment } }),
    trustedProxies: proxies,
    simulator: address('SIGNALBOX_SIMULATOR', '127.0.0.1:2776'),
    ...(accountSid === undefined ? {} : { accountSid }),
    ...(authToken === undefined ? {} : { authToken }),
    demo: demo === 'on',
    log: level as LogLevel,
    ...(key === undefined ? {} : { key }),
    cdrDays: days('SIGNALBOX_CDR_DAYS', 365),
    retentionDays: days('SIGNALBOX_RETENTION_DAYS', 30),
  }
  if (faults.length > 0) throw new SettingsRefused(faults)
  return settings
}

/** Whether it listens on every address of the machine. */
export function isEverywhere({ host }: Pick<HostPort, 'host'>): boolean {
  return host === '0.0.0.0' || /^[0:]*::[0:]*$/.test(host)
}

/** By what it is reached from the same machine: what listens on every address, on the machine's own. */
export function reachable({ host, port }: HostPort): string {
  return hostPortText(isEverywhere({ host }) ? (host.includes(':') ? '::1' : '127.0.0.1') : host, port)
}

/** `host:port`, `[::1]:port`; undefined when it is neither. */
export function hostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.\-_]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) return undefined
  return { host: (match[1] ?? match[2])!, port }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function pickOurs(environment: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (name.startsWith('SIGNALBOX_') && value ? [[name, value]] : [])),
  )
}

function readFile(path: string, faults: string[]): Partial<Record<string, string>> {
  try {
    const parsed: unknown = parse(readFileSync(path, 'utf8'))
    if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) throw new Error('expected NAME: value lines')
    return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]))
  } catch (error) {
    // What YAML shows below its first line is the text once more.
    faults.push(`${path}: ${whyOf(error).split('\n')[0]}`)
    return {}
  }
}
