// The resources of the facade, a line each; and how a URL is taken apart to find one.
import { accountRoutes } from './accounts.ts'
import { applicationRoutes } from './applications.ts'
import { availableRoutes } from './available.ts'
import { feedbackRoutes } from './feedback.ts'
import { balanceRoutes } from './balance.ts'
import { incomingRoutes } from './incoming.ts'
import { shortCodeRoutes } from './shortcodes.ts'
import { keyRoutes } from './keys.ts'
import { usageRoutes } from './usage.ts'
import { messages } from './messages.ts'
import { serviceRoutes } from './services/services.ts'
import { pathOf, under, type Call, type Route } from './resource.ts'
import { isRestcomm, restcommPlace } from './restcomm/index.ts'
import { tokenRoutes } from './tokens.ts'

/** Named twice: the hot path knows no table. */
export const messagesNeed = '/twilio/messaging/messages'

export const routes: readonly Route[] = [
  { path: under('/(SMS/)?Messages(?:/([^/.]*)(/Media(?:/[^/.]+)?)?)?'), needs: messagesNeed, answer: messages },
  ...accountRoutes,
  ...applicationRoutes,
  ...availableRoutes,
  ...balanceRoutes,
  ...feedbackRoutes,
  ...incomingRoutes,
  ...shortCodeRoutes,
  ...usageRoutes,
  ...serviceRoutes,
  ...keyRoutes,
  ...tokenRoutes,
]

/** The oldest version, and where SDKs of Twilio's shape look for it, are the same resources; links in answers begin as asked. */
const ours = /^(\/2010-04-01|\/2008-08-01|\/api\/laml\/2010-04-01)(?=$|[/?.])([^?]*?)(\.json|\.xml|\.csv)?(?:\?(.*))?$/s

/** The first names after `/v1/` of the newer APIs: one host serves them all. */
const newer = /^\/v1\/(?:Services|AuthTokens|Keys)(?=$|[/?])/

/** Whether a path is this API's at all; what it is not, it leaves to others. */
export function isOurs(url: string): boolean {
  return ours.test(url) || newer.test(url) || isRestcomm(url)
}

/** Where a request goes. */
export interface Place extends Pick<Call, 'base' | 'caught' | 'format' | 'path' | 'search'> {
  /** Undefined where the path names no account. */
  accountSid: string | undefined
  /** Undefined where there is no such resource. */
  route: Route | undefined
  /** The JSON is to be a table. */
  isTable?: boolean
}

/** The suffix alone decides; what is from `/v1/` on has none. Of `.csv` what is refused is XML. */
export function formatOf(url: string): 'json' | 'xml' {
  return pathOf(url).endsWith('.json') || newer.test(url) ? 'json' : 'xml'
}

/** Of a URL that is ours. */
export function placeOf(url: string): Place {
  if (isRestcomm(url)) return restcommPlace(url)
  const path = pathOf(url)
  const [, base = '', at = path, suffix] = ours.exec(url) ?? []
  const isTable = suffix === '.csv'
  const place: Place = {
    base,
    caught: [],
    format: isTable ? 'json' : formatOf(url),
    path,
    search: url.slice(path.length + 1),
    accountSid: /^\/Accounts\/([^/.]*)/.exec(at)?.[1],
    route: undefined,
    isTable,
  }
  for (const route of routes) {
    const found = route.path.exec(at)
    if (!found) continue
    place.route = route
    place.caught = found.slice(1)
    return place
  }
  return place
}
