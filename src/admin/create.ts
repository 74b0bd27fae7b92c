// Puts the operations together over one configuration room and one store.
import type { Traces } from '../binds/trace.ts'
import type { Clock } from '../clock.ts'
import type { Recall, Rework } from '../flow/recall.ts'
import type { RoutingTable } from '../routing/table.ts'
import type { Store } from '../store/store.ts'
import type { Admin, SessionsOf, TruthOf } from './admin.ts'
import { createAccounts } from './accounts.ts'
import { createAudit } from './audit.ts'
import type { ConfigurationRoom } from './configuration.ts'
import { createCredentials } from './credentials.ts'
import { createLanes } from './lanes.ts'
import { createAdminMessages, createHostMessages } from './messages.ts'
import { createOptOuts } from './optouts.ts'
import { createDocuments } from './plan.ts'
import { createReceipts } from './receipts.ts'
import { createRegistrations } from './registrations.ts'
import { createStatistics } from './statistics.ts'
import { createUsages } from './used.ts'
import { createTenancy } from './tenancy.ts'
import { createBinds, createNumbers, createRoutes } from './things.ts'
import { createAdminTraces } from './traces.ts'

export interface AdminParts {
  store: Store
  configuration: ConfigurationRoom
  table(): RoutingTable
  clock: Clock
  sessions: SessionsOf
  traces: Traces
  truth: TruthOf
  /** Absent: what a carrier has stays there. */
  recall?: Recall
  rework?: Rework
}

export function createAdmin({ store, configuration: room, table, clock, sessions, traces, truth, recall, rework }: AdminParts): Admin {
  const configuration = room.current
  const messageParts = { store, clock, configuration, table, ...(recall ? { recall } : {}), ...(rework ? { rework } : {}) }
  const binds = createBinds(room, room.connectors)
  const receipts = createReceipts({ store, configuration, truth })
  const accounts = createAccounts(room)
  const audit = createAudit({ store, configuration })
  const credentials = createCredentials(room)
  return {
    accounts,
    credentials,
    binds,
    routes: createRoutes(room),
    numbers: createNumbers(room, room.connectors),
    documents: createDocuments(room),
    messages: createAdminMessages(messageParts),
    lanes: createLanes({ store, clock, configuration, binds, note: room.note }),
    optOuts: createOptOuts({ store, clock, configuration, note: room.note }),
    traces: createAdminTraces({ traces, connectors: room.connectors, configuration, onChange: room.onChange }),
    usages: createUsages({ submitted: store.submitted, configuration, sessions, isOpenedByPeers: openedByPeers(room) }),
    statistics: createStatistics({ store, configuration, sessions, receipts }),
    receipts,
    registrations: createRegistrations({ connectors: room.connectors, configuration }),
    hostMessages: createHostMessages(messageParts),
    tenancy: createTenancy(room, accounts, credentials),
    audit,
    revisions: audit.revisions,
  }
}

function openedByPeers({ current, connectors }: ConfigurationRoom): (id: string) => boolean {
  return (id) => {
    const bind = current().binds.get(id)
    return bind?.side === 'client' && connectors.get(bind.connector)?.claim?.(bind.config) !== undefined
  }
}
