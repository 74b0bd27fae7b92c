// The message that a client means by an id it was told, among those that came by its own bind.
import type { Host, MessageId, MessageView } from '../../../src/plugin.ts'
import { plainToWire } from '../mapping/address.ts'
import { readMessageId } from '../mapping/receipt-out.ts'
import { isShortId, shortId, shortIdTimes, wholeId } from './ids.ts'
import { fromNote, othersNote, partNote, toNote } from './notes.ts'
import type { Terms } from './terms.ts'

const version33 = 0x33
/** How far back a short id is looked for: it comes again every 17 minutes. */
const shortReachMs = 3 * 86_400_000
const mostAtOnce = 100

export interface Ends {
  source_addr: string
  destination_addr?: string
}

/** One message, or those of a submit_multi between these ends; none when there is none, or its ends are others. */
export async function find(host: Host, terms: Terms, text: string, ends: Ends): Promise<MessageView[]> {
  const waits = unfinished(terms, text, ends)?.view
  const first = terms.version === version33 && isShortId(text) ? await byShortId(host, terms, text) : await byId(host, terms, text)
  // Looked for before the message: it may be made one in between.
  if (!first) return waits ? [waits] : []
  const others = first.message.report?.[othersNote]?.split(' ') ?? []
  const all = [first, ...(await Promise.all(others.map((id) => host.messages.get(first.message.account, id))))]
  return all.filter((one) => one !== undefined).filter((one) => isOf(one, terms) && hasEnds(one, ends))
}

/** A long message of which parts are still to come, by the id that one of those was answered with. */
export function unfinished(terms: Terms, text: string, ends: Ends): { told: string; view: MessageView } | undefined {
  const told = terms.version === version33 && isShortId(text) ? text.toLowerCase() : readMessageId(text, terms.config.receipts.ids)
  const view = told === undefined ? undefined : terms.gateway.unfinished(told)
  return told !== undefined && view && hasEnds(view, ends) ? { told, view } : undefined
}

function isOf({ message }: MessageView, { gateway }: Terms): boolean {
  return message.arrival === gateway.bind.id
}

async function byId(host: Host, terms: Terms, text: string): Promise<MessageView | undefined> {
  const { account } = terms.gateway.bind
  const id = readMessageId(text, terms.config.receipts.ids)
  if (id === undefined) return undefined
  return (await host.messages.get(account, id)) ?? (await byPart(host, account, id))
}

async function byPart(host: Host, account: string, id: MessageId): Promise<MessageView | undefined> {
  const whole = wholeId(id)
  const view = whole === id ? undefined : await host.messages.get(account, whole)
  return view?.message.report?.[partNote + Number.parseInt(id.slice(30), 16)] === id ? view : undefined
}

async function byShortId(host: Host, terms: Terms, text: string): Promise<MessageView | undefined> {
  const short = text.toLowerCase()
  const { account } = terms.gateway.bind
  for (const at of shortIdTimes(short, terms.gateway.clock.now(), shortReachMs)) {
    // A long message is accepted some time after its id was made.
    const { messages } = await host.messages.list({ account, after: at, before: at, limit: mostAtOnce })
    const found = messages.find(({ message }) => shortId(message.id) === short)
    if (found) return found
  }
  return undefined
}

/** As the client wrote them, with or without a plus; what it leaves out is not compared. */
export function hasEnds({ message }: MessageView, { source_addr, destination_addr = '' }: Ends): boolean {
  const { report } = message
  return (
    isEnd(source_addr, plainToWire(message.from).addr, report?.[fromNote]) &&
    isEnd(destination_addr, plainToWire(message.to).addr, report?.[toNote])
  )
}

function isEnd(given: string, plain: string, note: string | undefined): boolean {
  if (given === '') return true
  const bare = given.replace(/^\+/, '')
  return bare === plain || (note !== undefined && note.split('/').slice(2).join('/').replace(/^\+/, '') === bare)
}
