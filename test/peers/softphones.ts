// Softphones that nobody here wrote, without a sound card or a screen, on loopback: baresip and
// linphone, each with one account. Their quirks are said where they are met.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../bench/processes.ts'
import { peer } from './found.ts'
import { domain, passwordOf, type Started, startProgram } from './sip-world.ts'

export interface Softphone {
  program: Started
  /** `to`: a URI. Resolves when it was handed to the phone. */
  message(to: string, text: string): Promise<void>
  registered(): Promise<void>
  /** As it shows a text that arrived. */
  shows(from: string, text: string): Promise<void>
  stop(): Promise<void>
}

interface Account {
  user: string
  gateway: number
  transport?: 'udp' | 'tcp'
  /** Of baresip's file of accounts, instead of one that names the gateway as its outbound proxy. */
  line?: string
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The first of two that are free: baresip has TLS on the port behind that of UDP and TCP. */
async function freePair(): Promise<number> {
  for (;;) {
    const [port, next] = [await freePort(), await freePort()]
    if (next === port + 1) return port
  }
}

/** baresip writes to its current contact only: `to` is the one that it is started with. */
export async function startBaresip({ user, gateway, transport = 'udp', line }: Account, to: string): Promise<Softphone> {
  const directory = await mkdtemp(join(tmpdir(), 'baresip-'))
  const [sip, control] = [await freePair(), await freePort()]
  const modules = ['/usr/lib/baresip/modules', '/usr/lib/x86_64-linux-gnu/baresip/modules'].find((path) => existsSync(path)) ?? ''
  // The name of the interface is refused for loopback, its address is not.
  const config = `poll_method epoll
sip_listen 127.0.0.1:${sip}
call_max_calls 1
net_interface 127.0.0.1
module_path ${modules}
module stdio.so
module g711.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app contact.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${control}
`
  const account =
    line ??
    `<sip:${user}@${domain};transport=${transport}>;auth_user=${user};auth_pass=${passwordOf(user)};outbound="sip:127.0.0.1:${gateway};transport=${transport}";regint=60;audio_codecs=pcma\n`
  await Promise.all([
    writeFile(join(directory, 'config'), config),
    writeFile(join(directory, 'accounts'), account),
    writeFile(join(directory, 'contacts'), `"Handset" <${to}>\n`),
  ])
  const program = startProgram(peer('baresip')!, ['-f', directory, '-4', '-v'], { env: { HOME: directory } })
  let chosen = false
  return {
    program,
    registered: () => program.says(/registered successfully|200 OK.*binding/),
    async message(_to, text) {
      if (!chosen) await command(control, 'contact_next')
      chosen = true
      await command(control, 'message', text)
    },
    shows: (from, text) => program.says(new RegExp(`${escaped(from)}[^\\n]*"${escaped(text)}"`)),
    async stop() {
      await program.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Netstrings of JSON (baresip's ctrl_tcp). */
function command(port: number, name: string, params = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(60_000, () => socket.destroy(new Error(`baresip did not answer ${name}`)))
    socket.once('connect', () => {
      const text = JSON.stringify({ command: name, params, token: 'test' })
      socket.write(`${Buffer.byteLength(text)}:${text},`)
    })
    socket.once('data', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}

export async function startLinphone({ user, gateway, transport = 'udp' }: Account): Promise<Softphone> {
  const directory = await mkdtemp(join(tmpdir(), 'linphone-'))
  // Else its message store fails, and with it every message.
  await mkdir(join(directory, '.local/share/linphone'), { recursive: true })
  await mkdir(join(directory, '.config/linphone'), { recursive: true })
  const port = await freePort()
  const config = `[sip]
sip_port=${transport === 'udp' ? port : 0}
sip_tcp_port=${transport === 'tcp' ? port : 0}
sip_tls_port=0
guess_hostname=0
contact=sip:${user}@127.0.0.1
default_proxy=0
use_ipv6=0
bind_address=127.0.0.1
keepalive_period=0

[net]
firewall_policy=0
mtu=1300

[video]
enabled=0
capture=0
display=0

[sound]
playback_dev_id=ANULL: Null sound device
ringer_dev_id=ANULL: Null sound device
capture_dev_id=ANULL: Null sound device
remote_ring=/dev/null

[misc]
enable_basic_to_client_group_chat_room_migration=0
hide_empty_chat_rooms=1

[lime]
enabled=0

[proxy_0]
reg_proxy=<sip:127.0.0.1:${gateway};transport=${transport}>
reg_route=<sip:127.0.0.1:${gateway};transport=${transport};lr>
reg_identity="Test" <sip:${user}@${domain}>
reg_expires=120
reg_sendregister=1
publish=0
dial_escape_plus=0
realm=${domain}

[auth_info_0]
username=${user}
userid=${user}
passwd=${passwordOf(user)}
realm=${domain}
domain=${domain}
`
  const file = join(directory, 'rc')
  await writeFile(file, config)
  const program = startProgram(peer('linphone')!, ['--config', file, '--log', join(directory, 'log'), '--disable-stats-events'], {
    env: { HOME: directory },
  })
  return {
    program,
    async registered() {
      for (let tries = 0; tries < 240 && !/State: LinphoneRegistrationOk/.test(program.said()); tries++) {
        program.type('register-status ALL')
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
      await program.says(/State: LinphoneRegistrationOk/, 2000)
    },
    message(to, text) {
      program.type(`message ${to} ${text}`)
      return Promise.resolve()
    },
    async shows(from, text) {
      for (let tries = 0; tries < 240 && !program.said().includes(text); tries++) {
        program.type('pop-event')
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
      await program.says(new RegExp(`message-received[^]*${escaped(from)}[^]*${escaped(text)}`), 2000)
    },
    async stop() {
      program.type('quit')
      await new Promise((resolve) => setTimeout(resolve, 300))
      await program.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
