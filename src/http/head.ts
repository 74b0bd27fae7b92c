// The head of a plain HTTP/1.1 request (RFC 9112). Undefined for whatever is not plain: that is for
// node:http to read, or to refuse.

export interface Head {
  method: string
  url: string
  /** Octets of the body. */
  length: number
  /** Names in lower case and their values, in turn. */
  headers: string[]
}

const requestLine = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.1\r\n/
/** No folding, no blank before the colon, nothing but printable ASCII and blanks in values. */
const field = /([A-Za-z0-9-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?[ \t]*\r\n/y
/** They change where a request ends, what is said before it does, or what its body is. */
const unusual: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
])

/** `text` ends with the line end of its last header. */
export function readHead(text: string): Head | undefined {
  const line = requestLine.exec(text)
  if (!line) return undefined
  const head: Head = { method: line[1]!, url: line[2]!, length: -1, headers: [] }
  let hosts = 0
  for (let at = line[0].length; at < text.length; at = field.lastIndex) {
    field.lastIndex = at
    const found = field.exec(text)
    if (!found) return undefined
    const name = found[1]!.toLowerCase()
    const value = found[2] ?? ''
    if (unusual.has(name)) return undefined
    if (name === 'host') hosts++
    else if (name === 'connection') {
      if (value.toLowerCase() !== 'keep-alive') return undefined
    } else if (name === 'content-length') {
      if (head.length >= 0 || !/^\d{1,9}$/.test(value)) return undefined
      head.length = Number(value)
    }
    head.headers.push(name, value)
  }
  if (hosts !== 1) return undefined
  if (head.length < 0) head.length = 0
  return head
}
