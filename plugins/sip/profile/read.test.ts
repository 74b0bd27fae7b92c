import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { checkText } from '../../../src/admin/checked.ts'
import { profileBed } from './profile.fixture.ts'
import { readProfiles } from './read.ts'
import { trunkFile } from './trunk-schema.ts'

test('the shipped profiles hold: phones on 5060, trunks on 5080, on loopback', async () => {
  const read = await readProfiles({ directory: 'sip-profiles', check: (schema, text) => checkText(schema, text, {}) })
  assert.deepEqual([...read!.profiles.keys()], ['external', 'internal'])
  assert.deepEqual(
    [...read!.profiles.values(), ...read!.trunks.values()].flatMap(({ faults }) => faults),
    [],
  )
  const { listen } = read!.profiles.get('internal')!.value!.profile
  assert.deepEqual(
    [listen.udp, listen.tcp, listen.httpPath],
    [{ address: '127.0.0.1', port: 5060 }, { address: '127.0.0.1', port: 5060 }, true],
  )
  assert.deepEqual(read!.profiles.get('internal')!.value!.owners, { localhost: 'root', '127.0.0.1': 'root' })
  assert.deepEqual(read!.profiles.get('external')!.value!.profile.listen.udp, { address: '127.0.0.1', port: 5080 })
  assert.equal(read!.trunks.size, 0)
})

test('the examples of trunks that are shipped hold', () => {
  const examples = readdirSync('sip-profiles/external').filter((name) => name.endsWith('.yaml.example'))
  assert.deepEqual(examples.toSorted(), ['ims.yaml.example', 'kamailio.yaml.example'])
  for (const name of examples) {
    const checked = checkText(trunkFile, readFileSync(`sip-profiles/external/${name}`, 'utf8'), {})
    assert.ok('value' in checked, `${name}: ${'faults' in checked ? checked.faults.join('; ') : ''}`)
  }
})

test('every fault of every file is told at once, with its line, its path and what would be right', async (context) => {
  const { source } = await profileBed(context, {
    'a.yaml': 'listen:\n  udp: nowhere\n  tls: 127.0.0.1:5061\nauth: { register: none }\nsafety: { allow: [1.2.3.4/99], colour: red }\n',
    'b.yaml': 'listen: { tls: "127.0.0.1:5061", certificate: gone.pem }\nregistrar: { minExpiresSeconds: 7200 }\n',
    'c.yaml': 'listen: [',
    'b/pbx.yaml': 'nextHops: ["http://x"]\nattemptMs: 1\n',
    'd/pbx.yaml': 'nextHops: ["sip:x"]\n',
  })
  const { profiles, trunks } = (await readProfiles(source))!
  const faults = [...profiles.values(), ...trunks.values()].flatMap((read) =>
    read.faults.map((fault) => fault.replace(`${source.directory}/`, '')),
  )
  const expected = [
    /^a\.yaml: line 2: listen\.udp: expected an address and a port such as 127\.0\.0\.1:5060 or \[::1\]:5060, got "nowhere"$/,
    /^a\.yaml: line 4: auth\.register: expected .*digest.*trust.*, got "none"$/,
    /^a\.yaml: line 5: safety\.allow\[0\]: expected an IP address or a range/,
    /^a\.yaml: line 5: safety\.colour: there is no such field/,
    /^b\.yaml: listen\.certificate: cannot be read: /,
    /^b\.yaml: listen\.key: is missing: expected the path of a PEM file, since listen\.tls is set$/,
    /^b\.yaml: registrar\.minExpiresSeconds: expected at most maxExpiresSeconds, 3600$/,
    /^c\.yaml: line 1: /,
    /^b\/pbx\.yaml: line 1: nextHops\[0\]: expected a URI such as sip:pbx\.example;transport=tcp, got "http:\/\/x"$/,
    /^b\/pbx\.yaml: line 2: attemptMs: expected 100–600000, got 1$/,
    /^d\/pbx\.yaml: there is no profile d\.yaml/,
  ]
  for (const each of expected)
    assert.ok(
      faults.some((fault) => each.test(fault)),
      `${each.source}\nnot in\n${faults.join('\n')}`,
    )
})

test('secrets come from variables, and one that is not set is a fault that does not say it', async (context) => {
  const trunk = 'nextHops: ["sip:pbx.example"]\nusername: us\npassword: ${PBX}\n'
  const set = await profileBed(context, { 'external.yaml': 'listen: { udp: "127.0.0.1:0" }', 'external/pbx.yaml': trunk }, { PBX: 'hush' })
  assert.equal((await readProfiles(set.source))!.trunks.get('external/pbx')!.value!.trunk.password, 'hush')
  const unset = await profileBed(context, { 'external.yaml': 'listen: { udp: "127.0.0.1:0" }', 'external/pbx.yaml': trunk })
  assert.match(
    (await readProfiles(unset.source))!.trunks.get('external/pbx')!.faults.join(),
    /line 3: password: the variable PBX is not set/,
  )
})

test('trusting whoever comes is refused where strangers may come', async (context) => {
  const { source } = await profileBed(context, {
    'open.yaml': 'listen: { udp: "0.0.0.0:5062" }\nauth: { register: trust }',
    'near.yaml': 'listen: { udp: "127.0.0.1:5063" }\nauth: { register: trust }',
    'listed.yaml': 'listen: { udp: "0.0.0.0:5064" }\nauth: { register: trust }\nsafety: { allow: [192.0.2.0/24] }',
  })
  const { profiles } = (await readProfiles(source))!
  assert.match(profiles.get('open')!.faults.join(), /auth\.register: trust without safety\.allow lets anybody be anyone/)
  for (const name of ['near', 'listed']) assert.deepEqual(profiles.get(name)!.faults, [], name)
})

test('an address, the path of the HTTP port and a domain of another account are of one profile only', async (context) => {
  const { source } = await profileBed(context, {
    'a.yaml': 'listen: { udp: "127.0.0.1:5062", httpPath: true }\ndomains: { acme.example: root, same.example: root }',
    'b.yaml':
      'listen: { udp: "127.0.0.1:5062", tcp: "127.0.0.1:5062", httpPath: true }\ndomains: { acme.example: Acme, same.example: root }',
  })
  const { profiles } = (await readProfiles(source))!
  assert.deepEqual(profiles.get('a')!.faults, [])
  const told = profiles.get('b')!.faults.join('\n')
  assert.match(told, /listen\.udp: udp 127\.0\.0\.1 port 5062 is in the profile a already/)
  assert.match(told, /listen\.httpPath: \/sip of the HTTP port is in the profile a already/)
  assert.match(told, /domains\.acme\.example: the domain acme\.example is in the profile a already/)
  assert.doesNotMatch(told, /same\.example|listen\.tcp/)
})

test('a domain may be called like anything that objects have', async (context) => {
  const { source } = await profileBed(context, { 'a.yaml': 'listen: { udp: "127.0.0.1:0" }\ndomains: { constructor: root }' })
  const { value } = (await readProfiles(source))!.profiles.get('a')!
  assert.deepEqual(Object.entries(value!.owners), [['constructor', 'root']])
  assert.equal(value!.profile.domains['constructor'], undefined)
})

test('a domain that is an IPv6 address is without brackets, and who writes them is told', async (context) => {
  const bed = await profileBed(context, { 'a.yaml': 'listen: { udp: "127.0.0.1:0" }\ndomains: { "::1": root }' })
  assert.deepEqual((await readProfiles(bed.source))!.profiles.get('a')!.faults, [])
  await bed.write('a.yaml', 'listen: { udp: "127.0.0.1:0" }\ndomains: { "[::1]": root }')
  assert.match((await readProfiles(bed.source))!.profiles.get('a')!.faults.join(), /domains.*IPv6 without brackets: ::1/)
})

test('PEM files are read, from the directory of the profiles, and belong to what tells a change', async (context) => {
  const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n'
  const bed = await profileBed(context, {
    'tls.yaml': 'listen: { tls: "127.0.0.1:0", certificate: cert.pem, key: cert.pem }',
    'cert.pem': pem,
  })
  const before = (await readProfiles(bed.source))!.profiles.get('tls')!
  assert.equal(before.value!.profile.listen.certificate, pem)
  await bed.write('cert.pem', pem.replace('x', 'y'))
  assert.notEqual((await readProfiles(bed.source))!.profiles.get('tls')!.text, before.text)
  await bed.write('cert.pem', 'no PEM')
  assert.match((await readProfiles(bed.source))!.profiles.get('tls')!.faults.join(), /listen\.certificate: expected the path of a PEM file/)
})

test('without the directory there is nothing, and that is no error', async () => {
  assert.equal(await readProfiles({ directory: 'test/fixtures/nowhere', check: () => ({ faults: [] }) }), undefined)
})
