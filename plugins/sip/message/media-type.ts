// Media types of bodies (RFC 3261 §25.1 media-type), taken apart. What is malformed has no parameters.

/** Type and subtype in lower case: `text/plain`. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** In lower case; undefined when none is named. */
export function charsetOf(contentType: string): string | undefined {
  return parameter(contentType, 'charset')?.toLowerCase()
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
