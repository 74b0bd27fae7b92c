// The paths that a pattern of the facade's table means, with `{}` where anything goes: what is optional
// with and without, of alternatives each. So a route that is new in the table is walked without a change.

const anything = '{}'

/** Knows what the table's patterns use: literals, classes, groups, `|`, `?`, `*`, `+` and `{n}`; throws at anything else. */
export function expand({ source }: RegExp): string[] {
  let at = 0

  function alternatives(): string[] {
    const all = sequence()
    while (source[at] === '|') {
      at++
      all.push(...sequence())
    }
    return all
  }

  function sequence(): string[] {
    let paths = ['']
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const piece = quantified(atom())
      paths = paths.flatMap((path) => piece.map((more) => path + more))
    }
    return paths
  }

  function atom(): string[] {
    const char = source[at++]!
    if (char === '^' || char === '$') return ['']
    if (char === '.') return [anything]
    if (char === '[') {
      at = source.indexOf(']', at) + 1
      return [anything]
    }
    if (char === '\\') {
      const escaped = source[at++]!
      return [/[dws]/i.test(escaped) ? anything : escaped]
    }
    if (char !== '(') return [char]
    const looks = /^\?[=!]/.test(source.slice(at))
    at += /^\?(?:[:=!]|<\w+>)/.exec(source.slice(at))?.[0].length ?? 0
    const inner = alternatives()
    if (source[at++] !== ')') throw new Error(`not understood at ${at}: ${source}`)
    return looks ? [''] : inner
  }

  function quantified(piece: string[]): string[] {
    const quantifier = /^(?:[?*+]|\{[\d,]+\})/.exec(source.slice(at))?.[0]
    at += quantifier?.length ?? 0
    if (quantifier !== undefined && piece.length === 1 && piece[0] === anything) return piece
    return quantifier === '?' || quantifier === '*' ? ['', ...piece] : piece
  }

  const all = alternatives()
  if (at !== source.length) throw new Error(`not understood at ${at}: ${source}`)
  return [...new Set(all)]
}
