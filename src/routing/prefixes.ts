// Longest prefix first in as many steps as the text has characters, however many prefixes there are.

export interface PrefixNode<T> {
  /** Characters of the prefix that ends here. */
  length: number
  children: (PrefixNode<T> | undefined)[]
  /** Characters other than `+` and digits: SIP URIs, names. */
  others?: Map<string, PrefixNode<T>>
  /** What ends here. */
  items?: T[]
  /** The longest shorter prefix that has items. */
  shorter?: PrefixNode<T>
}

const plus = 0x2b // '+' to '9' are neighbours in ASCII, but for , - . /

export function prefixTree<T>(entries: Iterable<readonly [prefix: string, item: T]>): PrefixNode<T> {
  const root: PrefixNode<T> = { length: 0, children: [] }
  for (const [prefix, item] of entries) {
    let node = root
    for (let i = 0; i < prefix.length; i++) node = grow(node, prefix, i)
    ;(node.items ??= []).push(item)
  }
  link(root, undefined)
  return root
}

/** The node of the longest prefix with items; the shorter ones hang on `shorter`. */
export function longest<T>(root: PrefixNode<T>, text: string): PrefixNode<T> | undefined {
  let node = root
  for (let i = 0; i < text.length; i++) {
    const place = text.charCodeAt(i) - plus
    const next: PrefixNode<T> | undefined = place >= 0 && place < 15 ? node.children[place] : node.others?.get(text[i]!)
    if (!next) break
    node = next
  }
  return node.items ? node : node.shorter
}

function grow<T>(node: PrefixNode<T>, text: string, i: number): PrefixNode<T> {
  const place = text.charCodeAt(i) - plus
  if (place >= 0 && place < 15) return (node.children[place] ??= { length: node.length + 1, children: [] })
  const others = (node.others ??= new Map())
  const known = others.get(text[i]!)
  if (known) return known
  const made: PrefixNode<T> = { length: node.length + 1, children: [] }
  others.set(text[i]!, made)
  return made
}

function link<T>(node: PrefixNode<T>, shorter: PrefixNode<T> | undefined): void {
  if (shorter) node.shorter = shorter
  const next = node.items ? node : shorter
  for (const child of node.children) if (child) link(child, next)
  for (const child of node.others?.values() ?? []) link(child, next)
}
