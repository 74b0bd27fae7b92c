// The message room's one door: MESSAGE in, MESSAGE out to users and to trunks, and the seam of SMS over IMS.
export { createDirectory } from './directory.ts'
export { createInbound, type Inbound } from './inbound.ts'
export { createOpenSession } from './user-session.ts'
export type { Ims } from './way.ts'
