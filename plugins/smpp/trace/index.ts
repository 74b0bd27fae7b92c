// What a trace of an SMPP bind knows of SMPP.
import type { TraceProtocol } from '../../../src/plugin.ts'
import { conceal } from './conceal.ts'
import { dissect } from './dissect.ts'

export const smppTrace: TraceProtocol = { port: 2775, conceal, dissect }
