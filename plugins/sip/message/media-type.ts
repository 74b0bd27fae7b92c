// Media types of bodies (RFC 3261 §25.1 media-type), taken apart. What is malformed has no parameters.

export interface MediaType {
  /** Type and subtype in lower case: `text/plain`. */
  type: string
  /** In lower case; undefined when none is named. */
  charset: string | undefined
}

// Everybody writes the same few.
const known = new Map<string, MediaType>()
const mostKnown = 256

export function readMediaType(contentType: string): MediaType {
  const same = known.get(contentType)
  if (same) return same
  const read: MediaType = { type: mediaTypeOf(contentType), charset: parameter(contentType, 'charset')?.toLowerCase() }
  if (known.size < mostKnown && contentType.length <= 100) known.set(Buffer.from(contentType).toString(), read)
  return read
}

/** Type and subtype in lower case: `text/plain`. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(';')
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  // RFC 3261 §25.1: blanks may stand around the slash.
  if (!type.includes(' ') && !type.includes('\t')) return type
  return type
    .split('/')
    .map((half) => half.trim())
    .join('/')
}

export function boundaryOf(contentType: string): string | undefined {
  const boundary = parameter(contentType, 'boundary')
  // RFC 2046 §5.1.1: 1 to 70 characters.
  return boundary !== undefined && boundary.length >= 1 && boundary.length <= 70 ? boundary : undefined
}

function parameter(contentType: string, name: string): string | undefined {
  const all = /;\s*([^\s;=]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/gs
  for (const [, key, quoted, token] of contentType.matchAll(all)) {
    if (key!.toLowerCase() === name) return quoted === undefined ? token : quoted.replaceAll(/\\(.)/gs, '$1')
  }
  return undefined
}
