// What a run of the fuzz found, as a section of docs/fuzz.md: one a protocol, each replaced by itself.
import { cpus } from 'node:os'
import type { FuzzReport } from './fuzz.ts'
import type { SipFuzzReport } from './sip.ts'

export interface Ran {
  seed: number
  from: number
  /** CPU. */
  seconds: number
}

const n = (value: number): string => value.toLocaleString('en')
const mb = (octets: number): string => `${(octets / 2 ** 20).toFixed(1)} MB`
const counted = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([what, times]) => `${what} ${n(times)}`)
    .join(', ')

const again = (cases: number, { seed, from }: Ran): string => `--cases ${cases} --seed ${seed}${from === 0 ? '' : ` --from ${from}`}`

function table(rows: readonly (readonly [string, string])[], cases: number, { seconds }: Ran): string[] {
  const all = [
    ...rows,
    ['time', `${Math.round(seconds)} s, ${((seconds * 1e6) / cases).toFixed(1)} µs CPU a case with its checks`],
    ['machine', `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`],
  ]
  return ['| | |', '|---|---|', ...all.map((row) => `| ${row.join(' | ')} |`), '']
}

export function smppSection(run: FuzzReport, ran: Ran): string {
  return [
    '# Fuzz of the SMPP decoder and link',
    '',
    `Written by \`npm run fuzz -- ${again(run.pdus, ran)} --report docs/fuzz.md\`; the same seed gives the same PDUs. \`npm test\` runs the first 40,000 of seed 1.`,
    '',
    'Valid PDUs of every command are changed (bits, octets, words, cut, stretched, repeated, spliced with another, TLVs added with right and wrong lengths, another command_id or command_status) and written in pieces of any size over a real connection to a link, half the time one that we dialled, half the time one that we accepted. Of every PDU it is held that nothing is thrown and that a request is answered once, in its turn, by its sequence number; of one in eight, that a request which could be read is written again octet by octet as it came, and that a trace shows it without a throw and without changing its length. Of every session it is held that each of our own requests is settled exactly once and that it ends for the reason given: broken framing, half a PDU, unbind, or a closed connection.',
    '',
    ...table(
      [
        ['PDUs', n(run.pdus)],
        ['sessions', n(run.sessions)],
        ['which ended by', counted(run.endings)],
        ['requests read', n(run.read)],
        ['requests refused', n(run.refused)],
        ['responses', n(run.responses)],
        ['heap after a tenth, and at the end', `${mb(run.heap.early)}, ${mb(run.heap.late)}`],
      ],
      run.pdus,
      ran,
    ),
  ].join('\n')
}

export function sipSection(run: SipFuzzReport, ran: Ran): string {
  return [
    '# Fuzz of the SIP codec and engine',
    '',
    `Written by \`npm run fuzz -- --protocol sip ${again(run.messages, ran)} --report docs/fuzz.md\`; the same seed gives the same messages. \`npm test\` runs the first 10,000 of seed 1.`,
    '',
    'Messages of real softphones and the torture messages of RFC 4475 and RFC 5118 are changed (bits, octets that mean something, words of the grammar, cut, stretched up to 20,000 octets, repeated, spliced with another, lines exchanged; in a quarter the Content-Length is made true again). Of every message it is held that reading it throws nothing and takes no time; that what was read is written and read again as the same, field by field; that what was refused can be told so. Of four messages one behind the other it is held that the same comes out of a stream however it is cut, and that no more is kept than the limits say. One in ten goes to an engine over UDP and TCP: it answers no more than once, closes what it must, keeps no connection, and serves whoever comes next.',
    '',
    ...table(
      [
        ['messages', n(run.messages)],
        ['requests read', n(run.requests)],
        ['responses read', n(run.responses)],
        ['refused, by status', counted(run.refused)],
        ['of which cannot be answered', n(run.dropped)],
        ['streams, of which lost their framing', `${n(run.streams)}, ${n(run.lost)}`],
        ['datagrams to the engine, and its answers', `${n(run.datagrams)}, ${n(run.answers)}`],
        ['slowest to read', `${run.slowestMs.toFixed(1)} ms`],
        ['heap after a tenth, and at the end', `${mb(run.heap.early)}, ${mb(run.heap.late)}`],
      ],
      run.messages,
      ran,
    ),
  ].join('\n')
}

/** The page with this section in place of the one with the same heading, or behind all others. */
export function withSection(page: string, section: string): string {
  const heading = section.slice(0, section.indexOf('\n'))
  const others = page.split(/^(?=# )/m)
  const at = others.findIndex((each) => each.startsWith(`${heading}\n`))
  const whole = at === -1 ? [...others, section] : others.with(at, section)
  return whole.map((each) => `${each.trimEnd()}\n`).join('\n')
}
