// Simulated carriers as a process of their own, for benchmarks, proofs and people without a gateway.
//   node dist/plugins/simulator/program.js --port 0 --preset normal --seed 1 --ledger file
// The first line says where it listens; SIGUSR2 and the end print statistics; SIGTERM ends it.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { CarrierOptions } from './carrier.ts'
import { readCarriers } from './carriers-file.ts'
import { startCarriers, type Carriers } from './carriers.ts'
import { isPreset, presets } from './personalities.ts'
import { whyOf } from '../../src/plugin.ts'

const usage = `usage: program.js [--host 127.0.0.1] [--port 2776] [--carriers file.json | --preset name ...] [--seed 1] [--ledger file]
  --preset   a carrier of that personality; its system_id is the preset's name, its password "secret"; may be repeated
             ${Object.keys(presets).join(' ')}
  --carriers a JSON array of { "id", "password", "preset": name, "personality": { options } }
`

function carriersOf(file: string | undefined, names: readonly string[]): CarrierOptions[] {
  if (file !== undefined) return readCarriers(readFileSync(file, 'utf8'))
  for (const name of names)
    if (!isPreset(name)) throw new Error(`--preset: expected one of ${Object.keys(presets).join(', ')}, got ${name}`)
  return names.map((name) => ({ id: name, password: 'secret', preset: name }))
}

/** One line: what all carriers counted together, and what it cost. */
function statistics(carriers: Carriers, cpu: NodeJS.CpuUsage): string {
  const total: Record<string, number> = {}
  for (const { counts, waiting } of carriers.views()) {
    for (const [name, n] of Object.entries({ ...counts, waiting })) total[name] = (total[name] ?? 0) + n
  }
  return JSON.stringify({ ...total, cpuMicros: cpu.user + cpu.system, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) })
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '2776' },
      carriers: { type: 'string' },
      preset: { type: 'string', multiple: true, default: ['normal'] },
      seed: { type: 'string', default: '1' },
      ledger: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return
  }
  const port = integer('--port', values.port, 65_535)
  const carriers = await startCarriers({
    host: values.host,
    port,
    carriers: carriersOf(values.carriers, values.preset),
    seed: integer('--seed', values.seed, 0xffff_ffff),
    ...(values.ledger === undefined ? {} : { ledger: values.ledger }),
  })
  const say = () => process.stdout.write(`${statistics(carriers, process.cpuUsage())}\n`)
  process.stdout.write(`${JSON.stringify({ listening: `${carriers.host}:${carriers.port}` })}\n`)
  process.on('SIGUSR2', say)
  const end = () => {
    void carriers.close().then(say)
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

function integer(name: string, text: string, most: number): number {
  const n = Number(text)
  if (Number.isInteger(n) && n >= 0 && n <= most) return n
  throw new Error(`${name}: expected a whole number from 0 to ${most}, got ${text}`)
}

main().catch((error: unknown) => {
  process.stderr.write(`${whyOf(error)}\n${usage}`)
  process.exitCode = 1
})
