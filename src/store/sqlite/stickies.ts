// Sticky senders: which sender of a service each handset is written to from, all of them in memory, so
// that a submission asks without waiting; twelve octets a number and room to spare, for there may be
// millions. Memory follows the journal: what it says is durable. A service that is gone takes its own along
// with the next start.
import type { AccountId } from '../../model/message.ts'
import type { Stickies } from '../store.ts'
import type { Inner } from './inner.ts'
import { compact } from './optouts.ts'

export interface HeldStickies extends Stickies {
  put(account: number, service: string, handset: string, sender: string): void
}

/** Of one service. Numbers in open addressing, 0 for none; all other handsets by their names. */
interface Book {
  numbers: Float64Array
  /** At the same places: which of `senders`. */
  chosen: Uint32Array
  size: number
  named: Map<string, number>
  senders: string[]
  places: Map<string, number>
}

const firstSlots = 16
/** Fuller, and finding a number takes many steps. */
const mostFull = 0.6

const emptyBook = (): Book => ({
  numbers: new Float64Array(firstSlots),
  chosen: new Uint32Array(firstSlots),
  size: 0,
  named: new Map(),
  senders: [],
  places: new Map(),
})

/** Where the number is, or would be. */
function slotOf(numbers: Float64Array, number: number): number {
  const mask = numbers.length - 1
  const mixed = Math.imul(((number % 0x1_0000_0000) | 0) ^ (number / 0x1_0000_0000), 0x9e37_79b1)
  let slot = (mixed ^ (mixed >>> 15)) & mask
  while (numbers[slot] !== 0 && numbers[slot] !== number) slot = (slot + 1) & mask
  return slot
}

function grow(book: Book): void {
  const { numbers, chosen } = book
  book.numbers = new Float64Array(numbers.length * 2)
  book.chosen = new Uint32Array(numbers.length * 2)
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] === 0) continue
    const slot = slotOf(book.numbers, numbers[i]!)
    book.numbers[slot] = numbers[i]!
    book.chosen[slot] = chosen[i]!
  }
}

function hold(book: Book, handset: string, sender: string): void {
  let place = book.places.get(sender)
  if (place === undefined) book.places.set(sender, (place = book.senders.push(sender) - 1))
  const party = compact(handset)
  if (typeof party === 'string') return void book.named.set(party, place)
  if (book.size >= book.numbers.length * mostFull) grow(book)
  const slot = slotOf(book.numbers, party)
  if (book.numbers[slot] === 0) book.size++
  book.numbers[slot] = party
  book.chosen[slot] = place
}

function held(book: Book, handset: string): string | undefined {
  const party = compact(handset)
  if (typeof party === 'string') {
    const place = book.named.get(party)
    return place === undefined ? undefined : book.senders[place]
  }
  const slot = slotOf(book.numbers, party)
  return book.numbers[slot] === 0 ? undefined : book.senders[book.chosen[slot]!]
}

/** `known` has the handsets of a sender parted by units (ASCII). */
export function createStickies(
  { names, commit }: Pick<Inner, 'names' | 'commit'>,
  known: readonly (readonly [account: number, service: string, sender: string, handsets: string])[],
): HeldStickies {
  const books = new Map<AccountId, Map<string, Book>>()

  function bookOf(account: AccountId, service: string): Book {
    let own = books.get(account)
    if (!own) books.set(account, (own = new Map<string, Book>()))
    let book = own.get(service)
    if (!book) own.set(service, (book = emptyBook()))
    return book
  }

  for (const [account, service, sender, handsets] of known) {
    const book = bookOf(names.text(account), service)
    for (const handset of handsets.split('\x1f')) hold(book, handset, sender)
  }

  return {
    of(account, service, handset) {
      const book = books.get(account)?.get(service)
      return book && held(book, handset)
    },
    put(account, service, handset, sender) {
      commit.add(
        { kind: 'sticky', account, service, handset, sender },
        // Refused together with its message, which says so.
        { refused: () => {}, done: () => hold(bookOf(names.text(account), service), handset, sender) },
      )
    },
  }
}
