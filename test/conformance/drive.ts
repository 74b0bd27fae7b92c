// Drives a script with the official npm client, pointed here by its base URLs as its users point it.
import assert from 'node:assert/strict'
import twilioClient from 'twilio'
import { eventually, patienceMs } from '../e2e/world.ts'
import type { Given, Step, Value } from './script.ts'
import { whyOf } from '../../src/model/failure.ts'

export interface Access {
  url: string
  sid: string
  token: string
}

const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function member(of: unknown, name: string): unknown {
  return (of as Record<string, unknown>)[name]
}

export async function driveNode({ url, sid, token }: Access, script: readonly Step[], given: Given): Promise<void> {
  const client = twilioClient(sid, token)
  client.api.baseUrl = url
  client.messaging.baseUrl = url
  const kept = new Map<string, string>(Object.entries(given))

  const filled = (value: Value): Value =>
    Array.isArray(value) ? value.map(filled) : typeof value === 'string' && value.startsWith('$') ? known(value) : value

  function known(name: string): string {
    const value = kept.get(name.slice(1))
    assert.ok(value !== undefined, `${name} is not known`)
    return value
  }

  function place(on: readonly string[]): unknown {
    let at: unknown = client
    for (const name of on) at = name.startsWith('$') ? (at as (id: string) => unknown)(known(name)) : member(at, camel(name))
    return at
  }

  function ask(step: Step): Promise<unknown> {
    const at = place(step.on)
    const does = member(at, step.do) as (params?: unknown) => Promise<unknown>
    if (!step.with) return does.call(at)
    return does.call(at, Object.fromEntries(Object.entries(step.with).map(([name, value]) => [camel(name), filled(value)])))
  }

  async function one(step: Step): Promise<void> {
    if (step.refused !== undefined) return assert.rejects(ask(step), { code: step.refused })
    const said = await ask(step)
    for (const [name, value] of Object.entries(step.is ?? {})) assert.deepEqual(member(said, camel(name)), filled(value), name)
    for (const [name, from] of Object.entries(step.keep ?? {})) kept.set(name, String(member(said, camel(from))))
    if (step.among !== undefined) {
      const wanted = !step.among.startsWith('!')
      const sids = (said as unknown[]).map((each) => member(each, 'sid'))
      assert.equal(sids.includes(known(step.among.replace('!', ''))), wanted, `${step.among} among ${sids.join()}`)
    }
  }

  for (const step of script) {
    const told = `${step.do} ${step.on.join('.')} ${JSON.stringify(step.with ?? {})}`
    const done = step.until ? eventually(told, () => one(step).then(() => true, outOfPatience())) : one(step)
    await done.catch((error: unknown) => {
      throw new Error(`${told}: ${whyOf(error)}`, { cause: error })
    })
  }
}

/** Not yet, for whoever asks again; what it was is told once time is up. */
function outOfPatience(ms = 0.9 * patienceMs): (error: unknown) => undefined {
  const until = Date.now() + ms
  return (error) => {
    if (Date.now() > until) throw error
    return undefined
  }
}
