// A registrar of acme.example with two users who register without a password, unless told otherwise.
import type { HeaderLines } from '../codec/index.ts'
import type { Reply } from '../engine/engine.ts'
import { type Asking, type Front, frontOf, profileOf } from './access.fixture.ts'

export const alice = 'alice@acme.example'

export const contact = (text: string, ...more: string[]): HeaderLines => [text, ...more].flatMap((each) => ['Contact', each])

export async function house(more: Parameters<typeof profileOf>[0] = {}): Promise<Front> {
  const front = await frontOf({ profile: profileOf({ ...more, auth: { register: 'trust', ...more.auth } }) })
  front.core.user('alice')
  front.core.user('bob')
  return front
}

let cseq = 0
/** REGISTER of alice with these fields; each with a higher CSeq. */
export const register = (front: Front, headers: HeaderLines, more: Asking = {}): Promise<Reply> =>
  front.ask({ cseq: ++cseq, headers, ...more })

export const uris = (front: Front, aor = alice): string[] => front.registrar.contacts(aor).map(({ uri }) => uri)
