// Where a process spends its time: the CPU profiles that node writes with --cpu-prof, summed by room. What
// node's own code and libraries cost is counted to whoever called them, so that the rooms add up to the whole.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[]
  /** µs, of a clock that counts from anywhere. */
  startTime: number
  endTime: number
  samples: number[]
  timeDeltas: number[]
}

export interface RoomCost {
  room: string
  micros: number
}

/** The first that fits. */
const rooms: readonly [pattern: RegExp, room: string][] = [
  [/\/src\/http\/(auth|concurrency)/, 'authentication'],
  [/\/src\/(http|admin)\/|\/node_modules\/(express|router|body-parser|qs|send)\//, 'http, express'],
  [/\/plugins\/twilio\/(callback|signature|webhook|deliver|reports?)|\/src\/outbound/, 'webhooks'],
  [/\/plugins\/twilio\//, 'twilio: parsing, answering'],
  [/\/plugins\/smpp\//, 'smpp to the carrier'],
  [/\/src\/routing\//, 'deciding'],
  [/\/src\/text\//, 'text'],
  [/\/src\/store\//, 'store'],
  [/\/src\/(flow|model|binds)\//, 'flow: accept, deliver, receipts, reports'],
]
const collecting = '(garbage collector)'
const program = '(program)'

/** Self time of all threads but while idle, over the last `lastMs` before the last of them ended. */
export function costsByRoom(directory: string, lastMs: number): { thread: string; rooms: RoomCost[] }[] {
  const profiles = readdirSync(directory)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Profile)
  const since = Math.max(...profiles.map(({ endTime }) => endTime)) - lastMs * 1000
  return profiles.map((profile) => costsOf(profile, since)).filter(({ rooms: found }) => found.some(({ micros }) => micros > 0))
}

function costsOf({ nodes, startTime, samples, timeDeltas }: Profile, since: number): { thread: string; rooms: RoomCost[] } {
  const roomOfNode = new Map<number, string>()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const urls = new Set(nodes.map(({ callFrame }) => callFrame.url))
  const rest: [id: number, above: string][] = [[nodes[0]!.id, '']]
  for (let at = rest.pop(); at; at = rest.pop()) {
    const [id, above] = at
    const { callFrame, children } = byId.get(id)!
    const own = rooms.find(([pattern]) => pattern.test(callFrame.url))?.[1]
    const room = callFrame.url === '' && callFrame.functionName.startsWith('(') ? callFrame.functionName : (own ?? above)
    roomOfNode.set(id, room === '' || room === '(root)' ? 'node: sockets, timers, promises' : room)
    for (const child of children ?? []) rest.push([child, room === '(root)' ? '' : room])
  }
  const micros = new Map<string, number>()
  let at = startTime
  samples.forEach((id, i) => {
    at += timeDeltas[i]!
    const room = roomOfNode.get(id)!
    if (at < since || room === '(idle)') return
    micros.set(room, (micros.get(room) ?? 0) + (timeDeltas[i + 1] ?? 0))
  })
  return {
    thread: threadOf(urls),
    rooms: [...micros].map(([room, spent]) => ({ room, micros: spent })).toSorted((a, b) => b.micros - a.micros),
  }
}

function threadOf(urls: ReadonlySet<string>): string {
  const has = (pattern: RegExp): boolean => [...urls].some((url) => pattern.test(url))
  if (has(/\/src\/gateway\.js/)) return 'main thread'
  return has(/\/src\/outbound\/worker\.js/) ? 'webhooks thread' : has(/\/src\/store\/sqlite\//) ? "the tables' thread" : 'another thread'
}

/** A table of µs a message and shares of the thread. */
export function toldCosts(costs: readonly { thread: string; rooms: RoomCost[] }[], messages: number): string[] {
  return costs.flatMap(({ thread, rooms: found }) => {
    const all = found.reduce((sum, { micros }) => sum + micros, 0)
    const line = (room: string, micros: number): string =>
      `  ${room.padEnd(44)}${(micros / messages).toFixed(1).padStart(7)} µs ${((100 * micros) / all).toFixed(1).padStart(5)} %`
    return [
      `${thread}: ${(all / messages).toFixed(1)} µs a message`,
      ...found.map(({ room, micros }) =>
        line(room === collecting ? 'collecting garbage' : room === program ? 'native code' : room, micros),
      ),
    ]
  })
}
