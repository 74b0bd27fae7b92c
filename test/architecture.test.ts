// The rooms hold: the lint refuses an import against the direction that docs/architecture.md gives,
// and knows every room there is.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, test } from 'node:test'

/** [file, what it imports] */
const forbidden = [
  ['src/model/message.ts', '../clock.ts'],
  ['src/model/message.ts', '../text/index.ts'],
  ['src/text/segment.ts', '../routing/decide.ts'],
  ['src/routing/decide.ts', '../store/store.ts'],
  ['src/routing/decide.ts', '../flow/flow.ts'],
  ['src/store/sqlite/index.ts', '../../binds/supervisor.ts'],
  ['src/store/sqlite/index.ts', '../../plugin.ts'],
  ['src/binds/supervisor.ts', '../flow/flow.ts'],
  ['src/flow/flow.ts', '../admin/admin.ts'],
  ['src/flow/flow.ts', '../env.ts'],
  ['src/admin/create.ts', '../http/server.ts'],
  ['src/http/api/api.ts', '../../gateway.ts'],
  ['src/http/server.ts', '../cli/program.ts'],
  ['src/cli/program.ts', '../store/store.ts'],
  ['src/outbound/client.ts', '../flow/flow.ts'],
  ['src/plugin.ts', './flow/flow.ts'],
  ['src/flow/flow.ts', '../../plugins/smpp/index.ts'],
  ['plugins/twilio/index.ts', '../smpp/index.ts'],
  ['plugins/twilio/index.ts', '../../src/flow/flow.ts'],
  ['plugins/twilio/index.ts', '../../src/model/message.ts'],
  ['plugins/twilio/index.ts', '../../src/clock.ts'],
  ['plugins/smpp/codec/read.ts', '../../twilio/index.ts'],
  ['plugins/smpp/codec/read.ts', '../../../src/model/message.ts'],
  ['plugins/simulator/carrier.ts', '../smpp/session.ts'],
  ['plugins/simulator/carrier.ts', '../twilio/index.ts'],
] as const

const allowed = [
  ['src/model/message.ts', './address.ts'],
  ['src/routing/decide.ts', '../model/route.ts'],
  ['src/store/sqlite/index.ts', '../../model/life.ts'],
  ['src/store/sqlite/index.ts', '../store.ts'],
  ['src/binds/supervisor.ts', '../plugin.ts'],
  ['src/flow/flow.ts', '../binds/supervisor.ts'],
  ['src/admin/create.ts', '../flow/flow.ts'],
  ['src/http/api/api.ts', '../../admin/admin.ts'],
  ['src/http/api/api.ts', '../auth.ts'],
  ['src/gateway.ts', '../plugins/smpp/index.ts'],
  ['src/gateway.ts', './http/server.ts'],
  ['src/cli/program.ts', '../gateway.ts'],
  ['plugins/twilio/index.ts', '../../src/plugin.ts'],
  ['plugins/smpp/codec/read.ts', '../../../src/plugin.ts'],
  ['plugins/smpp/codec/read.ts', '../session.ts'],
  ['plugins/simulator/carrier.ts', '../smpp/codec/index.ts'],
  ['plugins/twilio/api.test.ts', '../../src/flow/flow.ts'],
] as const

interface Configured {
  overrides: { files: string[]; rules: Record<string, unknown> }[]
  options?: unknown
  rules: Record<string, unknown>
}

let house: string
const configured = JSON.parse(readFileSync('.oxlintrc.json', 'utf8')) as Configured

before(() => {
  house = mkdtempSync(join(tmpdir(), 'signalbox-lint-'))
  // The same overrides, without the rules that would look for the files imported.
  const { overrides } = configured
  writeFileSync(join(house, '.oxlintrc.json'), JSON.stringify({ categories: { correctness: 'off' }, overrides }))
})
after(() => rmSync(house, { recursive: true, force: true }))

/** Which of these imports the lint refuses, in their order. */
function refused(imports: readonly (readonly [string, string])[]): string[] {
  const files = new Map<string, string[]>()
  for (const [file, what] of imports) files.set(file, [...(files.get(file) ?? []), what])
  for (const [file, whats] of files) {
    const path = join(house, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, whats.map((what, i) => `export { thing as thing${i} } from '${what}'\n`).join(''))
  }
  const ran = spawnSync(process.execPath, [resolve('node_modules/oxlint/bin/oxlint'), '--format', 'json', ...files.keys()], {
    cwd: house,
    encoding: 'utf8',
  })
  for (const file of files.keys()) rmSync(join(house, file))
  const { diagnostics } = JSON.parse(ran.stdout) as {
    diagnostics: { code: string; filename: string; labels: { span: { line: number } }[] }[]
  }
  const found = new Set(
    diagnostics
      .filter(({ code }) => code === 'eslint(no-restricted-imports)')
      .map(({ filename, labels }) => `${filename} ← ${files.get(filename)?.[(labels[0]?.span.line ?? 0) - 1]}`),
  )
  return imports.map(([file, what]) => `${file} ← ${what}`).filter((each) => found.has(each))
}

test('an import against the direction of the rooms fails the lint', () => {
  assert.deepEqual(
    refused(forbidden),
    forbidden.map(([file, what]) => `${file} ← ${what}`),
  )
})

test('an import along the direction of the rooms passes the lint', () => {
  assert.deepEqual(refused(allowed), [])
})

test('every room and every file of src is known to the rules', () => {
  const rules = JSON.stringify(configured.overrides)
  for (const entry of readdirSync('src', { withFileTypes: true })) {
    const { name } = entry
    if (name.endsWith('.test.ts')) continue
    if (entry.isDirectory())
      assert.ok(rules.includes(`src/${name}/**`), `no rule says what the room src/${name} may import: .oxlintrc.json`)
    else assert.ok(rules.includes(`${name.slice(0, -3)}\\\\.ts$`), `no rule says who may import src/${name}: .oxlintrc.json`)
  }
})

test('cycles, floating promises and warnings fail the lint', () => {
  for (const rule of ['import/no-cycle', 'typescript/no-floating-promises', 'typescript/no-explicit-any', 'typescript/ban-ts-comment']) {
    const level = configured.rules[rule]
    assert.equal(Array.isArray(level) ? level[0] : level, 'error', rule)
  }
  assert.deepEqual(configured.options, { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' })
})
