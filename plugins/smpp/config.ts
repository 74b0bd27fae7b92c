// What an operator says about one SMPP bind. Everything that every connector has (window, rate,
// retries, concatenation) is in the bind's policy, not here.
import { z } from 'zod'
import { addressFields, senderFields } from './mapping/address-settings.ts'
import { encodingFields } from './mapping/encoding-settings.ts'
import { receiptFailures } from './mapping/receipt-states.ts'
import { tlvFields } from './mapping/tlvs.ts'
import { checkConnection, connectionFields, latin1 } from './supplier-settings.ts'

export const smppConfig = z
  .strictObject({
    ...connectionFields,
    ...senderFields,
    ...addressFields,
    ...encodingFields,
    serviceType: z.string().max(5).regex(latin1).default('').describe('service_type of every message that names none.'),
    registeredDelivery: z
      .enum(['none', 'final', 'failure', 'intermediate'])
      .default('final')
      .describe('Receipts asked for. final: delivered or failed. failure: only failed. intermediate: final ones and states on the way.'),
    receiptErrors: z
      .record(z.string().min(1).max(20), z.enum(receiptFailures))
      .default({})
      .describe(
        "What the codes in this carrier's receipts mean, by the code as it writes it: `{ '027': absent-subscriber }`. Of a GSM network's network_error_code it is known.",
      ),
    validity: z
      .enum(['none', 'relative', 'absolute'])
      .default('none')
      .describe(
        "How the message's validity is told to the carrier in validity_period; none: not at all (the gateway expires it either way).",
      ),
    submitWith: z
      .enum(['submit_sm', 'data_sm'])
      .default('submit_sm')
      .describe('The request that messages go out with. data_sm: the text in message_payload, no priority; not with 3.3.'),
    capabilities: z
      .strictObject({
        query: z.boolean().default(false).describe('It answers query_sm.'),
        cancel: z.boolean().default(false).describe('It answers cancel_sm.'),
        replace: z.boolean().default(false).describe('It answers replace_sm.'),
      })
      .prefault({})
      .describe('What else this carrier does; most do none of it.'),
    ...tlvFields,
  })
  .superRefine(checkConnection)

export type SmppConfig = z.infer<typeof smppConfig>
