// What strace saw of a process that keeps files, as events in the order of time: a call begins, perhaps
// others come between, and it ends. Only what a disk or somebody outside could notice is told.

export type Call =
  | { what: 'open'; path: string; fd: number; truncates: boolean; creates: boolean; appends: boolean; synced: boolean }
  /** `at` undefined: where the last write of this descriptor ended. */
  | { what: 'write'; path: string; fd: number; at: number | undefined; data: Buffer }
  | { what: 'truncate'; path: string; size: number }
  | { what: 'sync'; path: string }
  | { what: 'rename'; from: string; to: string }
  | { what: 'unlink'; path: string }
  | { what: 'mkdir'; path: string }
  /** To a socket, a pipe, a terminal. */
  | { what: 'say'; text: string }

export interface Event {
  phase: 'begin' | 'end'
  call: Call
}

const traced =
  'openat,write,writev,pwrite64,sendto,sendmsg,ftruncate,fsync,fdatasync,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat'
/** For `strace`: every call that `read` knows, in full. */
export const straceArguments: readonly string[] = [
  '-f',
  '--seccomp-bpf',
  '-y',
  '-s',
  '16777216',
  '-e',
  `trace=${traced}`,
  '-e',
  'signal=none',
]

/** `directory`: only its files matter; what is written to others is neither kept nor said. */
export function read(log: string, directory: string): Event[] {
  const events: Event[] = []
  const open = new Map<string, { name: string; args: string; call: Call | undefined }>()
  for (const line of log.split('\n')) {
    const head = /^(\d+) +(?:(\w+)\(|<\.\.\. (\w+) resumed>)/.exec(line)
    if (!head) continue
    const [{ length }, thread, name = '', resumed] = head as unknown as [string, string, string | undefined, string | undefined]
    const rest = line.slice(length)
    const unfinished = rest.endsWith(' <unfinished ...>')
    const result = unfinished ? undefined : /\) += (-?\d+)(?:<.*>)?(?: E.*)?$/.exec(rest)
    if (!unfinished && !result) continue
    const args = unfinished ? rest.slice(0, -' <unfinished ...>'.length) : rest.slice(0, result!.index)
    const before = resumed === undefined ? undefined : open.get(thread)
    open.delete(thread)
    if (resumed !== undefined && before?.name !== resumed) continue
    const [whole, from] = before ? [before.args + args, before.name] : [args, name]
    const call = before?.call ?? callOf(from, whole, directory)
    if (unfinished) open.set(thread, { name: from, args: whole, call })
    if (!call) continue
    if (!before) events.push({ phase: 'begin', call })
    if (unfinished || !result) continue
    const value = Number(result[1])
    if (value < 0) continue
    if (call.what === 'open') call.fd = value
    // A write may take less than it was given.
    if (call.what === 'write') call.data = call.data.subarray(0, value)
    events.push({ phase: 'end', call })
  }
  return events
}

function callOf(name: string, args: string, directory: string): Call | undefined {
  const inside = (path: string): boolean => path === directory || path.startsWith(`${directory}/`)
  const [, fd = '', path = ''] = /^(\d+)<([^>]*)>/.exec(args) ?? []
  switch (name) {
    case 'openat': {
      const opened = strings(args)[0]?.toString()
      if (opened === undefined || !inside(opened)) return undefined
      const has = (flag: string): boolean => new RegExp(`\\b${flag}\\b`).test(args.slice(args.lastIndexOf('"')))
      return {
        what: 'open',
        path: opened,
        fd: -1,
        truncates: has('O_TRUNC'),
        creates: has('O_CREAT'),
        appends: has('O_APPEND'),
        synced: has('O_DSYNC') || has('O_SYNC'),
      }
    }
    case 'write':
    case 'pwrite64':
    case 'writev':
    case 'sendto':
    case 'sendmsg': {
      if (path.startsWith('/') && !inside(path)) return undefined
      const data = Buffer.concat(strings(args))
      if (!inside(path)) return { what: 'say', text: data.toString('latin1') }
      const at = name === 'pwrite64' ? Number(args.slice(args.lastIndexOf(',') + 1)) : undefined
      return { what: 'write', path, fd: Number(fd), at, data }
    }
    case 'ftruncate':
      return inside(path) ? { what: 'truncate', path, size: Number(args.slice(args.lastIndexOf(',') + 1)) } : undefined
    case 'fsync':
    case 'fdatasync':
      return inside(path) ? { what: 'sync', path } : undefined
    case 'unlink':
    case 'unlinkat':
    case 'mkdir':
    case 'mkdirat': {
      const named = strings(args)[0]?.toString() ?? ''
      return inside(named) ? { what: name.startsWith('mkdir') ? 'mkdir' : 'unlink', path: named } : undefined
    }
    case 'rename':
    case 'renameat':
    case 'renameat2': {
      const [from, to] = strings(args).map(String)
      return from !== undefined && to !== undefined && inside(to) ? { what: 'rename', from, to } : undefined
    }
    default:
      return undefined
  }
}

const [quote, backslash, zero, seven] = [34, 92, 48, 55]
/** After a backslash; any other character stands for itself. */
const escapes = new Map(
  Object.entries({ n: 10, t: 9, r: 13, v: 11, f: 12, a: 7, b: 8 }).map(([letter, code]) => [letter.charCodeAt(0), code]),
)

/** Those in quotation marks, as strace escapes them: like C, with octal numbers of one to three digits. */
function strings(args: string): Buffer[] {
  const found: Buffer[] = []
  for (let at = args.indexOf('"'); at >= 0; at = args.indexOf('"', at)) {
    const into = Buffer.allocUnsafe(args.length - at)
    let length = 0
    for (at++; at < args.length; at++) {
      let code = args.charCodeAt(at)
      if (code === quote) break
      if (code === backslash) {
        code = args.charCodeAt(++at)
        if (code >= zero && code <= seven) {
          code -= zero
          for (let digits = 1; digits < 3; digits++) {
            const next = args.charCodeAt(at + 1)
            if (!(next >= zero && next <= seven)) break
            code = code * 8 + next - zero
            at++
          }
        } else code = escapes.get(code) ?? code
      }
      into[length++] = code
    }
    at++
    found.push(into.subarray(0, length))
  }
  return found
}
