// The contract of every connector, kept by SMPP towards npm `smpp` as the carrier, plain and over TLS.
import { describe } from 'node:test'
import type { TlsOptions } from 'node:tls'
import type { PDU, Session as PeerSession } from 'smpp'
import { statuses, type StatusName } from '../../plugins/smpp/codec/index.ts'
import { smpp } from '../../plugins/smpp/index.ts'
import { pem, shown } from '../peers/certificates.ts'
import { carrier, outgoing, takeAll } from '../peers/smpp-carrier.ts'
import { connectorContract, type How, type Peer } from './connector.ts'

const password = 'hunter22'
const receiptText = (ref: string): string =>
  `id:${ref} sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:confidential-body`

function answerTo(how: How, pdu: PDU, to: PeerSession): PDU | undefined {
  if (typeof how === 'object') return pdu.response({ command_status: statuses[how.says as StatusName] })
  switch (how) {
    case 'take':
      return takeAll(pdu)
    case 'slow':
      setTimeout(() => to.send(takeAll(pdu)), 150)
      return undefined
    case 'silence':
      return undefined
    case 'vanish':
      to.destroy()
      return undefined
    case 'garbage':
      to.socket.write('HTTP/1.1 418 I am no carrier\r\n\r\n')
      return undefined
  }
}

function contract(config: object, secrets: string[], shownBy: TlsOptions): void {
  connectorContract({
    connector: smpp,
    side: 'supplier',
    secrets,
    ways: [{ name: 'send', go: (session, text, signal) => session.send!(outgoing(text), signal) }],
    failures: {
      temporary: { says: 'ESME_RSYSERR' },
      throttled: { says: 'ESME_RTHROTTLED' },
      permanent: { says: 'ESME_RINVDSTADR' },
      unknown: 'silence',
      offline: 'closed',
    },
    async peer(t, { answerMs }): Promise<Peer> {
      let how: How = 'take'
      const peer = await carrier((pdu, to) => (pdu.command === 'submit_sm' ? answerTo(how, pdu, to) : pdu.response()), shownBy)
      t.after(() => peer.close())
      const deliver = (fields: Record<string, unknown>): Promise<'acknowledged' | 'refused'> =>
        new Promise((resolve) => {
          const addresses = { source_addr_ton: 1, source_addr: '447700900123', dest_addr_ton: 1, destination_addr: '447700900999' }
          peer.sessions
            .at(-1)!
            .deliver_sm({ ...addresses, ...fields }, ({ command_status }) => resolve(command_status === 0 ? 'acknowledged' : 'refused'))
        })
      return {
        config: { host: '127.0.0.1', port: peer.port, systemId: 'box', password, responseTimeoutMs: answerMs, ...config },
        meet: (next) => void (how = next),
        got: () => peer.got.filter((pdu) => pdu.command === 'submit_sm').length,
        submit: (text) => deliver({ short_message: text }),
        receipt: (ref) => deliver({ esm_class: 4, short_message: Buffer.from(receiptText(ref)) }),
      }
    },
  })
}

contract({}, [password], {})

describe('over TLS', () => {
  const { cert, key } = shown('esme')
  const asks = { ...shown('carrier'), ca: pem('authority'), requestCert: true, rejectUnauthorized: true }
  contract({ tls: true, tlsCa: pem('authority'), tlsCertificate: cert, tlsKey: key }, [password, key], asks)
})
