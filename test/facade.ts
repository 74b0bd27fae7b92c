// The Twilio facade over the real admin operations, credentials and store, behind a real HTTP server:
// what the tests of its resources about accounts, keys and numbers start from. Messages go nowhere; what
// was accepted is kept in `submissions`.
import type { TestContext } from 'node:test'
import twilioClient from 'twilio'
import { world } from '../plugins/twilio/world.fixture.ts'
import { listening, mounted } from '../plugins/twilio/http.fixture.ts'
import { createResources } from '../src/admin/resources.ts'
import { createUsage } from '../src/admin/usage.ts'
import { systemClock } from '../src/clock.ts'
import { createIdentify } from '../src/http/auth.ts'
import { accountAsItStands } from '../src/model/configuration.ts'
import type { Gateway, Host } from '../src/plugin.ts'
import { adminBed } from './admin.ts'

export interface Credentials {
  /** AC… or SK… */
  user: string
  secret: string
}

export async function facadeBed(context: TestContext) {
  const bed = await adminBed(context)
  const { room, admin, root } = bed
  const w = world()
  const resources = createResources(room)
  const account = (id: string) => accountAsItStands(room.current(), id)
  const host: Host = {
    ...w.host,
    clock: bed.clock,
    // Its delays after wrong tries are real: a test makes few of them.
    identify: createIdentify({ configuration: () => room.current(), clock: systemClock }),
    account,
    gateway: (_connector, id) => account(id) && gatewayOf(id),
    numbers: (id) => [...room.current().numbers.values()].filter((number) => number.account === id),
    resources: resources.of,
    changeResource: resources.change,
    usage: createUsage(bed.store, () => room.current()),
    onChange: room.onChange,
    tenancy: admin.tenancy,
  }
  function gatewayOf(id: string): Gateway<never> {
    const number: Gateway['number'] = (value) => {
      const own = room.current().numbers.get(value)
      return own?.account === id ? own : undefined
    }
    const bind = { ...w.gateway.bind, id: `${id}/api`, account: id }
    return { ...w.gateway, bind, number, account: () => account(id)!, resources: () => resources.of(id) } as unknown as Gateway<never>
  }
  const server = await listening(mounted(host, 'hot'))
  context.after(async () => {
    await server.close()
    await w.outbound.close()
  })

  const asRoot: Credentials = { user: root.id, secret: root.token }
  /** The official client, acting on `of`. */
  function client({ user, secret }: Credentials = asRoot, of: string = user.startsWith('AC') ? user : root.id) {
    const made = twilioClient(user, secret, { accountSid: of })
    made.api.baseUrl = server.url
    made.messaging.baseUrl = server.url
    made.accounts.baseUrl = server.url
    made.iam.baseUrl = server.url
    return made
  }
  async function call(
    line: string,
    { as = asRoot, form, headers }: { as?: Credentials; form?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    const [method = '', path = ''] = line.split(' ')
    const response = await fetch(server.url + path, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${as.user}:${as.secret}`).toString('base64')}`,
        ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...headers,
      },
      ...(form ? { body: new URLSearchParams(form).toString() } : {}),
    })
    const text = await response.text()
    const json = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>
    return { status: response.status, headers: response.headers, text, json }
  }
  return { ...bed, host, server, submissions: w.submissions, asRoot, client, call }
}
