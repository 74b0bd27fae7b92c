// Octets of the requests and responses that the stack sends: the fields that are the engine's, then
// those of whoever asked for it. Throws Unwritable for what cannot be said.
import {
  type Answerable,
  type HeaderLines,
  stampedVia,
  readVia,
  tagOf,
  type ReadRequest,
  type Via,
  warning,
  writeAnswer,
  writeRequest,
  writeResponse,
} from '../../codec/index.ts'
import type { End, OutRequest, Reply } from '../engine.ts'
import type { Transport } from '../engine.ts'
import { tokens } from './way.ts'

/** 8.1.1.6. */
const maxForwards = '70'

export interface Composed {
  transport: Transport
  sentBy: string
  branch: string
  tag: string
  callId: string
  cseq: number
}

export function composeRequest(request: OutRequest, { transport, sentBy, branch, tag, callId, cseq }: Composed): Buffer {
  const { method, uri, from, to, headers, body } = request
  const lines = [
    'Via',
    `SIP/2.0/${tokens[transport]} ${sentBy};branch=${branch};rport`,
    'Max-Forwards',
    request.maxForwards === undefined ? maxForwards : String(request.maxForwards),
    'From',
    `${from};tag=${tag}`,
    'To',
    to,
    'Call-ID',
    callId,
    'CSeq',
    `${cseq} ${method}`,
  ]
  for (let i = 0; i < headers.length; i++) lines.push(headers[i]!)
  return writeRequest(method, uri, lines, body)
}

const none: HeaderLines = []

/** `tag`: ours, for a To that has none. */
export function composeResponse(request: ReadRequest, remote: End, { status, reason, headers, body }: Reply, tag: string): Buffer {
  const { headers: asked, read } = request
  let own = `Via: ${stampedVia(read.via, remote.address, remote.port)}\r\n`
  let fields = 5
  if (read.moreVias) {
    const vias = asked.all('via')
    for (let i = 1; i < vias.length; i++) own += `Via: ${vias[i]!}\r\n`
    fields += vias.length - 1
  }
  const to = read.toTag === '' && tag !== '' ? `${asked.get('to')!};tag=${tag}` : asked.get('to')!
  own += `From: ${asked.get('from')!}\r\nTo: ${to}\r\nCall-ID: ${read.callId}\r\nCSeq: ${asked.get('cseq')!}\r\n`
  return writeAnswer(status, reason, own, fields, headers ?? none, body)
}

/** With a port that is none: the one that it came from is meant. */
function withoutPort(sentBy: string): Via | undefined {
  const via = readVia(sentBy.replace(/:[^:\]]*$/, ''))
  if (via) via.rport = 0
  return via
}

/** To what could not be read: says what was wrong, repeats what is there. Of a topmost Via that is malformed itself, what stands before its parameters. Undefined where that leads nowhere either. */
export function composeRefusal(
  { vias, from, to, callId, cseq }: Answerable,
  remote: End,
  status: number,
  why: string,
  tag: string,
): { octets: Buffer; via: Via } | undefined {
  const sentBy = vias[0]!.slice(0, vias[0]!.search(/[;,]|$/)).trimEnd()
  const via = readVia(vias[0]!) ?? readVia(sentBy) ?? withoutPort(sentBy)
  if (via === undefined) return undefined
  const lines = ['Via', stampedVia(via, remote.address, remote.port)]
  for (let i = 1; i < vias.length; i++) lines.push('Via', vias[i]!)
  if (from !== undefined) lines.push('From', from)
  if (to !== undefined) lines.push('To', tagOf(to) === '' ? `${to};tag=${tag}` : to)
  if (callId !== undefined) lines.push('Call-ID', callId)
  if (cseq !== undefined) lines.push('CSeq', cseq)
  lines.push('Warning', warning(why))
  return { octets: writeResponse(status, undefined, lines), via }
}
