// A trace as a pcap file (draft-ietf-opsawg-pcap), which Wireshark and tshark open: around each PDU
// the Ethernet, IP and TCP headers that it would have had, in one conversation a connection, with
// sequence numbers that leave no gap. The message centre's port is the protocol's own, whatever it
// was, so that dissectors know it; addresses and the other port are the real ones.
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import type { TracedConnection, TracedEnd } from '../model/trace.ts'
import type { TraceEntry } from './trace.ts'

export interface CaptureOptions {
  /** The port of the side that listens. */
  port: number
  /** We opened the connections; else the peer did. */
  dialled: boolean
}

const snapBytes = 262_144
const ethernet = 1
/** Payload of one segment: an Ethernet frame of 1,514 octets, IPv6, and room for nothing else. */
const segmentBytes = 1440
const flags = { syn: 0x02, synAck: 0x12, ack: 0x10, push: 0x18 }
const firstSequence = 1000

export function captureHead(): Uint8Array {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2_c3d4, 0)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(snapBytes, 16)
  head.writeUInt32LE(ethernet, 20)
  return head
}

interface Side {
  address: Buffer
  port: number
  mac: Buffer
  sequence: number
}
interface Conversation {
  local: Side
  remote: Side
  open: boolean
}

/** Called with the entries in order; each call answers the packets of one. */
export function createCapture({ port, dialled }: CaptureOptions): (entry: TraceEntry) => Uint8Array {
  const conversations = new Map<TracedConnection, Conversation>()

  function conversation(of: TracedConnection): Conversation {
    let it = conversations.get(of)
    if (!it) {
      const v6 = isIPv6(plain(of.local)) || isIPv6(plain(of.remote))
      const local = side(of.local, v6, dialled ? undefined : port, 1)
      it = { local, remote: side(of.remote, v6, dialled ? port : undefined, 2), open: false }
      conversations.set(of, it)
    }
    return it
  }

  return (entry) => {
    const it = conversation(entry.connection)
    const packets: Buffer[] = []
    const send = (from: Side, to: Side, flag: number, payload: Uint8Array): void => {
      packets.push(packet(entry.at, from, to, flag, payload))
      from.sequence += payload.length + (flag === flags.syn || flag === flags.synAck ? 1 : 0)
    }
    const { local, remote } = it
    if (!it.open && entry.octets) {
      const [opener, listener] = dialled ? [local, remote] : [remote, local]
      send(opener, listener, flags.syn, none)
      send(listener, opener, flags.synAck, none)
      send(opener, listener, flags.ack, none)
      it.open = true
    }
    if (entry.octets) {
      const [from, to] = entry.direction === 'out' ? [local, remote] : [remote, local]
      for (let at = 0; at < entry.octets.length; at += segmentBytes) {
        send(from, to, flags.push, entry.octets.subarray(at, at + segmentBytes))
      }
    }
    return Buffer.concat(packets)
  }
}

const none = new Uint8Array(0)

/** An IPv4 address that a socket shows as IPv6. */
function plain({ address }: TracedEnd): string {
  return address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address
}

function side(end: TracedEnd, v6: boolean, port: number | undefined, n: number): Side {
  const mac = Buffer.of(0x02, 0, 0, 0, 0, n)
  return { address: addressOctets(plain(end), v6), port: port ?? end.port, mac, sequence: firstSequence * n }
}

/** Sixteen octets, or four; zeros for what is no address (a socket that was gone before it was asked). */
function addressOctets(address: string, v6: boolean): Buffer {
  if (!v6) return Buffer.from(isIPv4(address) ? address.split('.').map(Number) : [0, 0, 0, 0])
  const octets = Buffer.alloc(16)
  if (isIPv4(address)) {
    octets.fill(0xff, 10, 12)
    octets.set(address.split('.').map(Number), 12)
    return octets
  }
  if (!isIPv6(address)) return octets
  // Without a zone, and with a dotted end turned into groups, as SocketAddress writes it.
  const { address: text } = new SocketAddress({ address: address.split('%')[0]!, family: 'ipv6' })
  const [before = '', after] = text.split('::')
  const head = groups(before)
  const tail = after === undefined ? [] : groups(after)
  head.forEach((group, i) => octets.writeUInt16BE(group, i * 2))
  tail.forEach((group, i) => octets.writeUInt16BE(group, 16 - (tail.length - i) * 2))
  return octets
}

function groups(text: string): number[] {
  return text
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      if (!group.includes('.')) return [Number.parseInt(group, 16)]
      const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
      return [a * 256 + b, c * 256 + d]
    })
}

function packet(at: number, from: Side, to: Side, flag: number, payload: Uint8Array): Buffer {
  const v6 = from.address.length === 16
  const ipBytes = v6 ? 40 : 20
  const length = 14 + ipBytes + 20 + payload.length
  const bytes = Buffer.alloc(16 + length)
  bytes.writeUInt32LE(Math.floor(at / 1000), 0)
  bytes.writeUInt32LE(Math.floor((at % 1000) * 1000), 4)
  bytes.writeUInt32LE(length, 8)
  bytes.writeUInt32LE(length, 12)
  const frame = bytes.subarray(16)
  to.mac.copy(frame, 0)
  from.mac.copy(frame, 6)
  frame.writeUInt16BE(v6 ? 0x86dd : 0x0800, 12)
  const ip = frame.subarray(14, 14 + ipBytes)
  const tcp = frame.subarray(14 + ipBytes)
  if (v6) ipv6(ip, from, to, tcp.length)
  else ipv4(ip, from, to, tcp.length)
  tcp.writeUInt16BE(from.port, 0)
  tcp.writeUInt16BE(to.port, 2)
  tcp.writeUInt32BE(from.sequence >>> 0, 4)
  tcp.writeUInt32BE(flag === flags.syn ? 0 : to.sequence >>> 0, 8)
  tcp[12] = 0x50
  tcp[13] = flag
  tcp.writeUInt16BE(0xffff, 14)
  tcp.set(payload, 20)
  // RFC 9293 §3.1: over a pseudo header of addresses, protocol and length too.
  const pseudo = sum(from.address) + sum(to.address) + 6 + tcp.length
  tcp.writeUInt16BE(folded(pseudo + sum(tcp)), 16)
  return bytes
}

/** RFC 791 §3.1. */
function ipv4(ip: Buffer, from: Side, to: Side, payloadBytes: number): void {
  ip[0] = 0x45
  ip.writeUInt16BE(20 + payloadBytes, 2)
  ip.writeUInt16BE(0x4000, 6)
  ip[8] = 64
  ip[9] = 6
  from.address.copy(ip, 12)
  to.address.copy(ip, 16)
  ip.writeUInt16BE(folded(sum(ip)), 10)
}

/** RFC 8200 §3. */
function ipv6(ip: Buffer, from: Side, to: Side, payloadBytes: number): void {
  ip[0] = 0x60
  ip.writeUInt16BE(payloadBytes, 4)
  ip[6] = 6
  ip[7] = 64
  from.address.copy(ip, 8)
  to.address.copy(ip, 24)
}

function sum(octets: Uint8Array): number {
  let total = 0
  for (let i = 0; i < octets.length; i += 2) total += (octets[i]! << 8) | (octets[i + 1] ?? 0)
  return total
}

/** RFC 1071. */
function folded(total: number): number {
  let rest = total
  while (rest > 0xffff) rest = (rest & 0xffff) + (rest >>> 16)
  return ~rest & 0xffff
}
