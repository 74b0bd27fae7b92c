// Our own stack keeps what every engine keeps.
import { engineContract } from '../contract.ts'
import { started } from './embedded.fixture.ts'

engineContract('embedded', async (take) => {
  const { engine, at } = await started(take)
  return { engine, udp: at('udp'), tcp: at('tcp'), close: () => engine.stop() }
})
