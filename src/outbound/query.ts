// Which part of a URL a parser would leave as it is. Many webhook URLs differ only in their query (a
// message's number), so what is learned of the rest may be kept and found again without parsing.

/** What the query of an http URL may hold without being rewritten (WHATWG URL, special-query percent-encode set). */
const untouched = /^[!$%&(-;=?-~]+$/
const printable = /^[!-~]+$/

/**
 * Where the query begins (its `?`), when it is not empty, is the end of the URL and stays as it is
 * written, and when the text before it means the same alone; -1 otherwise.
 */
export function plainQueryAt(url: string): number {
  const at = url.indexOf('?')
  if (at < 1 || url.includes('#') || !untouched.test(url.slice(at + 1))) return -1
  return printable.test(url.slice(0, at)) ? at : -1
}
