// A long answer as JSON piece by piece, so that writing it holds nobody up: what is made at once is a few
// items of a long list.
import { chunks } from '../../admin/slices.ts'

/** Items of a list that are written together. */
const itemsAtOnce = 50

/** An object with a list at its top that is not written at once. */
export function isLong(answer: unknown): answer is object {
  return typeof answer === 'object' && answer !== null && Object.values(answer).some(isLongList)
}

function isLongList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > itemsAtOnce
}

/** The same text as JSON.stringify. */
export function* jsonPieces(answer: object): Generator<string, undefined> {
  let before = '{'
  for (const [key, value] of Object.entries(answer) as [string, unknown][]) {
    if (value === undefined) continue
    const head = `${before}${JSON.stringify(key)}:`
    before = ','
    if (isLongList(value)) {
      let between = `${head}[`
      for (const items of chunks(value, itemsAtOnce)) {
        yield between + JSON.stringify(items).slice(1, -1)
        between = ','
      }
      yield ']'
    } else yield head + JSON.stringify(value)
  }
  yield before === '{' ? '{}' : '}'
  return undefined
}
