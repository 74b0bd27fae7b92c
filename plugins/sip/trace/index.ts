// What a trace of a SIP bind knows of SIP, and whose a message on the wire is.
import type { TraceProtocol } from '../../../src/plugin.ts'
import { conceal } from './conceal.ts'
import { dissect } from './dissect.ts'

export { createTap } from './tap.ts'

export const sipTrace: TraceProtocol = { port: 5060, conceal, dissect }
