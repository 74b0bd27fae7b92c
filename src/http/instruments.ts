// The instruments of one registry, each made with its name, what it measures and by what; all that are
// filled anew at each scrape are emptied together.
import { Counter, Gauge, type Registry } from 'prom-client'

export interface Instruments {
  gauge<Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label>
  /** Only rising. */
  counter<Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label>
  /** Nothing is left of what was said before. */
  reset(): void
}

export function createInstruments(registry: Registry): Instruments {
  const made: { reset(): void }[] = []
  const registers = [registry]

  function kept<Instrument extends { reset(): void }>(instrument: Instrument): Instrument {
    made.push(instrument)
    return instrument
  }

  return {
    gauge: (name, help, ...labelNames) => kept(new Gauge({ name, help, labelNames, registers })),
    counter: (name, help, ...labelNames) => kept(new Counter({ name, help, labelNames, registers })),
    reset() {
      for (const each of made) each.reset()
    },
  }
}
