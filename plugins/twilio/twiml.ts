// What a webhook answered, as verbs. Documents with a DOCTYPE or entities of their own are refused.
import { isUtf8 } from 'node:buffer'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import type { OutboundResponse } from '../../src/plugin.ts'
import { charsetNamed, charsetOf, isUtf8Name } from './charset.ts'

export type Verb =
  | { verb: 'message'; text: string; to?: string; from?: string; action?: string; method?: string; statusCallback?: string; media: number }
  | { verb: 'redirect'; url: string; method?: string }

/** `notes` say what was not understood and left out. */
export type Twiml = { ok: true; verbs: Verb[]; notes: string[] } | { ok: false; code: number; why: string }

interface Element {
  name: string
  attributes: Record<string, string>
  children: Element[]
  /** All text inside, outermost first. */
  text: string
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // Numeric references too.
  htmlEntities: true,
})

/** Deeper than any TwiML; counted before the parser, which would recurse. */
const maxDepth = 32

export function readAnswer(response: OutboundResponse): Twiml {
  const said = response.headers['content-type']
  const header = typeof said === 'string' ? said : ''
  const charset = charsetIn(response.body, header)
  const text = charset === undefined ? utf8(response.body) : charsetNamed(charset)?.read(response.body)
  if (text === undefined) return { ok: false, code: 12100, why: `the document is not ${charset?.slice(0, 40) ?? 'UTF-8'}` }
  if (text.trim() === '') return { ok: true, verbs: [], notes: [] }
  const type = header.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/plain') return { ok: true, verbs: [{ verb: 'message', text: text.trim(), media: 0 }], notes: [] }
  if (type === 'text/xml' || type === 'application/xml' || type === 'text/html') return readTwiml(text)
  return { ok: false, code: 12300, why: `Content-Type ${type === '' ? 'missing' : type.slice(0, 60)}: text/xml expected` }
}

const utf8 = (body: Buffer): string | undefined => (isUtf8(body) ? body.toString('utf8').replace(/^\ufeff/, '') : undefined)

/** RFC 7303 §3: a byte order mark counts before Content-Type, and that before the XML declaration. Undefined for UTF-8. */
function charsetIn(body: Buffer, type: string): string | undefined {
  const [a, b, c] = body
  if (a === 0xef && b === 0xbb && c === 0xbf) return undefined
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  if (/;\s*charset\s*=/i.test(type)) return charsetOf(type)
  // Whoever can read it as ASCII knows that it is no UTF-16, whatever it says: strings of .NET and Java say so.
  const declared = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["']/.exec(body.toString('latin1', 0, 200))?.[1]
  return declared === undefined || isUtf8Name(declared) || /^utf-?16/i.test(declared) ? undefined : declared
}

export function readTwiml(text: string): Twiml {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) return { ok: false, code: 12100, why: 'a DOCTYPE is not taken' }
  if (depthOf(text) > maxDepth) return { ok: false, code: 12100, why: `elements nested deeper than ${maxDepth}` }
  let roots: Element[]
  try {
    const valid = XMLValidator.validate(text)
    if (valid !== true) return { ok: false, code: 12100, why: `line ${valid.err.line}: ${valid.err.msg.slice(0, 120)}` }
    roots = elements(parser.parse(text))
  } catch (error) {
    return { ok: false, code: 12100, why: error instanceof Error ? error.message.slice(0, 120) : 'unreadable' }
  }
  const [root] = roots
  if (!root || root.name !== 'Response') return { ok: false, code: 12102, why: 'the root element must be Response' }
  const verbs: Verb[] = []
  const notes: string[] = []
  for (const element of root.children) {
    const verb = verbOf(element)
    if (verb) verbs.push(verb)
    else notes.push(`14110 <${element.name.slice(0, 40)}> is no verb for messages`)
    if (verb?.verb === 'redirect') break
  }
  return { ok: true, verbs, notes }
}

function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (const tag of text.matchAll(/<(\/?)[A-Za-z_][^<>]*?(\/?)>/g)) {
    if (tag[1]) depth--
    else if (!tag[2]) deepest = Math.max(deepest, ++depth)
  }
  return deepest
}

function elements(nodes: unknown): Element[] {
  if (!Array.isArray(nodes)) return []
  return nodes.flatMap((node: Record<string, unknown>) => {
    const name = Object.keys(node).find((key) => key !== ':@')
    if (name === undefined || name === '#text' || name.startsWith('?')) return []
    const inner = node[name]
    return [{ name, attributes: (node[':@'] as Record<string, string> | undefined) ?? {}, children: elements(inner), text: ownText(inner) }]
  })
}

function ownText(nodes: unknown): string {
  if (!Array.isArray(nodes)) return ''
  return nodes.map((node: Record<string, unknown>) => (typeof node['#text'] === 'string' ? node['#text'] : '')).join('')
}

function verbOf({ name, attributes, children, text }: Element): Verb | undefined {
  const { to, from, action, method, statusCallback } = attributes
  if (name === 'Redirect') return { verb: 'redirect', url: text.trim(), ...(method ? { method } : {}) }
  if (name !== 'Message' && name !== 'Sms') return undefined
  const bodies = children.filter((child) => child.name === 'Body').map((child) => child.text.trim())
  return {
    verb: 'message',
    text: [text.trim(), ...bodies].filter((part) => part !== '').join('\n'),
    media: children.filter((child) => child.name === 'Media').length,
    ...(to ? { to } : {}),
    ...(from ? { from } : {}),
    ...(action ? { action } : {}),
    ...(method ? { method } : {}),
    ...(statusCallback ? { statusCallback } : {}),
  }
}
