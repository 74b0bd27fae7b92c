// JSON of what every message leaves behind, written by hand: JSON.stringify takes three to five times
// as long, and a message's life is written four times. Each reads back as JSON.stringify's would.
import type { Cdr } from '../../model/cdr.ts'
import type { FailureFacts } from '../../model/failure.ts'
import type { Life, LifeEntry } from '../../model/life.ts'
import type { Address } from '../../model/address.ts'
import type { Message } from '../../model/message.ts'
import type { Report } from '../../model/receipt.ts'

/** What needs no escape in JSON: no quote, backslash, control character or half of a pair. */
const plain = /^[ !#-[\]-~\u00a0-\u2027\u202a-\ud7ff\ue000-\uffff]*$/

export function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text)
}

export function lifeJson(life: Life): string {
  let text = `{"state":"${life.state}","segments":[`
  for (let i = 0; i < life.segments.length; i++) {
    const segment = life.segments[i]!
    text += i === 0 ? `{"state":"${segment.state}"` : `,{"state":"${segment.state}"`
    if (segment.ref !== undefined) text += `,"ref":${quoted(segment.ref)}`
    if (segment.bind !== undefined) text += `,"bind":${quoted(segment.bind)}`
    if (segment.final !== undefined) text += segment.final ? ',"final":true' : ',"final":false'
    if (segment.at !== undefined) text += `,"at":${segment.at}`
    if (segment.error !== undefined) text += `,"error":${quoted(segment.error)}`
    text += '}'
  }
  text += `],"attempts":${life.attempts},"updatedAt":${life.updatedAt}`
  if (life.bind !== undefined) text += `,"bind":${quoted(life.bind)}`
  if (life.sentAt !== undefined) text += `,"sentAt":${life.sentAt}`
  if (life.finalAt !== undefined) text += `,"finalAt":${life.finalAt}`
  return text + failure(life.failure) + '}'
}

function failure(facts: FailureFacts | undefined): string {
  return facts === undefined ? '' : `,"failure":${JSON.stringify(facts)}`
}

/** Entries of the kinds that every message has; of the others as JSON.stringify does. */
export function entryJson(entry: LifeEntry): string {
  switch (entry.what) {
    case 'accepted':
      return `{"at":${entry.at},"what":"accepted","via":${quoted(entry.via)}}`
    case 'attempt': {
      let text = `{"at":${entry.at},"what":"attempt","n":${entry.n},"bind":${quoted(entry.bind)},"outcome":"${entry.outcome}"`
      if (entry.tookMs !== undefined) text += `,"tookMs":${entry.tookMs}`
      return text + list('refs', entry.refs) + failure(entry.failure) + list('wire', entry.wire) + '}'
    }
    case 'receipt': {
      let text = `{"at":${entry.at},"what":"receipt","bind":${quoted(entry.bind)},"ref":${quoted(entry.ref)}`
      text += `,"segment":${entry.segment},"state":"${entry.state}","final":${entry.final ? 'true' : 'false'}`
      if (entry.error !== undefined) text += `,"error":${quoted(entry.error)}`
      if (entry.form !== undefined) text += `,"form":${quoted(entry.form)}`
      return entry.wire === undefined ? text + '}' : `${text},"wire":${JSON.stringify(entry.wire)}}`
    }
    case 'report': {
      const text = `{"at":${entry.at},"what":"report","state":"${entry.state}","n":${entry.n},"outcome":"${entry.outcome}"`
      return text + failure(entry.failure) + list('wire', entry.wire) + '}'
    }
    case 'final':
      return `{"at":${entry.at},"what":"final","state":"${entry.state}"${failure(entry.failure)}}`
    default:
      return JSON.stringify(entry)
  }
}

function list(name: string, texts: readonly string[] | undefined): string {
  if (texts === undefined) return ''
  let text = `,"${name}":[`
  for (let i = 0; i < texts.length; i++) text += i === 0 ? quoted(texts[i]!) : `,${quoted(texts[i]!)}`
  return text + ']'
}

/** Parted by commas, after what is there. */
export function entriesJson(before: string, entries: readonly LifeEntry[]): string {
  let text = before
  for (let i = 0; i < entries.length; i++) text += text === '' ? entryJson(entries[i]!) : `,${entryJson(entries[i]!)}`
  return text
}

/** Octets as Base64: reads back by thaw. */
export function messageJson(message: Message): string {
  let text =
    `{"id":"${message.id}","account":"${message.account}","direction":"${message.direction}","arrival":${quoted(message.arrival)}` +
    `,"acceptedAt":${message.acceptedAt},"validUntil":${message.validUntil},"segments":${message.segments}` +
    `,"from":${addressJson(message.from)},"to":${addressJson(message.to)},"body":${bodyJson(message)}` +
    `,"priority":${message.priority},"receipt":"${message.receipt}"`
  if (message.mode !== undefined) text += `,"mode":"${message.mode}"`
  if (message.deliverAfter !== undefined) text += `,"deliverAfter":${message.deliverAfter}`
  if (message.ref !== undefined) text += `,"ref":${quoted(message.ref)}`
  if (message.progress !== undefined) text += message.progress ? ',"progress":true' : ',"progress":false'
  if (message.report !== undefined) text += `,"report":${wordsJson(message.report)}`
  if (message.extras !== undefined) text += `,"extras":${wordsJson(message.extras)}`
  if (message.origin !== undefined) text += `,"origin":${quoted(message.origin)}`
  if (message.service !== undefined) text += `,"service":${quoted(message.service)}`
  if (message.keyword !== undefined) text += `,"keyword":"${message.keyword}"`
  return text + '}'
}

function addressJson({ value, ton, npi }: Address): string {
  return `{"value":${quoted(value)},"ton":"${ton}","npi":"${npi}"}`
}

function bodyJson({ body }: Message): string {
  switch (body.kind) {
    case 'text':
      return `{"kind":"text","text":${quoted(body.text)}${classJson(body.messageClass)}${body.ucs2 ? ',"ucs2":true' : ''}}`
    case 'binary': {
      const udh = body.udh ? `,"udh":"${base64(body.udh)}"` : ''
      return `{"kind":"binary","data":"${base64(body.data)}"${udh}${classJson(body.messageClass)}}`
    }
    case 'mms':
      return JSON.stringify(body)
  }
  return body satisfies never
}

function classJson(messageClass: number | undefined): string {
  return messageClass === undefined ? '' : `,"messageClass":${messageClass}`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function wordsJson(words: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name in words) text += `${text === '' ? '{' : ','}${quoted(name)}:${quoted(words[name]!)}`
  return text === '' ? '{}' : `${text}}`
}

export function reportJson(report: Report): string {
  let text = `{"state":"${report.state}","at":${report.at}${failure(report.failure)}`
  if (report.doneAt !== undefined) text += `,"doneAt":${report.doneAt}`
  if (report.error !== undefined) text += `,"error":${quoted(report.error)}`
  if (report.extras !== undefined) text += `,"extras":${wordsJson(report.extras)}`
  return text + '}'
}

export function cdrJson(cdr: Cdr): string {
  let text =
    `{"message":"${cdr.message}","account":"${cdr.account}","direction":"${cdr.direction}","kind":"${cdr.kind}"` +
    `,"from":${quoted(cdr.from)},"to":${quoted(cdr.to)},"sourceBind":${quoted(cdr.sourceBind)}${list('carrierRefs', cdr.carrierRefs)}` +
    `,"segments":${cdr.segments},"priority":${cdr.priority},"attempts":${cdr.attempts},"state":"${cdr.state}"` +
    `,"acceptedAt":"${cdr.acceptedAt}","finalAt":"${cdr.finalAt}"`
  if (cdr.sentAt !== undefined) text += `,"sentAt":"${cdr.sentAt}"`
  if (cdr.destinationBind !== undefined) text += `,"destinationBind":${quoted(cdr.destinationBind)}`
  if (cdr.route !== undefined) text += `,"route":${quoted(cdr.route)}`
  if (cdr.ref !== undefined) text += `,"ref":${quoted(cdr.ref)}`
  if (cdr.failure !== undefined) text += `,"failure":${quoted(cdr.failure)}`
  if (cdr.peer !== undefined) text += `,"peer":${quoted(cdr.peer)}`
  return text + '}'
}
