// The TPDUs of TS 23.040 §9.2.2 as plain data. Names are the specification's, without their TP-;
// numbers that have a meaning of their own (dcs, status, fcs) stay numbers: reading them is the mapping's.

/** Type of number and numbering plan as numbers (TS 23.040 §9.1.2.5); `value` without a `+`: digits, `*`, `#`, a, b, c, or the text of an alphanumeric one (ton 5). */
export interface TpAddress {
  ton: number
  npi: number
  value: string
}

/** A time as its semi-octets say it, possible or not (TS 23.040 §9.2.3.11); `quarters` of an hour east of UTC. */
export interface TpTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  quarters: number
}

/** TP-VPF and TP-VP (TS 23.040 §9.2.3.12). `enhanced`: its seven octets. */
export type Validity =
  | { form: 'none' }
  | { form: 'relative'; octet: number }
  | { form: 'absolute'; time: TpTime }
  | { form: 'enhanced'; octets: Uint8Array }

/** TP-UD: of GSM 7-bit, septets one an octet; otherwise octets. `udh`: elements without their length octet. */
export interface TpUserData {
  udh?: Uint8Array
  data: Uint8Array
}

/** What a report may carry beside its head, as TP-PI says (TS 23.040 §9.2.3.27). */
export interface Parameters {
  pid?: number
  dcs?: number
  userData?: TpUserData
}

export interface Deliver {
  type: 'deliver'
  moreMessages: boolean
  loopPrevention: boolean
  statusReportIndication: boolean
  replyPath: boolean
  originator: TpAddress
  pid: number
  dcs: number
  scts: TpTime
  userData: TpUserData
}

export interface DeliverReport extends Parameters {
  type: 'deliver-report'
  /** TP-FCS: there exactly when an RP-ERROR carries it. */
  fcs?: number
}

export interface Submit {
  type: 'submit'
  rejectDuplicates: boolean
  statusReportRequest: boolean
  replyPath: boolean
  mr: number
  destination: TpAddress
  pid: number
  dcs: number
  validity: Validity
  userData: TpUserData
}

export interface SubmitReport extends Parameters {
  type: 'submit-report'
  /** TP-FCS: there exactly when an RP-ERROR carries it. */
  fcs?: number
  scts: TpTime
}

export interface StatusReport extends Parameters {
  type: 'status-report'
  moreMessages: boolean
  loopPrevention: boolean
  /** What it reports on. */
  qualifier: 'submit' | 'command'
  mr: number
  recipient: TpAddress
  scts: TpTime
  discharge: TpTime
  status: number
}

export interface Command {
  type: 'command'
  statusReportRequest: boolean
  mr: number
  pid: number
  commandType: number
  messageNumber: number
  destination: TpAddress
  udh?: Uint8Array
  data: Uint8Array
}

export type ToPhone = Deliver | SubmitReport | StatusReport
export type ToNetwork = Submit | DeliverReport | Command
export type Tpdu = ToPhone | ToNetwork

/** mt: from the network to a phone, mo: from a phone; the same type octet means one thing each way. */
export type Way = 'mt' | 'mo'

export type Read<T> = { ok: true; tpdu: T } | { ok: false; why: string }
