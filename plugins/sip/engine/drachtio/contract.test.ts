// The engine over a drachtio server keeps what every engine keeps, but for what such a server cannot carry.
import pino from 'pino'
import { systemClock } from '../../../../src/clock.ts'
import { engineContract } from '../contract.ts'
import { startDrachtioPeer } from '../../../../test/peers/drachtio.ts'
import { profileFor, secret } from './drachtio.fixture.ts'
import { createDrachtio } from './index.ts'

engineContract(
  'drachtio',
  async (take) => {
    const peer = await startDrachtioPeer({ secret })
    const engine = createDrachtio({ profile: profileFor(peer.port), clock: systemClock, log: pino({ level: 'silent' }) })
    await engine.start(take)
    const at = { address: '127.0.0.1', port: peer.sipPort }
    const close = async (): Promise<void> => {
      await engine.stop()
      await peer.close()
    }
    return { engine, udp: at, tcp: at, close }
  },
  { 'carries any octets in a body, both ways': 'a drachtio server carries bodies of UTF-8 only: the others are refused' },
)
