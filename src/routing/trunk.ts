// A trunk: supplier binds of one account that carry one name and share what a route sends to it. The
// member whose turn it is comes first; those that rest or have no session are passed over while others
// are ready, and stay candidates behind them.
import type { BindId } from '../model/message.ts'
import type { Question } from './question.ts'

/** One target of a route, made ready: a bind alone, or the members of a trunk. */
export interface Place {
  /** Share among the weighted targets of the route. */
  weight?: number
  /** `<account>/<name>` */
  trunk?: string
  members: readonly Member[]
}
export interface Member {
  bind: BindId
  /** Its share of the trunk. */
  weight: number
}

/** Turns are spread by this share of the whole: the weights are met evenly from the first turns on. */
const goldenShare = (Math.sqrt(5) - 1) / 2

/** Every member, best first, and those that were passed over. */
export function memberOrder(place: Place, { load }: Pick<Question, 'load'>): { order: readonly Member[]; passed: readonly Member[] } {
  const { members, trunk } = place
  if (trunk === undefined || members.length === 1) return { order: members, passed: [] }
  const turn = load?.turn(trunk) ?? 0
  if (!load) return { order: inTurn(members, turn), passed: [] }
  const ready = members.filter((member) => load.fitness(member.bind) === 'ready')
  if (ready.length === members.length) return { order: inTurn(members, turn), passed: [] }
  const rest = members.filter((member) => load.fitness(member.bind) === 'resting')
  const down = members.filter((member) => !ready.includes(member) && !rest.includes(member))
  const order = [...inTurn(ready, turn), ...inTurn(rest, turn), ...inTurn(down, turn)]
  return { order, passed: ready.length > 0 ? [...rest, ...down] : [] }
}

/** The one whose turn it is, then those after it. */
function inTurn(members: readonly Member[], turn: number): readonly Member[] {
  if (members.length < 2) return members
  const first = firstInTurn(members, turn)
  return [...members.slice(first), ...members.slice(0, first)]
}

function firstInTurn(members: readonly Member[], turn: number): number {
  if (members.every((member) => member.weight === members[0]!.weight)) return turn % members.length
  let total = 0
  for (const { weight } of members) total += weight
  let left = ((turn * goldenShare) % 1) * total
  for (let i = 0; i < members.length; i++) {
    left -= members[i]!.weight
    if (left < 0) return i
  }
  return members.length - 1
}
