// Which bindings came by which connection: when that goes, they go (RFC 5626 §5). One listener a
// connection, however many registered by it. UDP has no end to be told of.
import type { Flow } from '../engine/engine.ts'
import type { Binding } from './bindings.ts'

export interface Flows {
  add(binding: Binding): void
  remove(binding: Binding): void
  stop(): void
}

interface Held {
  bindings: Set<Binding>
  stopWaiting(): void
}

export function createFlows(ended: (bindings: Iterable<Binding>) => void): Flows {
  const held = new Map<string, Held>()

  function hold(flow: Flow): Held {
    const bindings = new Set<Binding>()
    const stopWaiting = flow.onClose(() => {
      held.delete(flow.id)
      ended(bindings)
    })
    const it: Held = { bindings, stopWaiting }
    held.set(flow.id, it)
    return it
  }

  return {
    add(binding) {
      const { flow } = binding
      if (flow.transport === 'udp') return
      ;(held.get(flow.id) ?? hold(flow)).bindings.add(binding)
    },
    remove(binding) {
      const { flow } = binding
      const it = flow.transport === 'udp' ? undefined : held.get(flow.id)
      if (!it?.bindings.delete(binding) || it.bindings.size > 0) return
      held.delete(flow.id)
      it.stopWaiting()
    },
    stop() {
      for (const it of held.values()) it.stopWaiting()
      held.clear()
    },
  }
}
