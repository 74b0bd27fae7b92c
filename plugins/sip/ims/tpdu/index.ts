// TPDUs of TS 23.040: octets ⇄ plain data. Pure.
export { addressFault } from './address.ts'
export { readToNetwork, readToPhone } from './read.ts'
export { instantOf, timeAt } from './time.ts'
export type * from './types.ts'
export { lifetimeOf, relativeMs } from './validity.ts'
export { writeTpdu } from './write.ts'
