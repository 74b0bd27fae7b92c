// What a message says. Parts of an MMS point into the media room.

/** 0 flash, 1 ME, 2 SIM, 3 TE (TS 23.038 §4). */
export type MessageClass = 0 | 1 | 2 | 3

/** One part of a multimedia message; `hash` names its bytes in the media room. */
export interface Part {
  type: string
  hash: string
  size: number
  name?: string
}

/** `ucs2`: its sender wants it in UCS-2, though GSM 7-bit has every character. */
export type Body =
  | { kind: 'text'; text: string; ucs2?: true; messageClass?: MessageClass }
  | { kind: 'binary'; data: Uint8Array; udh?: Uint8Array; messageClass?: MessageClass }
  | { kind: 'mms'; subject?: string; parts: Part[] }

export type BodyKind = Body['kind']
