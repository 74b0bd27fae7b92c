// schedule_delivery_time and validity_period of a client (SMPP 5.0 §4.7.23): absolute or relative.
import { receiptDate } from '../mapping/time.ts'

const timeLength = 16
/** YYMMDDhhmmss000R: years and months of the calendar, then days, hours, minutes and seconds. */
const relative = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\d\d\dR$/

/** Epoch ms. Undefined: it is no such time. */
export function timeOf(text: string, now: number): number | undefined {
  if (text.length !== timeLength) return undefined
  if (text.charCodeAt(15) !== 0x52) return receiptDate(text)
  const match = relative.exec(text)
  if (!match) return undefined
  const [years, months, days, hours, minutes, seconds] = match.slice(1).map(Number) as [number, number, number, number, number, number]
  const exact = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
  if (years === 0 && months === 0) return now + exact
  const date = new Date(now)
  date.setUTCMonth(date.getUTCMonth() + years * 12 + months)
  return date.getTime() + exact
}
