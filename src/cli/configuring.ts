// The commands about what is configured: documents, accounts and keys, who changed what, who takes no more.
import { pipeline } from 'node:stream/promises'
import { Option, type Command } from 'commander'
import { accountMeant } from './account.ts'
import { connect } from './client.ts'
import { audit } from './audit.ts'
import { apply, exportDocument, plan, type DocumentOptions, type ExportedOptions } from './document.ts'
import { accounts, changeKey, createKey, keys, revokeKey, rotate, testCredentials, type KeyOptions } from './keys.ts'
import { exportOptOuts, importOptOuts } from './optout-list.ts'
import { addOrRemove, optOuts } from './optouts.ts'
import { json, ofAccount, type Asked } from './asked.ts'

export function addDocuments(program: Command, asked: Asked): void {
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

export function addKeys(program: Command, asked: Asked): void {
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
    .addOption(new Option('--promote', 'the second token becomes the only one').conflicts('drop'))
    .option('--drop', 'take the second token back')
    .addOption(new Option(...json).conflicts(['promote', 'drop']))
    .action(asked(rotate))
  tree
    .command('test')
    .description('make test credentials, with which nothing is sent')
    .argument('<sid>', 'AC…')
    .option(...json)
    .action(asked(testCredentials))
}

export function addOversight(program: Command, asked: Asked): void {
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
