// Two auth tokens of an account while apps change over: the second is made, dropped, or promoted to be
// the only one. As Twilio has it, of the account whose credentials are used.
import { authorOf, originOf, verbs, type Answer, type Call, type Route } from './resource.ts'
import { deleted, show } from './show.ts'
import { iso8601 } from './dates.ts'

const secondaryPath = '/v1/AuthTokens/Secondary'
const promotePath = '/v1/AuthTokens/Promote'

export const tokenRoutes: readonly Route[] = [
  { path: /^\/v1\/AuthTokens\/Secondary$/, needs: 'main', answer: verbs({ POST: add, DELETE: drop }) },
  { path: /^\/v1\/AuthTokens\/Promote$/, needs: 'main', answer: verbs({ POST: promote }) },
]

async function add(call: Call): Promise<Answer> {
  const { token, createdAt } = await call.host.tenancy.credentials.addToken(authorOf(call), call.account.id)
  return show(call, 201, 'AuthToken', {
    account_sid: call.account.id,
    date_created: iso8601(createdAt),
    date_updated: iso8601(createdAt),
    secondary_auth_token: token,
    url: originOf(call) + secondaryPath,
  })
}

async function drop(call: Call): Promise<Answer> {
  await call.host.tenancy.credentials.dropToken(authorOf(call), call.account.id)
  return deleted
}

async function promote(call: Call): Promise<Answer> {
  const { secondaryCreatedAt } = call.host.tenancy.credentials.tokens(authorOf(call), call.account.id)
  const { token } = await call.host.tenancy.credentials.promoteToken(authorOf(call), call.account.id)
  const now = call.host.clock.now()
  return show(call, 200, 'AuthToken', {
    account_sid: call.account.id,
    auth_token: token,
    date_created: iso8601(secondaryCreatedAt ?? now),
    date_updated: iso8601(now),
    url: originOf(call) + promotePath,
  })
}
