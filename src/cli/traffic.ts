// The commands about what passes: messages, the binds and lanes they take, phones, what was counted, and the
// handsets and carriers of demo mode.
import { Option, type Command } from 'commander'
import { bind, parked } from './bind.ts'
import { binds, lanes, pauseOrResume, purge, statistics } from './lanes.ts'
import { explain, release, send, trace } from './messages.ts'
import { messages, type SearchOptions } from './search.ts'
import { pdus } from './pdus.ts'
import { carriers, inbox, reply } from './simulate.ts'
import { registrations, sipTrace } from './sip.ts'
import { usage } from './usage.ts'
import { evenQuiet, json, ofAccount, type Asked } from './asked.ts'

export function addMessages(program: Command, asked: Asked): void {
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
    .argument('<sid>', 'SM…')
    .argument('<how>', 'resend or fail')
    .action(asked((client, sid: string, how: string) => release(client, sid, how)))
}

export function addSip(program: Command, asked: Asked): void {
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

export function addSimulated(program: Command, asked: Asked): void {
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
}

export function addBinds(program: Command, asked: Asked): void {
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
}

export function addLanes(program: Command, asked: Asked): void {
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
}

export function addCounts(program: Command, asked: Asked): void {
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
