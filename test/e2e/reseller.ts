// A reseller's customer with an app, an ESME and a phone, below the root account that has the carrier
// `north`: what tests stand on of what an account above says of those below it.
import { rm } from 'node:fs/promises'
import type { PersonalityOptions } from '../../plugins/simulator/personality.ts'
import { freePort } from '../bench/processes.ts'
import { esme, type Esme } from '../peers/smpp-client.ts'
import { phone, type Phone, profileAt, sipProfiles } from './sip-phone.ts'
import { bindTo, configure, startWorld, type World } from './world.ts'

export const reseller = { sid: `AC${'0'.repeat(31)}a`, token: 'a'.repeat(32) }
export const customer = { sid: `AC${'0'.repeat(31)}b`, token: 'b'.repeat(32) }
/** The customer's; what comes for it goes to its phone. */
export const number = '+15550002222'

export interface ResellerWorld {
  world: World
  /** The customer's phone, registered. */
  alice: Phone
  /** The customer's ESME. */
  shop(): Promise<Esme>
  /** Fields of the reseller's account. */
  set(fields: string): Promise<void>
  /** The carrier's lane. */
  pause(paused: boolean): Promise<void>
  close(): Promise<void>
}

/** `numbers`: of the root account. `neighbours`: accounts beside the reseller's. Each as a document has it. */
export async function startReseller(
  north: PersonalityOptions,
  { numbers = '', neighbours = '' }: { numbers?: string; neighbours?: string } = {},
): Promise<ResellerWorld> {
  const [smppPort, sipPort] = [await freePort(), await freePort()]
  const profiles = await sipProfiles({ internal: profileAt(sipPort, customer.sid) })
  const world = await startWorld(
    { north },
    { SIGNALBOX_SMPP: `127.0.0.1:${smppPort}`, SIGNALBOX_SIP: profiles },
    (carriers) => `
    binds: [${bindTo(carriers, 'north')}]
    numbers: [${numbers}]
    routes: [{ id: all, prefix: "", to: [north] }]
    accounts:
      - id: ${reseller.sid}
        token: ${reseller.token}
        accounts:
          - id: ${customer.sid}
            token: ${customer.token}
            binds:
              - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
              - { id: alice, connector: sip, side: client, config: { user: alice, password: wonderland } }
            numbers: [{ number: "${number}", bind: alice }]${neighbours}`,
  )
  const alice = await phone({ gateway: sipPort, user: 'alice', password: 'wonderland' })
  async function close(): Promise<void> {
    alice.close()
    await world.close()
    await rm(profiles, { recursive: true })
  }
  const { status } = await alice.register()
  if (status !== 200) {
    await close()
    throw new Error(`alice cannot register: ${status}`)
  }
  return {
    world,
    alice,
    shop: () => esme({ port: smppPort }),
    set: (fields) => configure(world.setup, `accounts: [{ id: root, accounts: [{ id: ${reseller.sid}, ${fields} }] }]`),
    pause: (paused) =>
      configure(
        world.setup,
        `accounts: [{ id: root, binds: [${bindTo(world.carriers, 'north').replace('id: north', `id: north, paused: ${paused}`)}] }]`,
      ),
    close,
  }
}
