// What a key may on the facade. A standard key that goes too far is told what Twilio tells it, which is
// what anybody unknown is told; a restricted one which permission it lacks.
import { mayDo, type IdentityKey } from '../../src/plugin.ts'
import { Refused } from './errors.ts'

const sidAtEnd = /\/[A-Z]{2}[0-9a-fA-F]{32}(?:\.json|\.xml|\.csv)?$/
const namesAction = /\/(?:create|read|update|delete|list)$/

/** `method` is GET, POST or DELETE; `path` has no query. */
export function actionOf(method: string, path: string): string {
  if (method === 'DELETE') return 'delete'
  const isOne = sidAtEnd.test(path)
  if (method === 'POST') return isOne ? 'update' : 'create'
  return isOne ? 'read' : 'list'
}

/** `needs` is what the route says. Throws Refused. */
export function mustBeAllowed(key: IdentityKey, needs: string, action: string): void {
  const asked = namesAction.test(needs) ? '' : action
  if (mayDo(key, needs, asked)) return
  if (needs === 'main') throw new Refused(20003)
  throw new Refused(70051, (asked === '' ? needs : `${needs}/${asked}`).slice(1))
}
