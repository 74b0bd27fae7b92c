// Writes changes into the tables: one transaction, which also says up to which journal file it
// goes, so that nothing is done twice or left out whenever the process dies.
import type { Database, Statement } from 'better-sqlite3'
import { foldFile, type Changes } from './fold.ts'
import { readJournal } from './journal.ts'
import { group } from './ops.ts'

export interface Tables {
  /** Does what a journal file says; answers how many operations that were. */
  apply(file: number, verified: boolean): number
  sweep(limits: SweepLimits): boolean
}

export interface SweepLimits {
  /** Ids below this, and only ended messages. */
  messagesBelow: number
  idempotencyBelow: number
  earlyBefore: number
  statisticsBefore: number
}

/** Rows deleted by one step of a sweep. */
const sweepRows = 2000

export function openTables(db: Database, directory: string): Tables {
  const sql = (text: string): Statement<unknown[]> => db.prepare<unknown[]>(text)
  const insertMessage = sql('INSERT INTO message VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)')
  const updateMessage = sql('UPDATE message SET state=?, give_up_at=?, wait=?, life=?, entries = entries || ?, refs = refs || ? WHERE id=?')
  const updateEntries = sql(`UPDATE message SET entries = entries || ?, refs = refs || ? WHERE id=?`)
  const redact = sql('UPDATE message SET message=?, redacted_at=? WHERE id=?')
  const decide = sql('UPDATE message SET decision=? WHERE id=?')
  const hide = sql('UPDATE message SET tenant = -abs(tenant) WHERE id=?')
  const putQueue = sql('INSERT OR REPLACE INTO queue VALUES (?,?,?,?,?,?,?,?)')
  const deleteQueue = sql('DELETE FROM queue WHERE lane=? AND account=? AND kp=? AND due=? AND item=?')
  const putRef = sql('INSERT OR IGNORE INTO ref VALUES (?,?,?,?,?)')
  const deleteRefs = sql('DELETE FROM ref WHERE bind=? AND key=? AND message=?')
  const putName = sql('INSERT OR REPLACE INTO name VALUES (?,?)')
  const putEarly = sql('INSERT OR REPLACE INTO early VALUES (?,?,?,?)')
  const deleteEarly = sql('DELETE FROM early WHERE id=?')
  const putCdr = sql('INSERT OR REPLACE INTO cdr VALUES (?,?)')
  const deleteCdrs = sql('DELETE FROM cdr WHERE sequence <= ?')
  const putHook = sql('INSERT OR REPLACE INTO cdr_hook VALUES (?,?,?)')
  const deleteHooks = sql('DELETE FROM cdr_hook WHERE account=? AND sequence<=?')
  const putPart = sql('INSERT OR REPLACE INTO part VALUES (?,?,?,?,?,?)')
  const deleteParts = sql('DELETE FROM part WHERE key=?')
  const deleteJoined = sql('DELETE FROM part WHERE key=? AND place=? AND at=?')
  const putOptOut = sql('INSERT OR REPLACE INTO opt_out VALUES (?,?,?,?,?,?)')
  const putSticky = sql('INSERT OR REPLACE INTO sticky VALUES (?,?,?,?)')
  const deleteOptOut = sql('DELETE FROM opt_out WHERE account=? AND sender=? AND handset=?')
  const putIdempotency = sql('INSERT OR IGNORE INTO idempotency VALUES (?,?,?,?)')
  const addCount = sql('INSERT INTO count VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET count = count + excluded.count')
  const addUsage = sql(
    'INSERT INTO usage VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, segments = segments + excluded.segments',
  )
  const addForm = sql('INSERT INTO form VALUES (?,?,?) ON CONFLICT DO UPDATE SET count = count + excluded.count')
  const addDepth = sql(
    'INSERT INTO depth VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET deliver = deliver + excluded.deliver, report = report + excluded.report',
  )
  const setFact = sql('INSERT INTO fact VALUES (?,?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)')

  const apply = db.transaction((changes: Changes) => {
    for (const name of changes.names) putName.run(name)
    let newest = 0
    for (const row of changes.messages.values()) {
      const { order, insert } = row
      if (insert) {
        const [message, redactedAt] = row.replace ?? [insert.message, null]
        const tenant = row.hidden ? -insert.tenant : insert.tenant
        insertMessage.run(
          order, insert.tail, tenant, insert.receiver, insert.sender, row.state, row.giveUpAt, row.wait,
          redactedAt, row.life, message, row.decision ?? insert.decision, row.entries, row.refs,
        ) // prettier-ignore
        if (order > newest) newest = order
        continue
      }
      const more = row.entries === '' ? '' : `,${row.entries}`
      if (row.life !== null) updateMessage.run(row.state, row.giveUpAt, row.wait, row.life, more, row.refs, order)
      else if (more !== '') updateEntries.run(more, row.refs, order)
      if (row.replace) redact.run(...row.replace, order)
      if (row.decision !== null) decide.run(row.decision, order)
      if (row.hidden) hide.run(order)
    }
    for (const key of changes.deletes) deleteQueue.run(key.split(',').map(Number))
    for (const [key, rest] of changes.puts) {
      const [message, grain, data] = rest.split(group)
      putQueue.run(...key.split(',').map(Number), Number(message), grain ? JSON.parse(grain) : null, data || null)
    }
    for (const ref of changes.refs) putRef.run(ref)
    for (const id of changes.earlyDeletes) deleteEarly.run(id)
    for (const [id, early] of changes.early) putEarly.run(id, ...early)
    for (const [sequence, cdr] of changes.cdrs) putCdr.run(sequence, cdr)
    if (changes.cdrWritten > 0) deleteCdrs.run(changes.cdrWritten)
    for (const done of changes.hookDone) deleteHooks.run(done)
    for (const hook of changes.hooks) putHook.run(hook)
    for (const key of changes.droppedParts) deleteParts.run(key)
    for (const joined of changes.joinedParts) deleteJoined.run(joined)
    for (const part of changes.parts) putPart.run(part.key, part.place, part.total, part.at, part.data, part.called ?? null)
    for (const key of changes.idempotency) putIdempotency.run(key)
    for (const [key, optOut] of changes.optOuts) {
      const parties = JSON.parse(key) as unknown[]
      if (optOut) putOptOut.run(...parties, ...optOut)
      else deleteOptOut.run(parties)
    }
    for (const [key, sender] of changes.stickies) putSticky.run(...(JSON.parse(key) as unknown[]), sender)
    for (const count of changes.counts.values()) addCount.run(count)
    for (const used of changes.usage.values()) addUsage.run(used)
    for (const form of changes.forms.values()) addForm.run(form)
    for (const [line, depth] of changes.depths) if (depth[0] !== 0 || depth[1] !== 0) addDepth.run(...line.split(',').map(Number), ...depth)
    setFact.run('journal', changes.file)
    setFact.run('cdrLast', changes.cdrLast)
    setFact.run('cdrWritten', changes.cdrWritten)
    setFact.run('lastItem', changes.lastItem)
    setFact.run('lastEarly', changes.lastEarly)
    setFact.run('newest', newest)
  })

  // Once, with the start: nothing says which of millions were a service's, and its SID never comes again.
  db.exec(`DELETE FROM sticky WHERE service NOT IN (SELECT substr(key, instr(key, '/') + 1) FROM configuration WHERE kind = 'resource')`)

  const oldMessages = sql(`SELECT id, refs, state FROM message WHERE id < ? ORDER BY id LIMIT ${sweepRows}`)
  const laterMessages = sql(`SELECT id, refs, state FROM message WHERE id > ? AND id < ? ORDER BY id LIMIT ${sweepRows}`)
  const deleteMessage = sql('DELETE FROM message WHERE id=?')
  const sweepKeys = sql(`DELETE FROM idempotency WHERE message IN (SELECT message FROM idempotency WHERE message < ? LIMIT ${sweepRows})`)
  const sweepEarly = sql(`DELETE FROM early WHERE id IN (SELECT id FROM early WHERE at < ? LIMIT ${sweepRows})`)
  const sweepCounts = sql(
    `DELETE FROM count WHERE (minute, bind, name) IN (SELECT minute, bind, name FROM count WHERE minute < ? LIMIT ${sweepRows})`,
  )
  /** Old messages that have not ended stay: the next step starts behind them. */
  let from = 0

  const sweep = db.transaction((limits: SweepLimits): boolean => {
    const rows = (from === 0 ? oldMessages.all(limits.messagesBelow) : laterMessages.all(from, limits.messagesBelow)) as {
      id: number
      refs: string
      state: number
    }[]
    for (const row of rows) {
      from = row.id
      if (row.state < 4) continue
      for (const ref of JSON.parse(`[${row.refs}0]`) as ([number, string] | 0)[]) if (ref !== 0) deleteRefs.run(...ref, row.id)
      deleteMessage.run(row.id)
    }
    const more = rows.length === sweepRows
    if (!more) from = 0
    const others = [sweepKeys.run(limits.idempotencyBelow), sweepEarly.run(limits.earlyBefore), sweepCounts.run(limits.statisticsBefore)]
    return more || others.some((result) => result.changes === sweepRows)
  })

  return {
    apply(file, verified) {
      const changes = foldFile(file, readJournal(directory, file, verified))
      apply.immediate(changes)
      return changes.operations
    },
    sweep(limits) {
      return sweep.immediate(limits)
    },
  }
}
