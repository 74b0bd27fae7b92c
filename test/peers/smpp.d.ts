// The little of npm `smpp` that the tests use; the package has no types of its own.
declare module 'smpp' {
  import type { EventEmitter } from 'node:events'
  import type { Server as NetServer, Socket } from 'node:net'
  import type { TlsOptions } from 'node:tls'

  type Fields = Record<string, unknown>

  export class PDU {
    constructor(command: string | Buffer, options?: Fields)
    command: string
    command_status: number
    sequence_number: number
    system_id: string
    password: string
    source_addr: string
    destination_addr: string
    source_addr_ton: number
    dest_addr_ton: number
    esm_class: number
    data_coding: number
    registered_delivery: number
    validity_period: unknown
    short_message: Buffer & { message?: string | Buffer; udh?: Buffer[] }
    message_payload: { message: string | Buffer }
    message_id: string;
    [field: string]: unknown
    toBuffer(): Buffer
    response(options?: Fields): PDU
    isResponse(): boolean
  }

  export class Session extends EventEmitter {
    socket: Socket
    send(pdu: PDU, onResponse?: (pdu: PDU) => void): boolean
    pause(): void
    resume(): void
    close(): void
    destroy(): void
    deliver_sm(options: Fields, onResponse?: (pdu: PDU) => void): boolean
    data_sm(options: Fields, onResponse?: (pdu: PDU) => void): boolean
    submit_sm(options: Fields, onResponse?: (pdu: PDU) => void): boolean
    bind_transceiver(options: Fields, onResponse?: (pdu: PDU) => void): boolean
    bind_transmitter(options: Fields, onResponse?: (pdu: PDU) => void): boolean
    bind_receiver(options: Fields, onResponse?: (pdu: PDU) => void): boolean
    enquire_link(onResponse?: (pdu: PDU) => void): boolean
    unbind(onResponse?: (pdu: PDU) => void): boolean
  }

  export interface Server extends NetServer {
    sessions: Session[]
  }

  /** Over TLS where the options have a key and a certificate. */
  export function createServer(options: TlsOptions, onSession: (session: Session) => void): Server
  export function connect(options: { url: string }, onConnect?: () => void): Session
  export const commands: Record<string, { id: number; params?: Record<string, unknown> }>
  export const tlvs: Record<string, { id: number }>
  /** Makes a TLV known by name, both ways. */
  export function addTLV(name: string, options: { id: number; type: unknown }): void
  export const types: { tlv: { buffer: unknown } }
  const smpp: {
    addTLV: typeof addTLV
    types: typeof types
    PDU: typeof PDU
    createServer: typeof createServer
    connect: typeof connect
    commands: typeof commands
    tlvs: typeof tlvs
  }
  export default smpp
}
