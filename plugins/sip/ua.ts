// What is done with a request that nobody has answered yet, by its method. What we are, and in which
// version, is nobody's business: no Server header.
import { plainAddress } from '../../src/plugin.ts'
import type { Access, Guard, Known, Registrar } from './access/index.ts'
import { registeredMethods } from './codec/index.ts'
import type { Incoming, Reply, Take } from './engine/engine.ts'
import type { Inbound } from './message/index.ts'
import type { Profile } from './profile/types.ts'

export interface UaParts {
  profile: Profile
  access: Access
  registrar: Pick<Registrar, 'take'>
  guard: Pick<Guard, 'request'>
  inbound: Inbound
  /** A fault of ours; the request is answered 500. */
  failed(error: unknown, request: Incoming): void
}

const allow = ['Allow', 'REGISTER, MESSAGE, OPTIONS']
const tooMany: Reply = { status: 503, headers: ['Retry-After', '1'], fleeting: true }

export function createUa({ profile, access, registrar, guard, inbound, failed }: UaParts): Take {
  /** RFC 3261 §11.2. */
  const able: Reply = {
    status: 200,
    headers: [...allow, 'Accept', profile.messages.accept.join(', '), 'Supported', 'path, outbound'],
    fleeting: true,
  }

  function known(found: Known, request: Incoming, answer: (reply: Reply) => void): void {
    if ('reply' in found) answer(found.reply)
    else inbound(found.peer, request, answer)
  }

  function message(request: Incoming, answer: (reply: Reply) => void): void {
    const found = access.identify(request)
    if (!(found instanceof Promise)) return known(found, request, answer)
    found.then(
      (late) => known(late, request, answer),
      (error: unknown) => {
        failed(error, request)
        answer({ status: 500 })
      },
    )
  }

  return (request, answer) => {
    switch (request.method) {
      case 'MESSAGE':
        return message(request, answer)
      case 'REGISTER':
        return registrar.take(request, answer)
      case 'OPTIONS':
        return answer(guard.request(plainAddress(request.flow.remote.address)) ? able : tooMany)
      default:
        return answer({ status: registeredMethods.has(request.method) ? 405 : 501, headers: allow, fleeting: true })
    }
  }
}
