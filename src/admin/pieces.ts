// A large value in pieces, so that handing it from one thread to another holds up neither: long lists are
// left empty at first, and what is in them follows, outer ones before inner ones.
import { isObject, type Path } from './schema.ts'

export interface Piece {
  /** Of a list; what comes first is the value itself, at no place. */
  path: Path
  items: readonly unknown[]
}

const mostItems = 50

export function inPieces(value: unknown): Piece[] {
  const rest: Piece[] = []
  const whole: Piece = { path: [], items: [cut(value, [], rest)] }
  return [whole, ...rest]
}

function cut(value: unknown, path: Path, rest: Piece[]): unknown {
  if (Array.isArray(value)) {
    const inner: Piece[] = []
    const items = value.map((item: unknown, i) => cut(item, [...path, i], inner))
    if (items.length <= mostItems) {
      for (const piece of inner) rest.push(piece)
      return items
    }
    for (let i = 0; i < items.length; i += mostItems) rest.push({ path, items: items.slice(i, i + mostItems) })
    for (const piece of inner) rest.push(piece)
    return []
  }
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, cut(child, [...path, key], rest)]))
}

/** Puts a piece where it belongs; the first is the value. */
export function joined(value: unknown, { path, items }: Piece): void {
  let at = value
  for (const key of path) at = (at as Record<string | number, unknown>)[key]
  for (const item of items) (at as unknown[]).push(item)
}
