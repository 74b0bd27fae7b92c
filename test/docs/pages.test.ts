// What the pages name is there: links lead somewhere, docs/api.md has every operation and every command,
// docs/settings.md every setting, and a command that stands on a page is one that can be typed.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { settingNames } from '../../src/env.ts'
import { endpoints } from '../../src/http/api/api.ts'

const read = (path: string): string => readFileSync(path, 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs').map((name) => `docs/${name}`),
  ...readdirSync('plugins').map((name) => `plugins/${name}/README.md`),
].filter((path) => path.endsWith('.md') && existsSync(path))

/** What a heading is reached by: lower case, blanks as dashes, all other signs left out. */
const anchors = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  )

test('every link of every page leads to a file that is there, and to a heading of it', () => {
  assert.ok(pages.length > 30)
  for (const page of pages) {
    for (const [, link = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const to = path === '' ? page : join(dirname(page), path)
      assert.ok(existsSync(to), `${page}: ${link}`)
      if (anchor !== undefined) assert.ok(anchors(to).includes(anchor), `${page}: ${link}`)
    }
  }
})

test('docs/README.md lists every page', () => {
  for (const page of pages)
    if (page.startsWith('docs/') && page !== 'docs/README.md') assert.ok(read('docs/README.md').includes(`(${page.slice(5)})`), page)
})

test('docs/api.md has every operation of the API, and no other', () => {
  const written = [...read('docs/api.md').matchAll(/`((?:(?:GET|POST|PUT|DELETE) )+)(\/[^`]+)`/g)].flatMap(([, verbs = '', path = '']) =>
    verbs
      .trim()
      .split(' ')
      .map((verb) => `${verb} ${path}`),
  )
  const offered = endpoints.map(({ verb, path }) => `${verb.toUpperCase()} ${path}`)
  assert.deepEqual([...new Set(written)].toSorted(), offered.toSorted())
})

test('docs/settings.md has every setting', () => {
  const rows = read('docs/settings.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .join('\n')
  for (const name of settingNames) assert.ok(rows.includes(`\`${name}\``), name)
})

/** Every command that does something, by its words. */
const commands = (of: Command, words: string[] = []): [string, Command][] =>
  of.commands.length === 0 ? [[words.join(' '), of]] : of.commands.flatMap((one) => commands(one, [...words, one.name()]))

/** The command lines of a page, without comments and what they are piped to. */
const typed = (page: string): string[] =>
  [...read(page).matchAll(/npx signalbox ([a-z][^\n`]*)/g)].map(([, line = '']) => line.split(/ {2,}| #| > | \| [^a-z]/)[0]!)

test('a command that stands on a page is one, with options that it has', () => {
  const program = createProgram()
  for (const page of pages) {
    for (const line of typed(page)) {
      let at = program
      for (const word of line.split(' ')) {
        const next = at.commands.find((one) => one.name() === word.split('|')[0])
        if (!next) break
        at = next
      }
      assert.notEqual(at, program, `${page}: ${line}`)
      // What is typed without a word is the first one's: `keys` is `keys list`.
      const all = at.commands.length === 0 ? [at] : [at, ...at.commands]
      for (const [option] of line.matchAll(/(?<=[\s[|])--?[a-z][\w-]*/g))
        assert.ok(
          all.some((one) => one.options.some(({ long, short }) => option === long || option === short)),
          `${page}: ${line}: ${option}`,
        )
    }
  }
})

test('docs/api.md has every command', () => {
  const lines = typed('docs/api.md')
  for (const [words] of commands(createProgram())) {
    const [first = '', second = ''] = words.split(' ')
    const said = lines.some((line) => line.split(/[^a-z]/)[0] === first && (second === '' || second === 'list' || line.includes(second)))
    assert.ok(said, words)
  }
})
