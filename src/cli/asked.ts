// What commands have in common: the gateway is asked and its answer printed; and options of several of them.
import type { Command } from 'commander'
import type { Client } from './client.ts'

/** Makes a command's action of what asks the gateway. */
export type Asked = <Args extends unknown[]>(
  command: (client: Client, ...args: Args) => Promise<string>,
) => (...args: [...Args, Command]) => Promise<void>

export const json = ['--json', 'print JSON'] as const
export const evenQuiet = ['--all', 'those of accounts below, too, where nothing is'] as const
export const ofAccount = ['--account <account>', 'of this one, by SID or name; the own one, when absent'] as const
