// The programs nobody here wrote that tests run against, as far as this machine has them. With
// CI=true each of them must be there.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

export interface Peer {
  name: string
  /** What is looked for on the path; an absolute path is a file that is there or not. */
  program: string
  /** The Debian package that brings it. */
  debian: string
  /** What tests do with it. */
  what: string
}

/** In the order in which they are shown. `npm test` (scripts/test.mjs reads them here) installs exactly these with CI=true. */
export const peers = [
  { name: 'kannel', program: 'bearerbox', debian: 'kannel', what: 'another gateway: interop and the benchmark beside us' },
  {
    name: 'drive_smpp',
    program: '/usr/lib/kannel/test/drive_smpp',
    debian: 'kannel-extras',
    what: "Kannel's own message centre, a carrier of the supplier side",
  },
  { name: 'tshark', program: 'tshark', debian: 'tshark', what: 'an independent dissector of what we put on the wire' },
  {
    name: 'net-smpp',
    program: '/usr/share/perl5/Net/SMPP.pm',
    debian: 'libnet-smpp-perl',
    what: 'a client of the message centre, in Perl',
  },
  { name: 'sipp', program: 'sipp', debian: 'sip-tester', what: 'SIP apps and trunks by scenario, and the load of the benchmarks' },
  { name: 'kamailio', program: 'kamailio', debian: 'kamailio', what: 'a SIP proxy: trunk, outbound proxy, and the benchmark beside us' },
  { name: 'strace', program: 'strace', debian: 'strace', what: 'shows that no acknowledgement leaves before its write is synced' },
  { name: 'baresip', program: 'baresip', debian: 'baresip-core', what: 'a softphone that registers and exchanges texts' },
  { name: 'linphone', program: 'linphone-daemon', debian: 'linphone-cli', what: 'another, which asks for disposition notifications' },
  {
    name: 'python3-twilio',
    program: '/usr/lib/python3/dist-packages/twilio/rest/__init__.py',
    debian: 'python3-twilio',
    what: "Twilio's own library for Python, which drives every resource of the facade",
  },
] as const satisfies readonly Peer[]

export type PeerName = (typeof peers)[number]['name']

/** Where the peer's program is, or undefined. Daemons live in sbin, which users seldom have on their path. */
export function peer(name: PeerName): string | undefined {
  const wanted = peers.find((each) => each.name === name)
  if (!wanted) return undefined
  if (isAbsolute(wanted.program)) return existsSync(wanted.program) ? wanted.program : undefined
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return places.map((place) => join(place, wanted.program)).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What to hand a test that needs a peer: `test('…', needs('tshark'), …)`. Skips with a reason; throws with CI=true. */
export function needs(...names: PeerName[]): { skip?: string } {
  const missing = names.filter((name) => peer(name) === undefined)
  if (missing.length === 0) return {}
  if (process.env['CI'] === 'true') throw new Error(`CI=true, and yet a peer is missing: ${missing.join(', ')}`)
  return { skip: `needs ${missing.join(', ')}` }
}

/** The one command that brings these peers. */
export function installCommand(names: readonly string[]): string {
  const packages = peers.filter((each) => names.includes(each.name)).map((each) => each.debian)
  return `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
}
