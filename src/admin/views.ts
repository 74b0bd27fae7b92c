// Things as they are shown: secrets masked, binds named the way the owner would write them. What is
// shown can be put back as it is.
import type { Account, OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import { localBindId } from '../model/configuration.ts'
import type { Route, RouteTarget } from '../model/route.ts'
import type { Connector } from '../plugin.ts'
import { dayNames } from '../routing/window.ts'
import type { AccountView, BindView, NumberView, RouteView } from './admin.ts'
import { mask, type Fault } from './caller.ts'
import { nameBind, nameTrunk, type Scope } from './naming.ts'
import { maskSecrets } from './schema.ts'

type Connectors = ReadonlyMap<string, Connector>

export function accountView(account: Account): AccountView {
  const { credentials: _credentials, ...rest } = account
  return { ...rest, token: mask }
}

export function bindView(bind: Bind, connectors: Connectors, faults: Fault[] | undefined): BindView {
  const { id, config, grant, ...rest } = bind
  const schema = connectors.get(bind.connector)?.config[bind.side]
  return {
    ...rest,
    id: localBindId(id),
    bind: id,
    // Whose connector is gone may hold anything.
    config: schema ? maskSecrets(schema, config) : {},
    ...(grant ? { grant: [...grant] } : {}),
    ...(faults ? { faults } : {}),
  }
}

export function routeView(route: Route, scope: Scope): RouteView {
  const { prefix, sender, account, arrival, kind, time } = route.when
  const name = (bind: string): string => nameBind(scope, route.account, bind)
  const named = (of: RouteTarget): string => (of.trunk ? nameTrunk(scope, route.account, of.bind) : name(of.bind))
  const split = route.to.filter((target) => target.weight !== undefined)
  const to = route.to.filter((target) => target.weight === undefined)
  return {
    id: route.id,
    owner: route.account,
    name: route.name,
    enabled: route.enabled,
    prefix,
    ...(sender === undefined ? {} : { sender }),
    ...(account === undefined ? {} : { account }),
    ...(arrival === undefined ? {} : { arrival: name(arrival) }),
    ...(kind === undefined ? {} : { kind }),
    ...(time
      ? {
          time: {
            ...(time.days.length > 0 ? { days: time.days.map((day) => dayNames[day]!) } : {}),
            from: time.from,
            to: time.to,
            zone: time.zone,
          },
        }
      : {}),
    ...(split.length > 0 ? { split: Object.fromEntries(split.map((one) => [named(one), one.weight!])) } : {}),
    ...(to.length > 0 ? { to: to.map(named) } : {}),
    failoverOnReceipt: route.failoverOnReceipt,
    ...(route.grant ? { grant: [...route.grant] } : {}),
  }
}

export function numberView(number: OwnNumber, scope: Scope, connectors: Connectors): NumberView {
  const { value, bind, settings, lent: _lent, ...rest } = number
  const schema = connectors.get(scope.binds.get(bind)?.connector ?? '')?.number
  return {
    ...rest,
    number: value,
    bind: nameBind(scope, number.account, bind),
    settings: schema ? (maskSecrets(schema, settings) as Record<string, string>) : settings,
  }
}
