// The routes about users that register: who is there now, and how each is reached.
import { z } from 'zod'
import { given } from './configuration.ts'
import { endpoint, type Endpoint } from './endpoint.ts'
import { time, iso } from './words.ts'

const registration = z.strictObject({
  user: z.string().describe('`bob@acme.example`'),
  bind: z.string(),
  profile: z.string().describe('Where it registered'),
  contact: z.string().describe('What it is asked by'),
  transport: z.string(),
  remote: z.string().describe('The address it came from'),
  registeredAt: time,
  expiresAt: time,
  agent: z.string().optional().describe('What the phone calls itself'),
})
export type RegistrationAnswer = z.input<typeof registration>

export const registrationEndpoints: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/sip/registrations',
    id: 'listSipRegistrations',
    tag: 'sip',
    summary: 'The phones and apps that are registered now, by user',
    query: z.strictObject({
      account: z.string().optional().describe('With all below it; the own account, when absent'),
      user: z.string().max(400).optional().describe('Only this one: `bob@acme.example`'),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      cursor: z.string().max(2000).optional().describe('`next` of the page before'),
    }),
    answer: z.strictObject({ registrations: z.array(registration), next: z.string().optional() }),
    run: ({ admin, caller, query }) => {
      const page = admin.registrations.list(caller, given(query))
      const registrations = page.registrations.map(({ listener, registeredAt, expiresAt, ...each }) => ({
        ...each,
        profile: listener,
        registeredAt: iso(registeredAt),
        expiresAt: iso(expiresAt),
      }))
      return { registrations, ...(page.next === undefined ? {} : { next: page.next }) }
    },
  }),
]
