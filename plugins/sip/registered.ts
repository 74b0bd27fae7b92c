// Who is registered on a profile, as operators are told.
import { type Host, type Registration, hostPortText } from '../../src/plugin.ts'
import type { Contact, Registrar } from './access/index.ts'
import type { Profile } from './profile/types.ts'

export function* registered(
  host: Host,
  listener: string,
  { domains }: Profile,
  registrar: Pick<Registrar, 'all'>,
): Generator<Registration> {
  for (const [aor, contacts] of registrar.all()) {
    const at = aor.lastIndexOf('@')
    const account = domains[aor.slice(at + 1)]
    const isOf = ({ bind }: { bind: { account: string } }): boolean => bind.account === account
    const gateway = host.claimed('sip', aor).find(isOf) ?? host.claimed('sip', aor.slice(0, at + 1)).find(isOf)
    if (gateway) for (const contact of contacts) yield registrationOf(gateway.bind.id, aor, listener, contact)
  }
}

function registrationOf(bind: string, user: string, listener: string, contact: Contact): Registration {
  const { uri, flow, registeredAt, expiresAt, userAgent } = contact
  const { address, port } = flow.remote
  const remote = hostPortText(address, port)
  const registration: Registration = { bind, user, listener, contact: uri, transport: flow.transport, remote, registeredAt, expiresAt }
  if (userAgent !== undefined) registration.agent = userAgent
  return registration
}
