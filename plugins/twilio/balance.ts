// The Balance resource. Nothing is charged here, so it is nothing, in the currency that messages have
// their price in; as at Twilio only the root account has one.
import { Refused } from './errors.ts'
import { under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { show } from './show.ts'

export const balanceRoutes: readonly Route[] = [
  { path: under('/Balance'), needs: '/twilio/billing/balance/read', answer: verbs({ GET: fetch }) },
]

function fetch(call: Call): Answer {
  const { account, path } = call
  if (account.parent !== undefined) throw new Refused(20404, path)
  return show(call, 200, 'Balance', { account_sid: account.id, balance: '0.00', currency: 'USD' })
}
