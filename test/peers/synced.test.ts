// Nothing is acknowledged before it is durable, seen from outside: strace watches the gateway's system
// calls, and each 201 must leave after its message's write to a file opened with O_DSYNC has returned, or
// after an fdatasync that began when the message was already written.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setUp, sid, startGatewayProcess, tearDown, token } from '../bench/gateway.ts'
import { freePort } from '../bench/processes.ts'
import { needs, peer } from './found.ts'

const messages = 40

test('no 201 leaves before the message it names is synced', { ...needs('strace'), timeout: 180_000 }, async () => {
  const setup = await setUp({ SIGNALBOX_DEMO: 'on', SIGNALBOX_SIMULATOR: `127.0.0.1:${await freePort()}` })
  const gateway = await startGatewayProcess(setup)
  const file = join(setup.data, 'calls.strace')
  const calls = 'trace=write,writev,pwrite64,pwritev,fdatasync,fsync,sendto,sendmsg'
  const strace = spawn(
    peer('strace')!,
    ['-f', '-y', '-s', '1000000', '-e', calls, '-e', 'signal=none', '-o', file, '-p', String(gateway.pid)],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  try {
    const durableOnceWritten = await syncedByWrite(gateway.pid)
    await new Promise<void>((resolve, reject) => {
      strace.stderr.on('data', (chunk: Buffer) => (chunk.toString().includes('attached') ? setTimeout(resolve, 300) : undefined))
      strace.once('exit', (code) => reject(new Error(`strace ended with ${code}`)))
    })
    const headers = { authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}` }
    const ids = await Promise.all(
      Array.from({ length: messages }, async (_, n) => {
        const body = new URLSearchParams({ To: `+4477009${String(n).padStart(5, '0')}`, From: '+15005550006', Body: `synced ${n}` })
        const answer = await fetch(`http://127.0.0.1:${setup.httpPort}/2010-04-01/Accounts/${sid}/Messages.json`, {
          method: 'POST',
          headers,
          body,
        })
        assert.equal(answer.status, 201)
        return ((await answer.json()) as { sid: string }).sid.slice(2)
      }),
    )
    strace.kill('SIGINT')
    await once(strace, 'exit')
    const acknowledged = inOrder(await readFile(file, 'latin1'), ids, durableOnceWritten)
    assert.equal(acknowledged, messages, 'every acknowledgement was seen among the calls')
  } finally {
    strace.kill('SIGKILL')
    await gateway.stop()
    await tearDown(setup)
  }
})

/** Whether each write to the gateway's journal is synced when it returns: it was opened with O_DSYNC. */
async function syncedByWrite(pid: number): Promise<boolean> {
  const all = await readdir(`/proc/${pid}/fd`)
  const names = await Promise.all(all.map(async (fd) => ({ fd, name: await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '') })))
  const journals = names.filter(({ name }) => /journal-\d+$/.test(name))
  assert.ok(journals.length > 0, 'the journal is open')
  const flags = await Promise.all(journals.map(({ fd }) => readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8')))
  return flags.every((text) => (Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(text)![1]!, 8) & constants.O_DSYNC) !== 0)
}

/** Walks the calls in order of time; fails at an acknowledgement that came too early; counts those seen. */
function inOrder(log: string, ids: readonly string[], durableOnceWritten: boolean): number {
  const written = new Set<string>()
  const synced = new Set<string>()
  /** What a thread is writing to the journal, and what was written when its fdatasync began. */
  const writing = new Map<string, string[]>()
  const syncing = new Map<string, string[]>()
  let seen = 0
  for (const line of log.split('\n')) {
    const thread = /^\d+/.exec(line)?.[0] ?? ''
    const named = ids.filter((id) => line.includes(id))
    if (/^\d+ +(pwrite64|pwritev|write|writev)\(\d+<[^>]*journal-\d+>/.test(line)) writing.set(thread, named)
    if (/^\d+ +(<\.\.\. )?(pwrite64|pwritev|write|writev)\b.*= \d+$/.test(line)) {
      for (const id of writing.get(thread) ?? []) (durableOnceWritten ? synced : written).add(id)
      writing.delete(thread)
    }
    if (/^\d+ +f(data)?sync\(\d+<[^>]*journal-\d+>/.test(line)) syncing.set(thread, [...written])
    if (/f(data)?sync.*= 0$/.test(line)) for (const id of syncing.get(thread) ?? []) synced.add(id)
    if (!line.includes('201 Created')) continue
    for (const id of named) {
      assert.ok(synced.has(id), `SM${id} was acknowledged before it was synced`)
      seen++
    }
  }
  return seen
}
