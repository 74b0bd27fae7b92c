// schedule_delivery_time and validity_period of a client (SMPP 5.0 §4.7.23): absolute or relative, and refused where
// they cannot be kept.
import { mostAheadMs, type Submission } from '../../../src/plugin.ts'
import { statuses } from '../codec/index.ts'
import { receiptDate } from '../mapping/time.ts'

const timeLength = 16
/** YYMMDDhhmmss000R: years and months of the calendar, then days, hours, minutes and seconds. */
const relative = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\d\d\dR$/

/** Notes them on the submission, or says why not. */
export function readTimes(
  pdu: { schedule_delivery_time: string; validity_period: string },
  submission: Submission,
  now: number,
): { status: number; why: string } | undefined {
  if (pdu.schedule_delivery_time !== '') {
    const at = timeOf(pdu.schedule_delivery_time, now)
    if (at === undefined || at > now + mostAheadMs) return { status: statuses.ESME_RINVSCHED, why: 'schedule_delivery_time' }
    if (at > now) submission.deliverAfter = at
  }
  if (pdu.validity_period !== '') {
    const until = timeOf(pdu.validity_period, now)
    if (until === undefined || until <= Math.max(now, submission.deliverAfter ?? 0))
      return { status: statuses.ESME_RINVEXPIRY, why: 'validity_period' }
    submission.validUntil = until
  }
  return undefined
}

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
