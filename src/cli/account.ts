// Which account is meant at the terminal: by its SID, or by a name that only one of those below the own has.
import { Told, type Client } from './client.ts'
import { shown } from './print.ts'

/** Throws Told where none is called so, or several. */
export async function accountMeant(client: Client, text: string): Promise<string> {
  if (text === 'root') return client.accountSid
  if (/^AC[0-9a-f]{32}$/.test(text)) return text
  const { accounts } = await client.request<{ accounts: { id: string; name: string; status: string }[] }>('GET', '/api/v1/accounts')
  const all = accounts.filter(({ name }) => name === text)
  const open = all.filter(({ status }) => status !== 'closed')
  const [one, ...others] = open.length > 0 ? open : all
  if (!one) throw new Told(`There is no account ${shown(JSON.stringify(text))}: npx signalbox accounts lists them, with their SIDs.`)
  if (others.length > 0)
    throw new Told(
      `${open.length} accounts are named ${shown(JSON.stringify(text))}: expected the SID of one, ${open.map(({ id }) => id).join(' or ')}.`,
    )
  return one.id
}
