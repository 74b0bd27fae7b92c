import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isZone, openTimes } from './window.ts'

test('follows daylight saving of its zone', () => {
  const open = openTimes({ days: [], from: '08:00', to: '18:00', zone: 'Europe/Berlin' })
  assert.equal(open.isOpen(Date.UTC(2026, 0, 5, 6, 59)), false)
  assert.equal(open.isOpen(Date.UTC(2026, 0, 5, 7, 0)), true)
  assert.equal(open.isOpen(Date.UTC(2026, 6, 6, 6, 0)), true)
  assert.equal(open.isOpen(Date.UTC(2026, 6, 6, 5, 59)), false)
  assert.equal(open.isOpen(Date.UTC(2026, 6, 6, 16, 0)), false)
})

test('a window past midnight belongs to the day on which it opened', () => {
  const open = openTimes({ days: [5], from: '22:00', to: '06:00', zone: 'UTC' })
  assert.equal(open.isOpen(Date.UTC(2026, 0, 9, 23)), true) // Friday night
  assert.equal(open.isOpen(Date.UTC(2026, 0, 10, 5, 59)), true) // Saturday morning
  assert.equal(open.isOpen(Date.UTC(2026, 0, 10, 6)), false)
  assert.equal(open.isOpen(Date.UTC(2026, 0, 9, 5)), false) // Friday morning: Thursday's window
})

test('works with zones a quarter of an hour off, and west of the date line', () => {
  const nepal = openTimes({ days: [1], from: '00:00', to: '00:30', zone: 'Asia/Kathmandu' })
  assert.equal(nepal.isOpen(Date.UTC(2026, 0, 4, 18, 15)), true) // Monday 00:00 at +05:45
  assert.equal(nepal.isOpen(Date.UTC(2026, 0, 4, 18, 14)), false)
  const all = openTimes({ days: [0], from: '00:00', to: '24:00', zone: 'Pacific/Honolulu' })
  assert.equal(all.isOpen(Date.UTC(2026, 0, 5, 9, 59)), true) // still Sunday there
  assert.equal(all.isOpen(Date.UTC(2026, 0, 5, 10)), false)
})

test('knows which zones there are', () => {
  assert.equal(isZone('Europe/Berlin'), true)
  assert.equal(isZone('Mars/Olympus'), false)
})
