// A real gateway, driven by the official libraries through a recorder: every answer is one that
// Twilio's own OpenAPI file allows, and every operation of that file is served or listed with the reason.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { ask, root, startNorthern, type World } from '../e2e/world.ts'
import { needs } from '../peers/found.ts'
import { ourNumber } from '../bench/gateway.ts'
import { driveNode } from './drive.ts'
import { answerFaults, errorFaults, isDescribed, operationOf, operations } from './openapi.ts'
import { startRecorder, type Recorded, type Recorder } from './recorder.ts'
import { script, type Given } from './script.ts'
import { unserved } from './unserved.ts'

let world: World
let recorder: Recorder
const given: Given = {
  account: root.sid,
  number: ourNumber,
  handset: '+447700900123',
  soon: new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, ''),
  short_code: '',
  country: 'US',
}

before(async () => {
  world = await startNorthern(`
    numbers: [{ number: '${ourNumber}' }, { number: '62442' }]`)
  const { json } = await ask(world.setup, `/2010-04-01/Accounts/${root.sid}/SMS/ShortCodes.json`, { as: root })
  given.short_code = (json['short_codes'] as { sid: string }[])[0]!.sid
  recorder = await startRecorder(world.setup.httpPort)
})
after(async () => {
  recorder?.close()
  await world?.close()
})

/** What is wrong with answers, by Twilio's file. */
function faultsOf(records: readonly Recorded[]): string[] {
  return records.flatMap(({ verb, path, status, body }) => {
    if (status >= 400) return errorFaults(status, body).map((fault) => `${verb} ${path}: ${fault}`)
    const operation = operationOf(verb, path)
    if (!operation) return [`${verb} ${path} is not in Twilio's file`]
    return isDescribed(operation, status) ? answerFaults(operation, status, body) : [`${operation.name}: ${status}`]
  })
}

/** Names of the operations that were done. */
const done = (records: readonly Recorded[]): Set<string> =>
  new Set(records.filter(({ status }) => status < 400).flatMap(({ verb, path }) => operationOf(verb, path)?.name ?? []))

const expected = operations.map(({ name }) => name).filter((name) => !unserved.has(name))

/** Runs `drive` and judges all that was said meanwhile. */
async function conforms(drive: () => Promise<void>): Promise<void> {
  const from = recorder.records.length
  await drive()
  const records = recorder.records.slice(from)
  assert.deepEqual(faultsOf(records), [])
  const was = done(records)
  assert.deepEqual(
    expected.filter((name) => !was.has(name)),
    [],
    'every operation that is served was driven',
  )
  for (const { verb, path, headers } of records) assert.match(String(headers['twilio-request-id']), /^RQ[0-9a-f]{32}$/, `${verb} ${path}`)
}

it("finds nothing but Twilio's own departures in Twilio's own examples", () => {
  let examples = 0
  for (const operation of operations)
    for (const [status, { content }] of Object.entries(operation.described.responses))
      for (const { value } of Object.values(content?.['application/json']?.examples ?? {})) {
        assert.deepEqual(answerFaults(operation, Number(status), JSON.stringify(value)), [])
        const torn = JSON.stringify({ ...(value as object), surplus: 1 })
        assert.equal(answerFaults(operation, Number(status), torn).length, 1)
        examples++
      }
  assert.ok(examples > 100)
})

it('answers the official npm client as Twilio would, on every resource', () =>
  conforms(() => driveNode({ url: recorder.url, ...root }, script, given)))

describe("Debian's python3-twilio", needs('python3-twilio'), () => {
  it('is answered as Twilio would, on every resource', () => conforms(drivePython))
})

it('answers nothing that is listed as not served', async () => {
  const names = new Set(operations.map(({ name }) => name))
  for (const name of unserved.keys()) assert.ok(names.has(name), `${name} is in Twilio's file`)
  const form = { To: given.handset, From: given.number, Body: 'Hello' }
  const sent = await ask(world.setup, `/2010-04-01/Accounts/${root.sid}/Messages.json`, { as: root, form })
  const real = { '{AccountSid}': root.sid, '{MessageSid}': String(sent.json['sid']), '{CountryCode}': 'US' }
  for (const name of unserved.keys()) {
    const [method = '', path = ''] = name.split(' ')
    const url = Object.entries(real).reduce((sum, [variable, value]) => sum.replace(variable, value), path)
    const answer = await ask(world.setup, url.replaceAll(/\{\w+\}/g, root.sid), { as: root, method })
    assert.ok([404, 405].includes(answer.status), `${name} is served, with ${answer.status}: take it out of the table`)
  }
})

function drivePython(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/python3', ['test/conformance/drive.py'], { stdio: ['pipe', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('error', reject)
    child.once('close', () => (said.trim() === String(script.length) ? resolve() : reject(new Error(said))))
    child.stdin.end(JSON.stringify({ url: recorder.url, ...root, script, given }))
  })
}
