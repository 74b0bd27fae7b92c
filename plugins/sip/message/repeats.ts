// One message for one request, however often it comes: again after a challenge, by another hop, by a
// client that repeats its Call-ID. Those in flight wait for the one that is being written; later ones
// find it by its key in the store. Only the same text under a new Call-ID is known by memory, if at all.
import { hash } from 'node:crypto'
import type { Clock, MessageId } from '../../../src/plugin.ts'
import { tagOf } from '../codec/name-addr.ts'
import type { Incoming } from '../engine/engine.ts'

export interface Repeats {
  /** `text` and `withinMs`: the same text is the same message for so long, whatever its key; 0: never. */
  once(key: string, text: string, withinMs: number, accept: () => Promise<MessageId>): Promise<MessageId>
}

/** Texts remembered at most; the oldest go first. */
const mostTexts = 100_000

export function createRepeats(clock: Clock): Repeats {
  const inFlight = new Map<string, Promise<MessageId>>()
  const texts = new Map<string, { until: number; id: Promise<MessageId> }>()

  function started(key: string, accept: () => Promise<MessageId>): Promise<MessageId> {
    const known = inFlight.get(key)
    if (known) return known
    const id = accept()
    inFlight.set(key, id)
    const over = (): void => void inFlight.delete(key)
    id.then(over, over)
    return id
  }

  function sweep(now: number): void {
    for (const [text, { until }] of texts) {
      if (until > now && texts.size <= mostTexts) return
      texts.delete(text)
    }
  }

  return {
    once(key, text, withinMs, accept) {
      if (withinMs <= 0) return started(key, accept)
      const now = clock.now()
      const known = texts.get(text)
      if (known && known.until > now) return known.id
      const id = started(key, accept)
      texts.delete(text)
      texts.set(text, { until: now + withinMs, id })
      sweep(now)
      id.catch(() => {
        if (texts.get(text)?.id === id) texts.delete(text)
      })
      return id
    },
  }
}

/** Of one request: its peer, Call-ID, From tag, Request-URI and body. */
export function requestKey(peer: string, { callId, headers, uri, body }: Incoming): string {
  return digest(`${peer}\0${callId}\0${tagOf(headers.get('from') ?? '') ?? ''}\0${uri}\0`, body)
}

/** Of one text between the same ends. */
export function textKey(peer: string, { headers, uri, body }: Incoming): string {
  return digest(`${peer}\0${headers.get('from')?.split(';tag=', 1)[0] ?? ''}\0${uri}\0${headers.get('content-type') ?? ''}\0`, body)
}

function digest(head: string, body: Buffer): string {
  return hash('sha256', head + body.toString('latin1'), 'base64url')
}
