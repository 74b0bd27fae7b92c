// The codec's one door: SIP messages from octets and into octets, and the fields that they are made of.
export type * from './types.ts'
export { readCSeq } from './cseq.ts'
export { createFramer, type Framer } from './framing.ts'
export { detached, headersOf } from './headers.ts'
export { splitList } from './list.ts'
export { readNameAddr, tagOf, writeNameAddr } from './name-addr.ts'
export { writtenName } from './names.ts'
export { quoted, readParams, unquoted, writeParams } from './params.ts'
export { phraseOf, registeredMethods } from './phrases.ts'
export {
  defaultReadLimits,
  isKeepAlive,
  readMessage,
  type ReadLimits,
  type ReadMessage,
  type ReadRequest,
  type ReadResponse,
} from './read.ts'
export { readHost, readUri, sameUri, schemeOf, writeHost, writeUri } from './uri.ts'
export { hasCookie, readVia, stampedVia } from './via.ts'
export { warning } from './warning.ts'
export { isClean, Unwritable, writeAnswer, writeRequest, writeResponse } from './write.ts'
