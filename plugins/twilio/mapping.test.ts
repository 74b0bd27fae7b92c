import assert from 'node:assert/strict'
import { it } from 'node:test'
import { idSource } from '../../src/ids.ts'
import { parseAddress } from '../../src/plugin.ts'
import { freshFields, type TextSubmission } from './mapping.ts'

it('says of a new message when it was made, though ids run ahead of a clock that was set back', () => {
  const to = parseAddress('+447700900123')!
  const submission: TextSubmission = { from: to, to, body: { kind: 'text', text: 'hello' }, priority: 1, receipt: 'none' }
  const now = Date.parse('2026-11-22T07:40:00Z')
  const madeAt = (id: string): number => freshFields(submission, id, 'AC1', '', now).createdAt
  assert.equal(madeAt(idSource(() => now + 3).next()), now + 3)
  assert.equal(madeAt(idSource(() => now + 3 * 86_400_000).next()), now)
})
