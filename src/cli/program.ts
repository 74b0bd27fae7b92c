// The command line's words. Each command prints one text to standard output and ends with 0; what
// went wrong goes to standard error as plain words and ends with 1, wrong usage likewise.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Command, Option } from 'commander'
import { readSettings, SettingsRefused } from '../env.ts'
import { accountMeant } from './account.ts'
import { connect, Told, type Client } from './client.ts'
import { audit } from './audit.ts'
import { bind, parked } from './bind.ts'
import { cdrs, type CdrOptions } from './cdrs.ts'
import { apply, exportDocument, plan, type DocumentOptions, type ExportedOptions } from './document.ts'
import { accounts, changeKey, createKey, keys, revokeKey, rotate, testCredentials, type KeyOptions } from './keys.ts'
import { binds, lanes, pauseOrResume, purge, statistics } from './lanes.ts'
import { explain, release, send, trace } from './messages.ts'
import { messages, type SearchOptions } from './search.ts'
import { exportOptOuts, importOptOuts } from './optout-list.ts'
import { addOrRemove, optOuts } from './optouts.ts'
import { pdus } from './pdus.ts'
import { shown } from './print.ts'
import { carriers, inbox, reply } from './simulate.ts'
import { registrations, sipTrace } from './sip.ts'
import { usage } from './usage.ts'

/** Runs one command of `argv` (node, program, command …); sets the exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  // Who reads (`head`, a pager) may have enough: then there is nothing more to say. The gateway itself goes on.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (!argv.includes('start')) process.exit()
  })
  try {
    await createProgram().parseAsync([...argv])
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(`${shown(plainly(error))}\n`)
  }
}

/** A fault of our own keeps its stack, as it belongs into a report. */
function plainly(error: unknown): string {
  if (error instanceof Told) return error.message
  if (error instanceof SettingsRefused) return `The settings do not hold:\n${error.faults.map((fault) => `  ${fault}`).join('\n')}`
  if (!(error instanceof Error)) return String(error)
  return process.env['SIGNALBOX_LOG'] === 'debug' ? (error.stack ?? error.message) : error.message
}

/** Of the package that this is part of. */
function version(): string {
  const { version: is } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  return is
}

export function createProgram(): Command {
  const program = new Command('signalbox')
  program
    .description('A multitenant SMS and MMS gateway.')
    .version(version(), '-V, --version', 'print the version')
    .option('--config <file>', 'YAML with the same names as the SIGNALBOX_ environment variables')
  const asked =
    <Args extends unknown[]>(command: (client: Client, ...args: Args) => Promise<string>) =>
    async (...args: [...Args, Command]): Promise<void> => {
      const client = connect(program.opts<{ config?: string }>().config)
      const options = args.at(-2) as { account?: unknown } | undefined
      if (typeof options?.account === 'string') options.account = await accountMeant(client, options.account)
      process.stdout.write(`${shown(await command(client, ...(args.slice(0, -1) as unknown as Args)))}\n`)
    }
  program
    .command('start')
    .description('run the gateway')
    .action(async () => {
      const { start } = await import('./start.ts')
      await start(program.opts<{ config?: string }>().config)
    })
  program
    .command('cdrs')
    .description("a month's charging records, summed up; reads the data directory, no gateway need run")
    .option('--month <month>', 'of messages accepted in it (UTC): 2026-11; this one, when absent')
    .option('--by <columns>', 'account, direction, kind, from, to, country, in, out, route, state, failure, day', 'account,direction,state')
    .addOption(new Option('--format <format>').choices(['csv', 'json']))
    .action(async (options: CdrOptions) => {
      const { data } = readSettings(process.env, program.opts<{ config?: string }>().config)
      process.stdout.write(`${await cdrs(join(data, 'cdr'), options, Date.now())}\n`)
    })
  addDocuments(program, asked)
  addKeys(program, asked)
  addMessages(program, asked)
  addOperations(program, asked)
  addSip(program, asked)
  addOversight(program, asked)
  pointToHelp(program, program.name())
  return program
}

/** What wrong usage of each command ends with. */
function pointToHelp(command: Command, words: string): void {
  command.showHelpAfterError(`(${words} --help ${command.commands.length > 0 ? 'lists the commands' : 'says more'})`)
  for (const one of command.commands) pointToHelp(one, `${words} ${one.name()}`)
}

type Asked = <Args extends unknown[]>(
  command: (client: Client, ...args: Args) => Promise<string>,
) => (...args: [...Args, Command]) => Promise<void>

const json = ['--json', 'print JSON'] as const
const evenQuiet = ['--all', 'those of accounts below, too, where nothing is'] as const
const ofAccount = ['--account <account>', 'of this one, by SID or name; the own one, when absent'] as const

function addDocuments(program: Command, asked: Asked): void {
  const document = (name: string, says: string): Command =>
    program
      .command(name)
      .description(says)
      .requiredOption('-f, --file <file>', 'the document; - reads standard input')
      .option('--prune', 'delete what the named accounts have and the document leaves out')
      .option(...json)
  document('plan', 'show what a document would change').action(asked((client, options: DocumentOptions) => plan(client, options)))
  document('apply', 'apply a document, all of it or nothing').action(asked((client, options: DocumentOptions) => apply(client, options)))
  program
    .command('export')
    .description('print an account and all below it as a document, without secrets')
    .option(...ofAccount)
    .addOption(
      new Option('--secrets <how>', 'masked: what is stored stays; variables: ${NAME}, to be set where it is applied')
        .choices(['masked', 'variables'])
        .default('masked'),
    )
    .option(...json)
    .action(asked((client, options: ExportedOptions) => exportDocument(client, options)))
}

function addKeys(program: Command, asked: Asked): void {
  const list = program.command('keys').description('the API keys of an account')
  list
    .command('list', { isDefault: true })
    .description('the keys, without their secrets')
    .option(...ofAccount)
    .option(...json)
    .action(asked(keys))
  const changes = (command: Command): Command =>
    command
      .option('--name <name>', 'what it is for')
      .option('--allow <permission...>', 'of a restricted key: /twilio/messaging/messages/create …')
      .option('--from <network...>', 'only from these addresses and networks, or anywhere')
      .option(...ofAccount)
      .option(...json)
  changes(list.command('create'))
    .description('make a key; its secret is printed once')
    .addOption(new Option('--kind <kind>', 'what it may').choices(['main', 'standard', 'restricted']).default('standard'))
    .action(asked((client, options: KeyOptions) => createKey(client, options)))
  changes(list.command('change').argument('<sid>', 'SK…'))
    .description('rename a key, or change what it may and from where')
    .action(asked((client, id: string, options: KeyOptions) => changeKey(client, id, options)))
  list
    .command('revoke')
    .description('refuse a key from now on')
    .argument('<sid>', 'SK…')
    .option(...ofAccount)
    .action(asked((client, id: string, options: KeyOptions) => revokeKey(client, id, options)))
  const tree = program.command('accounts').description('the own account and those below it')
  tree
    .command('list', { isDefault: true })
    .description('the accounts, each below its parent')
    .option(...json)
    .action(asked(accounts))
  tree
    .command('rotate')
    .description('give an account a second token, good beside the first; then make it the only one')
    .argument('<sid>', 'AC…')
    .option('--promote', 'the second token becomes the only one')
    .option('--drop', 'take the second token back')
    .action(asked(rotate))
  tree
    .command('test')
    .description('make test credentials, with which nothing is sent')
    .argument('<sid>', 'AC…')
    .option(...json)
    .action(asked(testCredentials))
}

function addMessages(program: Command, asked: Asked): void {
  const ends = (command: Command): Command =>
    command.requiredOption('--to <address>', 'E.164 or short code').requiredOption('--from <address>', 'E.164, short code or name')
  ends(program.command('send'))
    .description('send a text')
    .argument('<text>')
    .option('--wait', 'print its life once it has ended')
    .option(...json)
    .action(asked(send))
  program
    .command('messages')
    .description('the messages, newest first')
    .option('--to <address>', 'only to this one')
    .option('--from <address>', 'only from this one')
    .option('--state <state>', 'only in this state: queued, sent, held, delivered, failed …')
    .addOption(new Option('--direction <way>', 'mt: to handsets; mo: from them').choices(['mt', 'mo']))
    .option('--bind <bind>', 'only those that came in on it, or last went out on it')
    .option('--code <code>', 'only those that failed so: unknown-subscriber …')
    .option('--carrier-id <id>', 'the one of which a carrier speaks by this id')
    .option('--after <time>', 'only those accepted then or later (ISO 8601)')
    .option('--before <time>', 'only those accepted then or earlier')
    .option('--limit <n>', 'at most so many, newest first', '20')
    .option('--cursor <cursor>', 'go on from where the page before ended')
    .option('--account <sid>', 'of this account and those below it; the own one, when absent')
    .option(...json)
    .action(asked((client, options: SearchOptions) => messages(client, options)))
  program
    .command('trace')
    .description("print a message's life: decision, attempts with PDUs, receipts, callbacks")
    .argument('<sid>', 'SM…')
    .option('--wait', 'once it has ended')
    .option(...json)
    .action(asked(trace))
  ends(program.command('explain'))
    .description('say which binds a message would take, and why; sends nothing')
    .addOption(new Option('--kind <kind>').choices(['text', 'binary', 'mms']))
    .option('--arrival <bind>', 'the bind it would arrive on')
    .option('--via <bind>', 'the supplier bind that the sender names')
    .option('--at <time>', 'ISO 8601, for routes with time windows')
    .option(...ofAccount)
    .option(...json)
    .action(asked(explain))
  program
    .command('release')
    .description('decide on a held message, whose outcome is unknown')
    .argument('<sid>')
    .argument('<how>', 'resend or fail')
    .action(asked((client, sid: string, how: string) => release(client, sid, how)))
}

function addSip(program: Command, asked: Asked): void {
  const sip = program.command('sip').description('the SIP bridge')
  sip
    .command('registrations')
    .description('the phones and apps that are registered now')
    .option('--user <user>', 'only this one: bob@acme.example')
    .option(...ofAccount)
    .option(...json)
    .action(asked(registrations))
  sip
    .command('trace')
    .description('follow what passes on the wire of a SIP bind; passwords are never shown')
    .argument('[which]', 'the bind, or the user: bob@acme.example')
    .option('--for <time>', 'so long: 90s, 10m, 1h at most; 5 minutes, unless told otherwise')
    .option('--count <n>', 'so many messages')
    .option('--bodies', 'show what people wrote to each other too')
    .option('--pcap <file>', 'write a file for Wireshark')
    .option(...ofAccount)
    .option(...json)
    .action(asked(sipTrace))
}

function addOversight(program: Command, asked: Asked): void {
  program
    .command('audit')
    .description('who changed what of the configuration, each field before and after; secrets are never shown')
    .addOption(new Option('--kind <kind>').choices(['account', 'bind', 'route', 'number', 'resource', 'optout', 'lane']))
    .option('--id <id>', 'only of this thing')
    .option('--author <author>', 'only by this account or key')
    .option('--after <time>', 'only then or later (ISO 8601)')
    .option('--before <time>', 'only then or earlier')
    .option('--limit <n>', 'at most so many revisions, newest first', '20')
    .option('--cursor <n>', 'go on from where the page before ended')
    .option(...ofAccount)
    .option(...json)
    .action(asked(audit))
  const list = program.command('optouts').description('the handsets that take no more from a sender')
  // A command of its own: an option of `optouts` itself would be taken from `add` and `remove`, wherever it stands.
  list
    .command('list', { isDefault: true })
    .description('who has opted out')
    .option('--sender <sender>', 'only of this number, name or service')
    .option('--handset <number>', 'only of this one')
    .option('--limit <n>', 'at most so many', '50')
    .option(...ofAccount)
    .option(...json)
    .action(asked(optOuts))
  list
    .command('export')
    .description('all of the list, for another gateway or a spreadsheet')
    .addOption(new Option('--format <format>').choices(['jsonl', 'csv']).default('jsonl'))
    .option(...ofAccount)
    .action(async (options: { account?: string; format: 'jsonl' | 'csv' }) => {
      const client = connect(program.opts<{ config?: string }>().config)
      const account = options.account === undefined ? {} : { account: await accountMeant(client, options.account) }
      await pipeline(exportOptOuts(client, { ...options, ...account }), process.stdout, { end: false })
    })
  list
    .command('import')
    .description('a list that was exported, or a table with a column "handset"; what is there already stays')
    .requiredOption('-f, --file <file>', 'JSON lines or CSV; - reads standard input')
    .option('--sender <sender>', 'a number, a name or the id of a service, where a line names none')
    .option(...ofAccount)
    .action(asked(importOptOuts))
  for (const verb of ['add', 'remove'] as const) {
    list
      .command(verb)
      .description(verb === 'add' ? 'the handset takes no more from the sender' : 'it takes messages from the sender again')
      .argument('<sender>', 'a number, a name or the id of a service')
      .argument('<handset>')
      .option(...ofAccount)
      .action(
        asked((client, sender: string, handset: string, options: { account?: string }) =>
          addOrRemove(client, verb, sender, handset, options),
        ),
      )
  }
}

function addOperations(program: Command, asked: Asked): void {
  const simulate = program.command('simulate').description('the handsets and carriers of demo mode')
  simulate
    .command('inbox')
    .description('what the handsets got')
    .option(...json)
    .action(asked(inbox))
  simulate
    .command('reply')
    .description('a handset writes')
    .argument('<text>')
    .requiredOption('--from <number>', 'the handset')
    .requiredOption('--to <number>', 'the number it writes to')
    .action(asked(reply))
  simulate
    .command('carriers')
    .description('the simulated carriers')
    .option(...json)
    .action(asked(carriers))
  program
    .command('binds')
    .description('the binds and their sessions')
    .option(...ofAccount)
    .option(...json)
    .action(asked(binds))
  program
    .command('pdus')
    .description('what passes on the wire of a bind, field by field; passwords are never shown')
    .requiredOption('--bind <id>', 'the bind')
    .option('--follow', 'switch a trace on (5 minutes, unless told otherwise) and print as it comes')
    .option('--for <time>', 'trace so long: 90s, 10m, 1h at most')
    .option('--count <n>', 'trace so many PDUs')
    .option('--bodies', 'show what people wrote to each other too')
    .option('--pcap <file>', 'write a file for Wireshark')
    .option('--stop', 'switch the trace off')
    .option(...ofAccount)
    .option(...json)
    .action(asked(pdus))
  program
    .command('bind')
    .description('one bind: sessions, what waits, how its receipts name messages and how far they can be believed')
    .argument('<bind>')
    .option(...ofAccount)
    .option(...json)
    .action(asked(bind))
  program
    .command('parked')
    .description('receipts for ids that nothing was sent under')
    .argument('<bind>')
    .option('--limit <n>', 'at most so many, oldest first', '50')
    .option(...ofAccount)
    .option(...json)
    .action(asked(parked))
  const lane = program
    .command('lanes')
    .description('what waits, by bind')
    .option(...evenQuiet)
    .option(...json)
    .action(asked(lanes))
  for (const verb of ['pause', 'resume'] as const) {
    lane
      .command(verb)
      .description(verb === 'pause' ? 'keep what waits, send none' : 'send again')
      .argument('<bind>')
      .option(...ofAccount)
      .action(asked((client, id: string, options: { account?: string }) => pauseOrResume(client, verb, id, options)))
  }
  program
    .command('purge')
    .description('end the waiting messages of a lane, each with its CDR and report')
    .argument('<bind>')
    .option('--from <address>', 'only of this sender')
    .option('--arrival <bind>', 'only those that came in on this bind')
    .option('--after <time>', 'only those accepted then or later (ISO 8601)')
    .option('--before <time>', 'only those accepted then or earlier')
    .option(...ofAccount)
    .action(asked(purge))
  program
    .command('usage [account]')
    .description('what an account and all below it have used of their caps; the own account, when absent')
    .option(...json)
    .action(asked(usage))
  program
    .command('statistics')
    .description('what happened on the binds')
    .option('--hours <n>', 'of the last hours', '1')
    .option(...evenQuiet)
    .option(...ofAccount)
    .option(...json)
    .action(asked(statistics))
}
