// Lanes: how much waits on each bind; pausing, resuming and purging them. Each purged message ends
// with its CDR and its report, and the audit log says who did it.
import type { Clock } from '../clock.ts'
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import type { Bind } from '../model/bind.ts'
import { finish } from '../model/transition.ts'
import type { BindId } from '../model/message.ts'
import type { Store } from '../store/store.ts'
import type { ConfigurationRoom } from './configuration.ts'
import type { Binds, Changed, Lanes, LaneView } from './admin.ts'
import { Refused, type Caller } from './caller.ts'
import { Moved, unless } from './messages.ts'

export interface LaneParts {
  store: Store
  clock: Clock
  configuration(): Configuration
  binds: Binds
  note: ConfigurationRoom['note']
}

const batch = 500

export function createLanes({ store, clock, configuration, binds, note }: LaneParts): Lanes {
  function bindOf(caller: Caller, id: BindId): Bind {
    const now = configuration()
    const bind = now.binds.get(id)
    if (!bind || !isWithin(now, bind.account, caller.account)) throw new Refused('absent', `There is no bind ${id}.`)
    return bind
  }

  async function setPaused(caller: Caller, id: BindId, paused: boolean): Promise<Changed<LaneView>> {
    const bind = bindOf(caller, id)
    const now = binds.get(caller, bind.account, localBindId(id))
    if (!now) throw new Refused('absent', `There is no bind ${id}.`)
    // Masked secrets in what is put keep what is stored.
    const { name, connector, side, enabled, policy, config } = now
    const input = { name, connector, side, enabled, policy, config, paused }
    const { view, ...changed } = await binds.put(caller, bind.account, localBindId(id), input)
    const depth = (await store.depths()).find((one) => one.lane === id)
    return { ...changed, view: { bind: id, paused: view.paused, deliver: depth?.deliver ?? 0, report: depth?.report ?? 0 } }
  }

  return {
    async depths(caller) {
      const now = configuration()
      const found = new Map((await store.depths()).map((depth) => [depth.lane, depth]))
      return [...now.binds.values()]
        .filter((bind) => isWithin(now, bind.account, caller.account))
        .map((bind) => ({
          bind: bind.id,
          paused: bind.paused,
          deliver: found.get(bind.id)?.deliver ?? 0,
          report: found.get(bind.id)?.report ?? 0,
        }))
    },
    pause: (caller, id) => setPaused(caller, id, true),
    resume: (caller, id) => setPaused(caller, id, false),
    async purge(caller, id, asked) {
      const { account, name } = bindOf(caller, id)
      const { arrival } = asked
      // A bind that is misspelt would purge nothing, and nobody would know why.
      const from = arrival === undefined ? undefined : bindOf(caller, arrival.includes('/') ? arrival : `${account}/${arrival}`).id
      const query = { ...asked, ...(from === undefined ? {} : { arrival: from }) }
      let purged = 0
      let cursor: string | undefined
      do {
        const page = await store.waiting({ lane: id, ...query }, batch, cursor)
        const ended = await Promise.all(
          page.ids.map((message) =>
            unless(Moved, () =>
              store.end(message, (record) => {
                // A lane may carry messages of accounts above its owner: they are not the owner's to end.
                if (!isWithin(configuration(), record.message.account, caller.account)) throw new Moved()
                if (record.life.state !== 'scheduled' && record.life.state !== 'queued') throw new Moved()
                return finish(record.message, record.decision, record.life, 'canceled', clock.now(), {
                  failure: { kind: 'permanent', code: 'purged' },
                  entries: [{ at: clock.now(), what: 'note', text: `purged by ${caller.author}` }],
                })
              }),
            ),
          ),
        )
        purged += ended.filter((end) => end === 'ended').length
        cursor = page.next
      } while (cursor !== undefined)
      if (purged === 0) return 0
      const filters = Object.entries(query).flatMap(([field, value]) =>
        value === undefined ? [] : [{ field, after: typeof value === 'number' ? new Date(value).toISOString() : value }],
      )
      const fields = [{ field: 'purged', after: purged }, ...filters]
      const what = `what waited on ${name}`
      await note(caller, {
        kind: 'lane',
        key: id,
        change: 'delete',
        told: { change: 'delete', what, account, id: localBindId(id), by: caller.account, fields },
      })
      return purged
    },
  }
}
