// The rounds of a proof: at a random moment the gateway is ended with SIGKILL and started again on the
// same directory. Random by seed, so that a run can be repeated.
import { startGatewayProcess, type Setup } from '../bench/gateway.ts'
import type { Running } from '../bench/processes.ts'

export interface ProofOptions {
  rounds: number
  seed: number
  /** Submissions a second while the gateway is up. */
  perSecond: number
  /** Longest time between start and kill. */
  longestRoundMs: number
  say(line: string): void
}

/** What a proof found. */
export interface Proof {
  title: string
  rounds: number
  seed: number
  /** Submissions that were answered as taken. */
  acknowledged: number
  seconds: number
  /** In the order in which they are shown. */
  figures: [label: string, value: number][]
  /** Each is a sentence; none is what we promise. */
  faults: string[]
}

const shortestRoundMs = 50
const sayEvery = 10

/** `world.gateway` is the one that runs now. `load` runs while it does; what it returns ends it. */
export async function killRounds(
  world: { setup: Setup; gateway: Running },
  options: ProofOptions,
  random: () => number,
  progress: () => string | Promise<string>,
  load?: () => { stop(): Promise<void> },
): Promise<void> {
  for (let round = 1; round <= options.rounds; round++) {
    const running = load?.()
    await sleep(shortestRoundMs + random() * options.longestRoundMs)
    await world.gateway.kill()
    await running?.stop()
    world.gateway = await startGatewayProcess(world.setup)
    if (round % sayEvery === 0 || round === options.rounds) options.say(`round ${round} of ${options.rounds}: ${await progress()}`)
  }
}

const stopWithinMs = 20_000

/** Nothing new is begun; resolves once it says that what it began is answered. */
export async function hush(running: Running): Promise<void> {
  const said = running.lines.length
  running.child.stdin?.write('hush\n')
  const until = Date.now() + stopWithinMs
  while (running.lines.length === said && Date.now() < until) await sleep(20)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A small seeded generator (Tommy Ettinger's mulberry32), from 0 up to 1. */
export function generator(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
