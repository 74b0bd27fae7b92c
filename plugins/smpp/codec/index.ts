// The SMPP codec: bytes ⇄ PDUs, both directions, every PDU of 3.3, 3.4 and 5.0. Pure: knows no socket and no model.
export * from './constants.ts'
export * from './pdu.ts'
export * from './tlv.ts'
export { createSlab, encodePdu, writePdu, type Slab } from './write.ts'
export { createParser, type BadPdu, type ParserOptions, type Tap } from './parser.ts'
export { decodePdu } from './decode.ts'
export { describe } from './describe.ts'
export { latin1 } from './latin1.ts'
