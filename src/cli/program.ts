// The command line's words. Each command prints one text to standard output and ends with 0; what
// went wrong goes to standard error as plain words and ends with 1, wrong usage likewise.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { readSettings, SettingsRefused } from '../env.ts'
import { accountMeant } from './account.ts'
import { json } from './asked.ts'
import { connect, Told, type Client } from './client.ts'
import { cdrs, type CdrOptions } from './cdrs.ts'
import { shown } from './print.ts'
import { addDocuments, addKeys, addOversight } from './configuring.ts'
import { addBinds, addCounts, addLanes, addMessages, addSimulated, addSip } from './traffic.ts'

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
    .addOption(new Option('--format <format>').choices(['csv', 'json']).conflicts('json'))
    .option(...json)
    .action(async ({ json: asJson, ...options }: CdrOptions & { json?: boolean }) => {
      if (asJson) options.format = 'json'
      const { data } = readSettings(process.env, program.opts<{ config?: string }>().config)
      process.stdout.write(`${await cdrs(join(data, 'cdr'), options, Date.now())}\n`)
    })
  addDocuments(program, asked)
  addKeys(program, asked)
  addMessages(program, asked)
  addSimulated(program, asked)
  addBinds(program, asked)
  addLanes(program, asked)
  addCounts(program, asked)
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
