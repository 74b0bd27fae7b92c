// Messages in memory, each account's its own, as the gateway has them in its store.
import { isTerminal, newSid, type Account, type Host, type Message, type MessageView } from '../../src/plugin.ts'

export const ownNumber = '+15005550006'
export const handset = '+15005550111'

export interface KeptMessages {
  views: Map<string, MessageView>
  store(account: Account, over: Partial<Message>, view?: Partial<MessageView>): MessageView
  messages: Host['messages']
}

let lastId = 0
/** As src/ids.ts makes them: 14 digits that rise with time, 18 of any kind. */
function nextId(): string {
  lastId = Math.max(lastId + 1, Date.now() * 4096)
  return lastId.toString(16).padStart(14, '0') + newSid('').slice(0, 18)
}

export function keptMessages(): KeptMessages {
  const views = new Map<string, MessageView>()

  function store(owner: Account, over: Partial<Message>, view: Partial<MessageView> = {}): MessageView {
    const acceptedAt = over.acceptedAt ?? Date.now()
    const message: Message = {
      id: nextId(),
      account: owner.id,
      direction: 'mt',
      arrival: `${owner.id}/api`,
      acceptedAt,
      validUntil: acceptedAt + 36e6,
      segments: 1,
      from: { value: ownNumber, ton: 'international', npi: 'e164' },
      to: { value: handset, ton: 'international', npi: 'e164' },
      body: { kind: 'text', text: 'hi' },
      priority: 1,
      receipt: 'both',
      ...over,
    }
    const made: MessageView = {
      message,
      decision: { revision: 1, candidates: [], failoverOnReceipt: false, tried: [] },
      state: 'queued',
      updatedAt: acceptedAt,
      redacted: false,
      ...view,
    }
    views.set(message.id, made)
    return made
  }

  const own = (owner: string, id: string): MessageView | undefined => {
    const view = views.get(id)
    return view?.message.account === owner ? view : undefined
  }

  return {
    views,
    store,
    messages: {
      get: async (owner, id) => own(owner, id),
      async list(query) {
        const all = [...views.values()]
          .filter(
            ({ message: m }) =>
              m.account === query.account && (!query.to || m.to.value === query.to) && (!query.from || m.from.value === query.from),
          )
          .filter(({ message: m }) => m.acceptedAt >= (query.after ?? 0) && m.acceptedAt <= (query.before ?? Infinity))
          .sort((a, b) => (a.message.id < b.message.id ? 1 : -1))
        const start = query.cursor ? Number(query.cursor.split('/')[1]) : 0
        const end = start + query.limit
        return { messages: all.slice(start, end), ...(end < all.length ? { next: `at/${end}` } : {}) }
      },
      async cancel(owner, id) {
        const view = own(owner, id)
        if (!view) return 'absent'
        if (view.state !== 'scheduled' && view.state !== 'queued') return 'too-late'
        view.state = 'canceled'
        return 'canceled'
      },
      async redact(owner, id) {
        const view = own(owner, id)
        if (!view) return 'absent'
        if (!isTerminal(view.state)) return 'not-ended'
        view.redacted = true
        return 'redacted'
      },
      feedback: async (owner, id) => own(owner, id) !== undefined,
      async remove(owner, id) {
        const view = own(owner, id)
        if (!view) return 'absent'
        if (!isTerminal(view.state)) return 'not-ended'
        views.delete(id)
        return 'removed'
      },
      replace: async () => 'too-late',
    },
  }
}
