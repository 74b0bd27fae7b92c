// Requests about messages that we have: query_sm, cancel_sm, replace_sm and their like, answered
// from the store. A client sees what came by its own bind and nothing else.
import type { Host, MessageId, MessageView, Replacement, Submission } from '../../../src/plugin.ts'
import { bodyFault, countSegments, isTerminal, maxParts } from '../../../src/plugin.ts'
import { type Draft, type PduOf, statuses } from '../codec/index.ts'
import { readBody } from '../mapping/body.ts'
import { errorNumber, smppState, stateNumbers } from '../mapping/receipt-states.ts'
import { absoluteTime } from '../mapping/time.ts'
import { serviceTypeOf } from '../mapping/extras.ts'
import { broadcast, cancelBroadcast, queryBroadcast } from './broadcast.ts'
import { find, hasEnds, unfinished } from './find.ts'
import { codingNote } from './notes.ts'
import { refusal } from './statuses.ts'
import { destinationOf, ownSource } from './submission.ts'
import type { Terms } from './terms.ts'
import { timeOf } from './times.ts'

export type StoredRequest = PduOf<'query_sm' | 'cancel_sm' | 'replace_sm' | 'broadcast_sm' | 'query_broadcast_sm' | 'cancel_broadcast_sm'>

export interface Stored {
  /** Resolves to the response; rejects with AcceptRefused where that is what to tell. */
  answer(terms: Terms, pdu: StoredRequest): Promise<Draft>
  /** The id of a waiting message of the same ends and service_type, which now says this; undefined: there is none. */
  replacePresent(terms: Terms, submission: Submission): Promise<MessageId | undefined>
}

/** Messages looked through for those that wait, newest first. */
const mostLooked = 5000
const page = 500
const mostErrorCode = 255
const version50 = 0x50

export function createStored(host: Host): Stored {
  async function query(terms: Terms, pdu: PduOf<'query_sm'>): Promise<Draft> {
    const views = await find(host, terms, pdu.message_id, pdu)
    const view = telling(views)
    if (!view) return refusal(pdu, statuses.ESME_RQUERYFAIL)
    return {
      command: 'query_sm_resp',
      sequence_number: pdu.sequence_number,
      message_id: pdu.message_id,
      final_date: view.finalAt === undefined ? '' : absoluteTime(view.finalAt),
      message_state: stateNumber(view, terms.version),
      error_code: Math.min(errorNumber(view.failure?.code) % 900, mostErrorCode),
    }
  }

  async function cancel(terms: Terms, pdu: PduOf<'cancel_sm'>): Promise<Draft> {
    const { account } = terms.gateway.bind
    // Whoever submits without a source takes back without one (SMPP 5.0 §4.5.1): that of the bind is meant.
    const source_addr = pdu.source_addr === '' ? ownSource(terms) : pdu.source_addr
    if (pdu.message_id === '' && (source_addr === '' || pdu.destination_addr === '')) return refusal(pdu, statuses.ESME_RINVMSGID)
    const waits = pdu.message_id === '' ? undefined : unfinished(terms, pdu.message_id, pdu)
    if (waits && (await terms.gateway.cancelUnfinished(waits.told))) return refusal(pdu, statuses.ESME_ROK)
    const views =
      pdu.message_id === ''
        ? await waiting(terms, destinationOf(pdu, terms)?.value ?? '', { ...pdu, source_addr })
        : await find(host, terms, pdu.message_id, pdu)
    if (views.length === 0) return refusal(pdu, pdu.message_id === '' ? statuses.ESME_RCANCELFAIL : statuses.ESME_RINVMSGID)
    const done = await Promise.all(views.map(({ message }) => host.messages.cancel(account, message.id)))
    return refusal(pdu, done.includes('canceled') ? statuses.ESME_ROK : statuses.ESME_RCANCELFAIL)
  }

  /** To this recipient, from this end, by their service_type where one is given. */
  async function waiting(terms: Terms, to: string, ends: { service_type: string; source_addr: string }): Promise<MessageView[]> {
    const { account, id } = terms.gateway.bind
    const found: MessageView[] = []
    let cursor: string | undefined
    for (let looked = 0; looked < mostLooked; looked += page) {
      const listed = await host.messages.list({ account, to, limit: page, ...(cursor === undefined ? {} : { cursor }) })
      for (const view of listed.messages) {
        if (view.state !== 'queued' && view.state !== 'scheduled') continue
        if (view.message.arrival !== id || !hasEnds(view, ends)) continue
        if (ends.service_type !== '' && serviceTypeOf(view.message.extras ?? {}) !== ends.service_type) continue
        found.push(view)
      }
      cursor = listed.next
      if (cursor === undefined) break
    }
    return found
  }

  async function replace(terms: Terms, pdu: PduOf<'replace_sm'>): Promise<Draft> {
    const { gateway, config } = terms
    const [view, more] = await find(host, terms, pdu.message_id, pdu)
    if (!view) return refusal(pdu, statuses.ESME_RINVMSGID)
    // One text for many recipients was submitted as many messages; and a place in the queue stays.
    if (more) return refusal(pdu, statuses.ESME_RREPLACEFAIL)
    if (pdu.schedule_delivery_time !== '') return refusal(pdu, statuses.ESME_RINVSCHED)
    if (pdu.sm_default_msg_id !== 0) return refusal(pdu, statuses.ESME_RINVDFTMSGID)
    const now = gateway.clock.now()
    const coding = Number(view.message.report?.[codingNote] ?? 0)
    const change: Replacement = { receipt: receiptWishes[pdu.registered_delivery & 0x03]! }
    const read = readBody({ esm_class: 0, data_coding: coding, short_message: pdu.short_message, tlvs: pdu.tlvs }, config, true)
    if (read.kind === 'refused') return refusal(pdu, read.status)
    if (countSegments(read.body) > maxParts || bodyFault(read.body) !== undefined) return refusal(pdu, statuses.ESME_RINVMSGLEN)
    // Without a text it stays as it was.
    if (pdu.short_message.length > 0 || pdu.tlvs.length > 0) change.body = read.body
    if (pdu.validity_period !== '') {
      const until = timeOf(pdu.validity_period, now)
      if (until === undefined || until <= Math.max(now, view.message.deliverAfter ?? 0)) return refusal(pdu, statuses.ESME_RINVEXPIRY)
      change.validUntil = until
    }
    const done = await host.messages.replace(gateway.bind.account, view.message.id, change)
    return refusal(pdu, done === 'replaced' ? statuses.ESME_ROK : statuses.ESME_RREPLACEFAIL)
  }

  return {
    answer(terms, pdu) {
      switch (pdu.command) {
        case 'query_sm':
          return query(terms, pdu)
        case 'cancel_sm':
          return cancel(terms, pdu)
        case 'replace_sm':
          return replace(terms, pdu)
        case 'broadcast_sm':
          return broadcast(host, terms, pdu, waiting)
        case 'query_broadcast_sm':
          return queryBroadcast(host, terms, pdu)
        case 'cancel_broadcast_sm':
          return cancelBroadcast(host, terms, pdu, waiting)
      }
      return pdu satisfies never
    },
    async replacePresent(terms, submission) {
      const ends = {
        service_type: serviceTypeOf(submission.extras ?? {}) ?? '',
        source_addr: submission.from.value,
      }
      const { account } = terms.gateway.bind
      for (const { message } of await waiting(terms, submission.to.value, ends)) {
        const change: Replacement = { body: submission.body, receipt: submission.receipt }
        if (submission.validUntil !== undefined) change.validUntil = submission.validUntil
        if ((await host.messages.replace(account, message.id, change)) === 'replaced') return message.id
      }
      return undefined
    },
  }
}

const receiptWishes = ['none', 'both', 'failure', 'success'] as const

/** SCHEDULED is of 5.0 (§4.7.15); the states of 3.4 begin with ENROUTE (§5.2.28). */
function stateNumber({ state, failure }: MessageView, version: number): number {
  return state === 'scheduled' && version < version50 ? stateNumbers.indexOf('enroute') : smppState(state, failure?.code).number
}

/** What one answer can say of many: one that is still on its way, else one that failed, else any. */
function telling(views: readonly MessageView[]): MessageView | undefined {
  return views.find((view) => !isTerminal(view.state)) ?? views.find((view) => view.state !== 'delivered') ?? views[0]
}
