// `npm run bench -- <path> [options]`: one harness for all paths. Each path is a program of its own
// that reads the options after its name; `--json` prints one object on the last line.
const paths = {
  /** HTTP → store → SMPP → receipt → webhook, beside Kannel with `--peer kannel`. */
  http: () => import('./http-program.ts'),
  /** sipp → store → SMPP → receipt → sipp, and SMPP → store → sipp; the bare stack; phones that register. */
  sip: () => import('./sip-program.ts'),
  /** ESME → store → SMPP → receipt → ESME; idle clients; a flood. */
  smpp: () => import('./smpp-program.ts'),
  /** One tenant's single messages beside another's backlog on the same bind. */
  fairness: () => import('./fairness-program.ts'),
  /** The flow and the store, without sockets. */
  core: () => import('./core.ts'),
  /** What a change of the configuration costs beside ten thousand accounts, and a start with them. */
  config: () => import('./config-program.ts'),
  /** The store alone: what a message costs in it; with `--million`, restart and lists at a million. */
  store: () => import('./store.ts'),
}

const [path = 'http'] = process.argv.splice(2, process.argv[2]?.startsWith('-') ? 0 : 1)
if (path in paths) await paths[path as keyof typeof paths]()
else {
  console.error(`bench: unknown path '${path}': expected ${Object.keys(paths).join(' or ')}`)
  process.exit(2)
}
