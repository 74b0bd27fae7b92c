// `signalbox start`: runs the gateway until it is told to stop, says what a newcomer needs to go on,
// and says in plain words what stands in the way of starting.
import { readdirSync } from 'node:fs'
import type { Logger } from 'pino'
import { isEverywhere, readSettings, SettingsRefused, type Settings } from '../env.ts'
import { createLog } from '../log.ts'
import { whyOf } from '../model/failure.ts'
import { Told } from './client.ts'
import { welcome } from './welcome.ts'

export async function start(configFile?: string): Promise<void> {
  const settings = readSettings(process.env, configFile)
  // Messages, CDRs and the key that opens the secrets: whatever is made here is the owner's alone.
  process.umask(0o077)
  if (settings.sip) checkProfiles(settings.sip)
  const log = createLog(settings.log)
  // Loaded here, so that the other commands start without it.
  const { startGateway } = await import('../gateway.ts')
  const gateway = await startGateway(settings, log).catch((error: unknown) => {
    throw standsInTheWay(error, settings)
  })
  // Whatever state a fault of ours left behind, what was acknowledged is on disk.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a fault of our own: the gateway stops')
    process.exit(1)
  })
  const stop = stopper(gateway, log, (code) => process.exit(code))
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.stdout.write(welcome({ ...gateway, isEverywhere: isEverywhere(settings.http), tokenIsSet: settings.authToken !== undefined }))
}

/** Who names a directory wants SIP; where none is named, the usual one may be absent. */
export function checkProfiles({ directory, isNamed }: Pick<NonNullable<Settings['sip']>, 'directory' | 'isNamed'>): void {
  try {
    readdirSync(directory)
  } catch (error) {
    if (!isNamed && (error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new SettingsRefused([`SIGNALBOX_SIP: expected a directory of SIP profiles, or off, got '${directory}' (${whyOf(error)})`])
  }
}

/** npm hands on the signal that a terminal or systemd gave to both: what comes so soon after the first is the first. */
const sameSignalMs = 1000

/** What signals do: the first one stops the gateway and lets it finish, a later one ends the process at once. */
export function stopper(
  gateway: { close(): Promise<void> },
  log: Pick<Logger, 'info' | 'error'>,
  exit: (code: number) => void,
  now: () => number = Date.now,
): (signal: string) => void {
  let stoppedAt: number | undefined
  return (signal) => {
    if (stoppedAt !== undefined) {
      if (now() - stoppedAt >= sameSignalMs) exit(1)
      return
    }
    stoppedAt = now()
    log.info({ signal }, 'stopping: what is under way is finished first; once more stops at once')
    gateway.close().then(
      () => {
        log.info('stopped')
        exit(0)
      },
      (error: unknown) => {
        log.error({ err: error }, 'the gateway did not stop cleanly')
        exit(1)
      },
    )
  }
}

interface SystemError extends Error {
  code?: string
  syscall?: string
  address?: string
  port?: number
  hostname?: string
}

type Listening = Pick<Settings, 'http' | 'simulator' | 'smpp' | 'smppTls'>

function listensAt(port: number | undefined, { http, simulator, smpp, smppTls }: Listening): string {
  if (port === http.port) return 'SIGNALBOX_HTTP'
  if (port === smpp?.port) return 'SIGNALBOX_SMPP'
  if (port === smppTls?.port) return 'SIGNALBOX_SMPP_TLS'
  return port === simulator.port ? 'SIGNALBOX_SIMULATOR' : 'SIGNALBOX_HTTP'
}

function namedIn(host: string | undefined, settings: Listening): string {
  const { http, smpp, smppTls, simulator } = settings
  return listensAt([http, smpp, smppTls, simulator].find((one) => one?.host === host)?.port, settings)
}

/** What to say when the gateway does not start. */
export function standsInTheWay(error: unknown, settings: Listening & Pick<Settings, 'data'>): unknown {
  if (!(error instanceof Error)) return error
  const { code, syscall, address, port, hostname, message } = error as SystemError
  const variable = listensAt(port, settings)
  const at = `${address ?? settings.http.host}:${port ?? settings.http.port}`
  const other = `Choose another: ${variable}=127.0.0.1:${(port ?? settings.http.port) + 10} npm start`
  if (syscall === 'getaddrinfo')
    return new Told(`${hostname} is no name that this machine knows (${namedIn(hostname, settings)}): expected an address of it.`)
  if (code === 'EADDRINUSE') return new Told(`${at} is taken: another program (another gateway?) listens there. ${other}`)
  if (code === 'EADDRNOTAVAIL') return new Told(`${at} is no address of this machine (${variable}).`)
  if (code === 'EACCES' && port !== undefined) return new Told(`${at} may not be listened on by this user. ${other}`)
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return new Told(`The data directory ${settings.data} is no directory: name one by SIGNALBOX_DATA (${message}).`)
  if (syscall === 'mkdir' || syscall === 'stat')
    return new Told(
      `The data directory ${settings.data} cannot be made: name one by SIGNALBOX_DATA that this user may write, on a disk (${message}).`,
    )
  if (/\(SQLITE_(NOTADB|CORRUPT)/.test(message))
    return new Told(`${message}\nThe file is damaged: put a backup of the whole directory in its place (docs/operations.md).`)
  if (/\(SQLITE_(FULL|IOERR|CANTOPEN|READONLY)/.test(message))
    return new Told(`${message}\nIs the disk full or read-only, or the file another user's? (df, mount and ls -l of ${settings.data})`)
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM' || code === 'ENOSPC')
    return new Told(`The data directory ${settings.data} cannot be written: ${message}`)
  return error
}
