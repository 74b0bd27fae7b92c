// Kamailio on loopback, in the two places where it stands: as a trunk with subscribers of its own
// behind it, and as an outbound proxy between phones and our registrar (RFC 3327 Path).
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../bench/processes.ts'
import { peer } from './found.ts'
import { listening, type Started, startProgram } from './sip-world.ts'

export interface Kamailio {
  port: number
  program: Started
  stop(): Promise<void>
}

export interface KamailioParts {
  /** What it does with a request: the body of `request_route`, behind the checks that any has. */
  route(port: number): string
  alias?: string
}

/** All of its configuration. */
export interface KamailioFile {
  config(port: number): string
}

const modules = ['tm', 'tmx', 'sl', 'rr', 'pv', 'maxfwd', 'textops', 'siputils', 'sanity', 'xlog', 'usrloc', 'registrar', 'path', 'corex']

export async function startKamailio(parts: KamailioParts | KamailioFile): Promise<Kamailio> {
  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'kamailio-'))
  const config = 'config' in parts ? parts.config(port) : configOf(parts, port)
  const file = join(directory, 'kamailio.cfg')
  await writeFile(file, config)
  const program = startProgram(
    peer('kamailio')!,
    `-f ${file} -DD -E -Y ${directory} -P ${join(directory, 'pid')} -w ${directory} -m 64 -M 8`.split(' '),
  )
  const stop = async (): Promise<void> => {
    await program.stop()
    await rm(directory, { recursive: true, force: true })
  }
  // Its children print nothing of their own when they are there.
  await listening(port).catch((error: unknown) => {
    throw new Error(`kamailio: ${program.said()}`, { cause: error })
  })
  return { port, program, stop }
}

function configOf({ route, alias }: KamailioParts, port: number): string {
  const libraries = ['/usr/lib/x86_64-linux-gnu/kamailio/modules/', '/usr/lib/aarch64-linux-gnu/kamailio/modules/'].filter((path) =>
    existsSync(path),
  )
  return `#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
${alias === undefined ? '' : `alias="${alias}"\n`}mpath="${libraries.join(':')}"
${modules.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("usrloc", "db_mode", 0)
modparam("path", "use_received", 1)
request_route {
    xlog("L_NOTICE", "TOOK $rm $ru from $si:$sp\\n");
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (!sanity_check("1511", "7")) { exit; }
${route(port)}
}
`
}
