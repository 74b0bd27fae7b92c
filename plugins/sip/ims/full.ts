// Phones without room: which messages they could not take, until they say RP-SMMA. In memory: what is
// forgotten is tried again by the bind's schedule.
import type { Gateway, MessageId } from '../../../src/plugin.ts'

export interface Full {
  add(peer: string, user: string, gateway: Gateway, id: MessageId): void
  /** It has room again: they are tried again. */
  empty(peer: string, user: string): void
}

const mostPhones = 10_000
const mostMessages = 100

export function createFull(): Full {
  /** By the way that they took: one phone may be reached by several binds. */
  const phones = new Map<string, Map<MessageId, Gateway>>()

  return {
    add(peer, user, gateway, id) {
      const key = keyOf(peer, user)
      const messages = phones.get(key) ?? new Map<MessageId, Gateway>()
      // The newest is last: the first is the one to go.
      phones.delete(key)
      phones.set(key, messages)
      messages.delete(id)
      messages.set(id, gateway)
      forgetOldest(messages, mostMessages)
      forgetOldest(phones, mostPhones)
    },
    empty(peer, user) {
      const key = keyOf(peer, user)
      const messages = phones.get(key)
      if (!messages) return
      phones.delete(key)
      const byGateway = new Map<Gateway, MessageId[]>()
      for (const [id, gateway] of messages) byGateway.set(gateway, [...(byGateway.get(gateway) ?? []), id])
      for (const [gateway, ids] of byGateway) gateway.tryAgain(ids)
    },
  }
}

function keyOf(peer: string, user: string): string {
  return `${peer}\0${user}`
}

function forgetOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return
    map.delete(key)
  }
}
