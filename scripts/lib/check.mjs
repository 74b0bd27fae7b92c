// Lint and format hold over the whole project, or this throws after saying where they do not.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, say } from './root.mjs'

export function check() {
  run('Lint (oxlint)', 'oxlint/bin/oxlint', [], 'The lint found something (see above).')
  run('Format (oxfmt --check)', 'oxfmt/bin/oxfmt', ['--check'], 'Some files are not formatted: npm run format')
}

function run(what, program, args, otherwise) {
  say(`${what} …`)
  const ran = spawnSync(process.execPath, [join(root, 'node_modules', program), ...args], { cwd: root, encoding: 'utf8' })
  if (ran.status === 0) return
  process.stderr.write(ran.stdout + ran.stderr)
  throw new Error(otherwise)
}
