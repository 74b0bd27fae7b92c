// The message room's one door: MESSAGE in, MESSAGE out to users and to trunks, and the seam of SMS over IMS.
export { createDirectory, type Directory } from './directory.ts'
export { createInbound, type Inbound, type InboundParts } from './inbound.ts'
export { createTrunkSend, type TrunkSend, type TrunkSendParts } from './trunk-send.ts'
export { createOpenSession, type UserSessionParts } from './user-session.ts'
export type { Draft, Ims, Way } from './way.ts'
