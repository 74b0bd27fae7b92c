// Where RestComm's clients look for SMS/Messages, and how they are answered: `.json` anywhere in the path means
// JSON, and so, unlike with Twilio, does an Accept header that names it; else XML.
import type { Refused } from '../errors.ts'
import { pathOf, type Answer, type Call, type Route } from '../resource.ts'
import { messages } from './messages.ts'
import { refused, type Format } from './render.ts'

const ours = /^(?:\/restcomm\/(?:2012-04-24|2010-04-01)|\/2012-04-24)(?=$|[/?.])/
/** Of what follows: the account's SID, and the message's. */
const messagesPath = /^\/Accounts(?:\.json)?\/([^/.]*)(?:\.json)?\/SMS\/Messages(?:\.json)?(?:\/([^/.]+)(?:\.json)?)?\/?$/
const accountPath = /^\/Accounts(?:\.json)?\/([^/.]*)/

export function isRestcomm(url: string): boolean {
  return ours.test(url)
}

function formatOf(url: string, accept: string | undefined): Format {
  return /\.json(?=$|[/?])/.test(pathOf(url)) || accept?.toLowerCase().includes('json') === true ? 'json' : 'xml'
}

const route: Route = {
  path: ours,
  needs: '/twilio/messaging/messages',
  answer: async (call) => await messages(call, formatOf(call.path, call.header('accept'))),
}

export interface RestcommPlace extends Pick<Call, 'base' | 'caught' | 'format' | 'path' | 'search'> {
  accountSid: string | undefined
  route: Route | undefined
}

/** Of a URL that is RestComm's. */
export function restcommPlace(url: string): RestcommPlace {
  const at = pathOf(url)
  const base = ours.exec(url)?.[0] ?? ''
  const rest = at.slice(base.length)
  const found = messagesPath.exec(rest)
  return {
    base,
    caught: [found?.[2]],
    format: 'json',
    path: at,
    search: url.slice(at.length + 1),
    accountSid: found?.[1] ?? accountPath.exec(rest)?.[1],
    route: found ? route : undefined,
  }
}

export function restcommRefusal(what: Refused, url: string, accept: string | undefined): Answer {
  return refused(what, formatOf(url, accept))
}
