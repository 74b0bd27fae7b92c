import assert from 'node:assert/strict'
import { test } from 'node:test'
import { account } from '../../test/routing.ts'
import type { AlphaSenders } from './account.ts'
import type { Address } from './address.ts'
import { alphaSenderFault } from './alpha.ts'

const name = (value: string): Address => ({ value, ton: 'alphanumeric', npi: 'unknown' })
const number = (value: string): Address => ({ value, ton: 'international', npi: 'e164' })
const accounts = (root?: AlphaSenders, below?: AlphaSenders) =>
  new Map(
    [account('A', undefined, root ? { alphaSenders: root } : {}), account('B', 'A', below ? { alphaSenders: below } : {})].map((one) => [
      one.id,
      one,
    ]),
  )
const fault = (of: ReturnType<typeof accounts>, from: Address, to: string, by = 'B') =>
  alphaSenderFault({ accounts: of }, by, from, number(to))

test('a name may be used in its countries only, as the nearest account above says', () => {
  const listed = accounts({ ACME: ['+44', '+49'], PR: ['+1787'] })
  assert.equal(fault(listed, name('ACME'), '+447700900123'), undefined)
  assert.match(fault(listed, name('ACME'), '+33612345678')!, /may not be used for \+336/)
  assert.equal(fault(listed, name('PR'), '+17875550100'), undefined)
  assert.match(fault(listed, name('PR'), '+12125550100')!, /may not be used/)
  for (const other of ['Acme', 'ACM', 'toString', '__proto__'])
    assert.match(fault(listed, name(other), '+447700900123')!, /not among the names/, other)
  const own = accounts({ ACME: ['+44'] }, { SHOP: [''] })
  assert.equal(fault(own, name('SHOP'), '+33612345678'), undefined)
  assert.match(fault(own, name('ACME'), '+447700900123')!, /not among/)
  assert.match(fault(own, name('SHOP'), '+447700900123', 'A')!, /not among/)
})

test('where nobody says anything, and where any is said, every name will do; none will where the list is empty', () => {
  assert.equal(fault(accounts(), name('ACME'), '+447700900123'), undefined)
  assert.equal(fault(accounts({ ACME: ['+44'] }, 'any'), name('Other'), '+1'), undefined)
  assert.match(fault(accounts({}), name('ACME'), '+447700900123')!, /not among/)
  assert.equal(fault(accounts({}), number('+15005550006'), '+447700900123'), undefined, 'numbers are no names')
})
