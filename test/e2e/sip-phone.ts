// A phone by hand: SIP over UDP with nothing of ours in it but MD5 digest, so that what the gateway
// says on the wire is seen as it is.
import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, patienceMs } from './world.ts'

export interface Said {
  /** `SIP/2.0 202 Accepted`, or `MESSAGE sip:…` */
  line: string
  status: number
  headers: Map<string, string>
  body: string
  /** The body as it came. */
  octets: Buffer
}

export interface Phone {
  port: number
  /** MESSAGEs that came, each answered 200. */
  got: Said[]
  register(expires?: number): Promise<Said>
  /** The final answer, challenges answered. `from`: another user part than its own. */
  message(to: string, body: string | Buffer, headers?: readonly string[], from?: string): Promise<Said>
  request(method: string, uri: string, headers?: readonly string[], body?: string): Promise<Said>
  received(what: string, pick: (said: Said) => boolean, ms?: number): Promise<Said>
  close(): void
}

/** The profile `internal`, or another, that listens there, 127.0.0.1 being the domain of the account. */
export const profileAt = (port: number, account: string): string =>
  `listen: { udp: '127.0.0.1:${port}' }\ndomains: { 127.0.0.1: ${account} }\n`

/** A directory with these profiles, by their names. */
export async function sipProfiles(profiles: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sip-profiles-'))
  for (const [name, text] of Object.entries(profiles)) {
    await writeFile(join(directory, `${name}.yaml`), text)
    await mkdir(join(directory, name))
  }
  return directory
}

/** `port`: its own; any that is free when absent. */
export async function phone(of: { gateway: number; user: string; password: string; domain?: string; port?: number }): Promise<Phone> {
  const { user, password, domain = '127.0.0.1' } = of
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(of.port ?? 0, '127.0.0.1', resolve))
  const { port } = socket.address()
  const got: Said[] = []
  const waiting = new Map<string, (said: Said) => void>()
  const callId = randomBytes(8).toString('hex')
  let cseq = 1

  socket.on('message', (octets, peer) => {
    const said = read(octets)
    if (said.status > 0) {
      if (said.status >= 200) waiting.get(`${said.headers.get('call-id')} ${said.headers.get('cseq')}`)?.(said)
      return
    }
    const known = got.some((each) => each.headers.get('via') === said.headers.get('via'))
    if (!known && said.line.startsWith('MESSAGE ')) got.push(said)
    const back = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => {
      const value = said.headers.get(name.toLowerCase()) ?? ''
      return `${name}: ${value}${name === 'To' ? ';tag=phone' : ''}\r\n`
    })
    socket.send(`SIP/2.0 200 OK\r\n${back.join('')}Content-Length: 0\r\n\r\n`, peer.port, peer.address)
  })

  async function once(
    method: string,
    uri: string,
    to: string,
    headers: readonly string[],
    body: string | Buffer,
    from: string,
  ): Promise<Said> {
    const id = method === 'REGISTER' ? callId : randomBytes(8).toString('hex')
    let credentials: string[] = []
    for (;;) {
      const n = cseq++
      const text = [
        `${method} ${uri} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${port};rport;branch=z9hG4bK${randomBytes(8).toString('hex')}`,
        'Max-Forwards: 70',
        `From: <sip:${from}@${domain}>;tag=${id}`,
        `To: <${to}>`,
        `Call-ID: ${id}`,
        `CSeq: ${n} ${method}`,
        ...headers,
        ...credentials,
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        '',
      ].join('\r\n')
      const request = Buffer.concat([Buffer.from(text), Buffer.from(body)])
      const send = (): void => socket.send(request, of.gateway, '127.0.0.1')
      const answered = new Promise<Said>((resolve, reject) => {
        // RFC 3261 §17.1.2.2: what is not answered is sent again.
        const again = setInterval(send, 500)
        const timer = setTimeout(() => {
          clearInterval(again)
          reject(new Error(`${method}: no answer`))
        }, patienceMs)
        waiting.set(`${id} ${n} ${method}`, (said) => {
          clearInterval(again)
          clearTimeout(timer)
          resolve(said)
        })
      })
      send()
      const said = await answered
      const challenge = said.headers.get(said.status === 401 ? 'www-authenticate' : 'proxy-authenticate')
      if ((said.status !== 401 && said.status !== 407) || challenge === undefined || credentials.length > 0) return said
      const header = said.status === 401 ? 'Authorization' : 'Proxy-Authorization'
      credentials = [`${header}: ${digest(challenge, { user, password, method, uri })}`]
    }
  }

  return {
    port,
    got,
    register: (expires = 600) =>
      once(
        'REGISTER',
        `sip:${domain}`,
        `sip:${user}@${domain}`,
        [`Contact: <sip:${user}@127.0.0.1:${port}>`, `Expires: ${expires}`],
        '',
        user,
      ),
    message: (to, body, headers = ['Content-Type: text/plain'], from = user) => once('MESSAGE', to, to, headers, body, from),
    request: (method, uri, headers = [], body = '') => once(method, uri, uri, headers, body, user),
    received: (what, pick, ms) => eventually(what, () => got.find(pick), ms),
    close: () => socket.close(),
  }
}

function read(datagram: Buffer): Said {
  const end = datagram.indexOf('\r\n\r\n')
  const octets = datagram.subarray(end + 4)
  const [line = '', ...fields] = datagram.toString('utf8', 0, end).split('\r\n')
  const headers = new Map<string, string>()
  for (const field of fields) {
    const colon = field.indexOf(':')
    const name = field.slice(0, colon).toLowerCase()
    const value = field.slice(colon + 1).trim()
    // Every Via goes back with the answer: behind a proxy there are several.
    if (name === 'via' && headers.has(name)) headers.set(name, `${headers.get(name)}, ${value}`)
    else if (!headers.has(name)) headers.set(name, value)
  }
  return { line, status: Number(/^SIP\/2\.0 (\d{3})/.exec(line)?.[1] ?? 0), headers, body: octets.toString(), octets }
}

/** RFC 2617 §3.2.2, with qop=auth. */
function digest(challenge: string, { user, password, method, uri }: Record<'user' | 'password' | 'method' | 'uri', string>): string {
  const field = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? ''
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
  const [realm, nonce, cnonce] = [field('realm'), field('nonce'), randomBytes(4).toString('hex')]
  const response = md5(`${md5(`${user}:${realm}:${password}`)}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`)
  const opaque = field('opaque') === '' ? '' : `, opaque="${field('opaque')}"`
  return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="${cnonce}"${opaque}`
}
