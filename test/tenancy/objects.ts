// What a tenant has on the Twilio API, found as its own applications would find it, and every request
// that could be made about it: from Twilio's OpenAPI file, so that what is served there is walked.
import { ask, type Answer, type Credentials, type World } from '../e2e/world.ts'
import { operationOf, operations, type Operation } from '../conformance/openapi.ts'
import { unserved } from '../conformance/unserved.ts'
import { hex, type Tenant } from './trees.ts'

/** By the two letters of their SIDs. */
export type Objects = Map<string, string[]>

const sidPattern = /\b[A-Z]{2}[0-9a-f]{32}\b/g

/** What is made for each tenant, so that there is something to hide: path from the account on, and form. */
const seeds = (of: Tenant, at: (prefix: string) => string): [string, Record<string, string>][] => [
  ['/2010-04-01/Accounts/$/Keys.json', { FriendlyName: `key ${of.sid}` }],
  ['/2010-04-01/Accounts/$/SigningKeys.json', { FriendlyName: `signing ${of.sid}` }],
  ['/2010-04-01/Accounts/$/Applications.json', { FriendlyName: `app ${of.sid}`, SmsUrl: 'https://app.example/sms' }],
  ['/v1/Services', { FriendlyName: `service ${of.sid}` }],
  [`/v1/Services/${at('MG')}/PhoneNumbers`, { PhoneNumberSid: at('PN') }],
  [`/v1/Services/${at('MG')}/AlphaSenders`, { AlphaSender: `A${of.sid.slice(-8)}` }],
]

export const served: readonly Operation[] = operations.filter(({ name }) => !unserved.has(name))

interface Parameter {
  name: string
  in: string
  schema?: { pattern?: string }
}

/** `{Sid}` → MG, of each variable whose value is a SID; `{CountryCode}` is none. */
export function prefixesOf({ path, described }: Operation): [string, string][] {
  const { parameters = [] } = described as { parameters?: Parameter[] }
  return [...path.matchAll(/\{(\w+)\}/g)].flatMap(([variable, name]) => {
    const pattern = parameters.find((each) => each.name === name && each.in === 'path')?.schema?.pattern
    const prefix = /[A-Z]{2}/.exec(pattern ?? '')?.[0]
    return prefix === undefined ? [] : [[variable, prefix] as [string, string]]
  })
}

/** Names of the form's parameters that take a SID, with their prefixes. */
export function references({ described }: Operation): [string, string][] {
  const { requestBody } = described as {
    requestBody?: { content: Record<string, { schema: { properties?: Record<string, { pattern?: string }> } }> }
  }
  const properties = requestBody?.content['application/x-www-form-urlencoded']?.schema.properties ?? {}
  return Object.entries(properties).flatMap(([name, { pattern }]) => {
    const prefix = /\^([A-Z]{2})\[/.exec(pattern ?? '')?.[1]
    return prefix === undefined ? [] : [[name, prefix] as [string, string]]
  })
}

/** Every way to put these SIDs into a path; none where one is wanted of which there is none. `CountryCode` is US. */
export function filled(operation: Operation, account: string, objects: Objects): string[] {
  let paths = [operation.path.replace('{CountryCode}', 'US')]
  for (const [variable, prefix] of prefixesOf(operation)) {
    const sids = variable === '{AccountSid}' ? [account] : (objects.get(prefix) ?? [])
    paths = paths.flatMap((path) => sids.map((sid) => path.replace(variable, sid)))
  }
  return paths
}

function note(objects: Objects, text: string): boolean {
  let isNew = false
  for (const [sid] of text.matchAll(sidPattern)) {
    const prefix = sid.startsWith('MM') ? 'SM' : sid.slice(0, 2)
    const known = objects.get(prefix) ?? []
    // Accounts above and below are named too: they are tenants of their own.
    if (prefix === 'AC' || known.includes(sid)) continue
    objects.set(prefix, [...known, sid])
    isNew = true
  }
  return isNew
}

/** Makes things for a tenant and finds all it has; what it is known by is noted there. */
export async function settle(world: World, tenant: Tenant): Promise<Objects> {
  const objects: Objects = new Map([['AC', [tenant.sid]]])
  const first = (prefix: string): string => objects.get(prefix)?.[0] ?? ''
  await crawl(world, tenant, objects)
  for (let i = 0; ; i++) {
    const [path, form] = seeds(tenant, first)[i] ?? []
    if (path === undefined) break
    const url = path.replace('$', tenant.sid)
    const operation = operationOf('POST', url)
    if (!operation || unserved.has(operation.name)) continue
    const made = await ask(world.setup, url, { as: tenant, form: form! })
    if (made.status >= 300) throw new Error(`${url}: ${made.status} ${made.text}`)
    note(objects, made.text)
  }
  await crawl(world, tenant, objects)
  for (const [prefix, sids] of objects) if (prefix !== 'AC') for (const sid of sids) tenant.more.add(sid.slice(2))
  return objects
}

/** Everything that can be read, by path; what is new in it is noted in `objects` and read as well. */
export async function crawl(world: World, tenant: Credentials, objects: Objects): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  for (let again = true; again;) {
    again = false
    for (const operation of served) {
      if (operation.verb !== 'GET') continue
      for (const path of filled(operation, tenant.sid, objects)) {
        if (seen.has(path)) continue
        const { status, text } = await ask(world.setup, path, { as: tenant })
        seen.set(path, `${status} ${text}`)
        if (status === 200 && note(objects, text)) again = true
      }
    }
  }
  return seen
}

/** The same, of what nothing has. */
export function strangersTo(objects: Objects): Map<string, string> {
  return new Map([...objects.values()].flat().map((sid) => [sid, `${sid.slice(0, 2)}${hex(16)}`]))
}

/** Fit for comparing: usage is as of now. */
export const steady = (text: string): string => text.replaceAll(/"as_of":"[^"]*"/g, '')

export const isRefusal = ({ status }: Answer): boolean => status >= 400
