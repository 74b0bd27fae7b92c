// For the tests of the Messages resource: a gateway, its HTTP side one way or the other, the official
// client pointed at it, and Twilio's published schema.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { XMLParser } from 'fast-xml-parser'
import twilioClient from 'twilio'
import { world, type World } from './world.fixture.ts'
import { listening, mounted, type Running } from './http.fixture.ts'
import { handset, ownNumber } from './messages.fixture.ts'

interface Property {
  type?: string
  nullable?: boolean
  pattern?: string
  $ref?: string
  enum?: string[]
}
export const schema = JSON.parse(readFileSync('test/fixtures/twilio/message-schema.json', 'utf8')) as {
  message: { properties: Record<string, Property> }
  list: { properties: Record<string, Property> }
  message_enum_status: { enum: string[] }
  message_enum_direction: { enum: string[] }
}

/** Checks a message against Twilio's published schema. */
export function assertShape(message: Record<string, unknown>): void {
  assert.deepEqual(Object.keys(message).sort(), Object.keys(schema.message.properties).sort())
  for (const [name, property] of Object.entries(schema.message.properties)) {
    const value = message[name]
    if (property.$ref) {
      const choices = name === 'status' ? schema.message_enum_status.enum : schema.message_enum_direction.enum
      assert.ok(choices.includes(String(value)), `${name}: ${String(value)}`)
    } else if (value === null) assert.equal(property.nullable, true, name)
    else if (property.type === 'integer') assert.ok(Number.isInteger(value), name)
    else assert.equal(typeof value, property.type, name)
    if (property.pattern && typeof value === 'string') assert.match(value, new RegExp(property.pattern), name)
  }
}

export const xml = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false })

export const ways = [
  ['hot', 'taken before express'],
  ['router', 'through express'],
] as const

export async function apiUnderTest(way: 'hot' | 'router') {
  const w: World = world()
  const server: Running = await listening(mounted(w.host, way))
  const client = twilioClient(w.root.id, w.root.token)
  client.api.baseUrl = server.url
  client.messaging.baseUrl = server.url

  const basic = (sid = w.root.id, token = w.root.token): string => `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`
  async function call(method: string, path: string, body?: string | Record<string, string>, headers: Record<string, string> = {}) {
    const response = await fetch(server.url + path, {
      method,
      headers: {
        authorization: basic(),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new URLSearchParams(body).toString() }),
    })
    const text = await response.text()
    const json = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>
    return { status: response.status, headers: response.headers, text, json }
  }
  const messages = `/2010-04-01/Accounts/${w.root.id}/Messages`
  const good = { To: handset, From: ownNumber, Body: 'hello' }
  const create = (params: Record<string, string>, headers?: Record<string, string>) => call('POST', `${messages}.json`, params, headers)

  async function refuses(code: number, status: number, params: Record<string, string>): Promise<Record<string, unknown>> {
    const before = w.submissions.length
    const { json, status: got } = await create(params)
    assert.deepEqual([json['code'], json['status'], got], [code, status, status], JSON.stringify(json))
    assert.equal(json['more_info'], `https://www.twilio.com/docs/errors/${code}`)
    assert.equal(w.submissions.length, before)
    return json
  }

  return {
    w,
    client,
    server,
    basic,
    call,
    messages,
    good,
    create,
    refuses,
    async close() {
      await server.close()
      await w.outbound.close()
    },
  }
}
