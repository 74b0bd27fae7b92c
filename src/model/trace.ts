// What passes on a bind's connections, for an operator who asked to see it: what a connector hands
// over, and what it tells about its protocol so that secrets are hidden and fields have names.

/** in: from the peer. out: to the peer. */
export type TraceDirection = 'in' | 'out'

export interface TracedEnd {
  /** IPv4 or IPv6, as the socket says. */
  address: string
  port: number
}

/** One connection, the same object for all that passes on it. */
export interface TracedConnection {
  local: TracedEnd
  remote: TracedEnd
}

/** A bind's ear. One object for as long as the bind is there; off costs the test of `on`. */
export interface BindTrace {
  readonly on: boolean
  /** One whole PDU. The octets are copied: the caller may use them again. Never throws. */
  record(direction: TraceDirection, pdu: Uint8Array, connection: TracedConnection): void
  /** What happened to the connection, in words. */
  note(text: string, connection: TracedConnection): void
}

export const untraced: BindTrace = Object.freeze({ on: false, record() {}, note() {} })

/** How the PDUs of a connector are shown and what of them is hidden. Pure; neither throws, whatever the octets. */
export interface TraceProtocol {
  /** The one dissectors know it by. */
  port: number
  /**
   * Hides, in place and by as many octets of filler: secrets always, what people wrote to each other
   * unless `bodies`. Answers why where the octets cannot be read; then all that might hold either is hidden.
   */
  conceal(pdu: Uint8Array, bodies: boolean): string | undefined
  /** Of a concealed PDU; `readable` as concealing found it: of another only the header means anything. */
  dissect(pdu: Uint8Array, readable: boolean): Dissection
}

export interface Dissection {
  /** The command: `submit_sm`. */
  title: string
  /** In the order of the wire. */
  fields: DissectedField[]
}

export interface DissectedField {
  name: string
  /** For people: the number with its name, the text quoted, octets in hex. */
  value: string
}
