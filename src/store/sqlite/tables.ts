// Writes changes into the tables: one transaction, which also says up to which journal file it
// goes, so that nothing is done twice or left out whenever the process dies.
import type { Database, Statement } from 'better-sqlite3'
import { createBatch } from './batch.ts'
import { readNumber, shortEnd, unquoted, type Place } from './fields.ts'
import { foldFile, type Changes, type MessageInsert, type MessageRef, type MessageRow } from './fold.ts'
import { readJournal } from './journal.ts'

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

/** A place for a text, which may come as its octets. */
const octetsOrText = 'CAST(? AS TEXT)'

/** Rows deleted by one step of a sweep. */
const sweepRows = 2000
/** Nearly every file has fewer. */
const roomBytes = 4 << 20
const comma = 44

export function openTables(db: Database, directory: string): Tables {
  const sql = (text: string): Statement<unknown[]> => db.prepare<unknown[]>(text)
  // What is carried comes as octets of the journal: making a text of them, only to have it turned into octets again, costs more than the row.
  const rows = createBatch(
    db,
    'INSERT OR ROLLBACK INTO message',
    `(?,${octetsOrText},?,${octetsOrText},${octetsOrText},?,?,${octetsOrText},?,${octetsOrText},${octetsOrText},${octetsOrText},${octetsOrText},?)`,
  )
  const stands = `state=?, give_up_at=?, wait=${octetsOrText}, life=${octetsOrText}`
  const longer = `entries = entries || ',' || ${octetsOrText}`
  const updateMessage = sql(`UPDATE message SET ${stands}, refs = refs || ?, ${longer} WHERE id=?`)
  const updateLife = sql(`UPDATE message SET ${stands}, refs = refs || ? WHERE id=?`)
  const updateRefs = sql('UPDATE message SET refs = refs || ? WHERE id=?')
  const updateEntries = sql(`UPDATE message SET refs = refs || ?, ${longer} WHERE id=?`)
  const redact = sql('UPDATE message SET message=?, redacted_at=? WHERE id=?')
  const decide = sql('UPDATE message SET decision=? WHERE id=?')
  const hide = sql('UPDATE message SET tenant = -abs(tenant) WHERE id=?')
  const queue = createBatch(db, 'INSERT OR REPLACE INTO queue', `(?,?,?,?,?,?,${octetsOrText},${octetsOrText})`)
  const deleteQueue = sql('DELETE FROM queue WHERE lane=? AND account=? AND kp=? AND due=? AND item=?')
  const refs = createBatch(db, 'INSERT OR IGNORE INTO ref', `(?,${octetsOrText},?,?,${octetsOrText})`)
  const deleteRefs = sql('DELETE FROM ref WHERE bind=? AND key=? AND message=?')
  const putName = sql('INSERT OR REPLACE INTO name VALUES (?,?)')
  const putEarly = sql('INSERT OR REPLACE INTO early VALUES (?,?,?,?)')
  const deleteEarly = sql('DELETE FROM early WHERE id=?')
  const cdrs = createBatch(db, 'INSERT OR REPLACE INTO cdr', `(?,${octetsOrText})`)
  const deleteCdrs = sql('DELETE FROM cdr WHERE sequence <= ?')
  const putHook = sql('INSERT OR REPLACE INTO cdr_hook VALUES (?,?,?)')
  const deleteHooks = sql('DELETE FROM cdr_hook WHERE account=? AND sequence<=?')
  const putPart = sql('INSERT OR REPLACE INTO part VALUES (?,?,?,?,?,?)')
  const deleteParts = sql('DELETE FROM part WHERE key=?')
  const deleteJoined = sql('DELETE FROM part WHERE key=? AND place=? AND at=?')
  const putOptOut = sql('INSERT OR REPLACE INTO opt_out VALUES (?,?,?,?,?,?)')
  const putSticky = sql('INSERT OR REPLACE INTO sticky VALUES (?,?,?,?)')
  const deleteOptOut = sql('DELETE FROM opt_out WHERE account=? AND sender=? AND handset=?')
  const putIdempotency = sql(`INSERT OR IGNORE INTO idempotency VALUES (?,?,?,${octetsOrText})`)
  const addCount = sql('INSERT INTO count VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET count = count + excluded.count')
  const addUsage = sql(
    'INSERT INTO usage VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, segments = segments + excluded.segments',
  )
  const addForm = sql('INSERT INTO form VALUES (?,?,?) ON CONFLICT DO UPDATE SET count = count + excluded.count')
  const addDepth = sql(
    'INSERT INTO depth VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET deliver = deliver + excluded.deliver, report = report + excluded.report',
  )
  const setFact = sql('INSERT INTO fact VALUES (?,?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)')

  function insert(octets: Buffer, row: MessageRow, inserted: MessageInsert): void {
    const { tail, tenant, receiver, sender, message, decision, decisionTo } = inserted
    rows.add(row.order)
    rows.add(octets.subarray(tail, shortEnd(octets, tail)))
    rows.add(row.hidden ? -tenant : tenant)
    rows.add(unquoted(octets, receiver, sender - 1))
    rows.add(unquoted(octets, sender, message - 1))
    rows.add(row.state)
    rows.add(row.giveUpAt)
    rows.add(row.waitTo > row.wait ? octets.subarray(row.wait, row.waitTo) : null)
    rows.add(row.replace ? row.replace[1] : null)
    rows.add(octets.subarray(row.life, row.lifeTo))
    rows.add(row.replace ? row.replace[0] : octets.subarray(message, decision - 1))
    rows.add(row.decision ?? octets.subarray(decision, decisionTo))
    rows.add(joined(octets, row.entries))
    rows.add(namesOf(octets, row.refs))
  }

  function update(octets: Buffer, row: MessageRow): void {
    const { order, state, giveUpAt, replace, decision } = row
    const names = namesOf(octets, row.refs)
    const added = row.entries.length > 0 ? joined(octets, row.entries) : undefined
    if (row.lifeTo > row.life) {
      const wait = row.waitTo > row.wait ? octets.subarray(row.wait, row.waitTo) : null
      const life = octets.subarray(row.life, row.lifeTo)
      if (added === undefined) updateLife.run(state, giveUpAt, wait, life, names, order)
      else updateMessage.run(state, giveUpAt, wait, life, names, added, order)
    } else if (added !== undefined) updateEntries.run(names, added, order)
    else if (names !== '') updateRefs.run(names, order)
    if (replace) redact.run(replace[0], replace[1], order)
    if (decision !== null) decide.run(decision, order)
    if (row.hidden) hide.run(order)
  }

  function putRefs(octets: Buffer, order: number, found: MessageRef[]): void {
    for (const { bind, key, keyTo, segment, raw, rawTo } of found) {
      refs.add(bind)
      refs.add(unquoted(octets, key, keyTo))
      refs.add(order)
      refs.add(segment)
      refs.add(rawTo > raw ? unquoted(octets, raw, rawTo) : null)
    }
  }

  function takeItem(place: Place): void {
    deleteQueue.run(next(place), next(place), next(place), next(place), next(place))
  }

  function putItem(place: Place): void {
    const { octets } = place
    // Five of its key, and the message.
    for (let i = 0; i < 6; i++) queue.add(next(place))
    const grain = place.at
    const data = shortEnd(octets, grain) + 1
    const end = shortEnd(octets, data)
    queue.add(data > grain + 1 ? unquoted(octets, grain, data - 1) : null)
    queue.add(end > data ? octets.subarray(data, end) : null)
  }

  const apply = db.transaction((changes: Changes) => {
    const { octets } = changes
    for (const batch of [rows, refs, queue, cdrs]) batch.clear()
    for (const name of changes.names) putName.run(name)
    let newest = 0
    for (const row of changes.messages) {
      if (row.insert) {
        insert(octets, row, row.insert)
        if (row.order > newest) newest = row.order
      } else update(octets, row)
      if (row.refs) putRefs(octets, row.order, row.refs)
    }
    const place: Place = { octets, at: 0 }
    for (const key of changes.deletes) {
      place.at = key
      takeItem(place)
    }
    for (const put of changes.puts) {
      if (put.gone) continue
      place.at = put.key
      putItem(place)
    }
    for (const { sequence, cdr, to } of changes.cdrs) {
      if (sequence <= changes.cdrWritten) continue
      cdrs.add(sequence)
      cdrs.add(octets.subarray(cdr, to))
    }
    for (const batch of [rows, refs, queue, cdrs]) batch.end()
    for (const id of changes.earlyDeletes) deleteEarly.run(id)
    for (const [id, early] of changes.early) putEarly.run(id, ...early)
    if (changes.cdrWritten > 0) deleteCdrs.run(changes.cdrWritten)
    for (const done of changes.hookDone) deleteHooks.run(done)
    for (const hook of changes.hooks) putHook.run(hook)
    for (const key of changes.droppedParts) deleteParts.run(key)
    for (const part of changes.joinedParts) deleteJoined.run(part)
    for (const part of changes.parts) putPart.run(part.key, part.place, part.total, part.at, part.data, part.called ?? null)
    for (const [{ order, insert: inserted }, account, key] of changes.idempotency) {
      if (inserted) putIdempotency.run(order, account, key, octets.subarray(inserted.tail, shortEnd(octets, inserted.tail)))
    }
    for (const [key, optOut] of changes.optOuts) {
      const parties = JSON.parse(key) as unknown[]
      if (optOut) putOptOut.run(...parties, ...optOut)
      else deleteOptOut.run(parties)
    }
    for (const [key, sender] of changes.stickies) putSticky.run(...(JSON.parse(key) as unknown[]), sender)
    for (const count of changes.counts.values()) addCount.run(count)
    for (const [tenant, days] of changes.usage) {
      for (const { day, kind, messages, segments } of days) addUsage.run(tenant, day, kind, messages, segments)
    }
    for (const form of changes.forms.values()) addForm.run(form)
    for (const [lane, accounts] of changes.depths) {
      for (const [account, [deliver, report]] of accounts) if (deliver !== 0 || report !== 0) addDepth.run(lane, account, deliver, report)
    }
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
    const old = (from === 0 ? oldMessages.all(limits.messagesBelow) : laterMessages.all(from, limits.messagesBelow)) as {
      id: number
      refs: string
      state: number
    }[]
    for (const row of old) {
      from = row.id
      if (row.state < 4) continue
      for (const ref of JSON.parse(`[${row.refs}0]`) as ([number, string] | 0)[]) if (ref !== 0) deleteRefs.run(...ref, row.id)
      deleteMessage.run(row.id)
    }
    const more = old.length === sweepRows
    if (!more) from = 0
    const others = [sweepKeys.run(limits.idempotencyBelow), sweepEarly.run(limits.earlyBefore), sweepCounts.run(limits.statisticsBefore)]
    return more || others.some((result) => result.changes === sweepRows)
  })

  /** For what is read of the journal: as much, twice a second, would be fetched from the system and cleared by it each time. */
  const room = Buffer.allocUnsafeSlow(roomBytes)

  return {
    apply(file, verified) {
      const changes = foldFile(file, readJournal(directory, file, room), verified)
      apply.immediate(changes)
      return changes.operations
    },
    sweep(limits) {
      return sweep.immediate(limits)
    },
  }
}

/** The number at a place, which then stands behind what follows it. */
function next(place: Place): number {
  const value = readNumber(place)
  place.at++
  return value
}

/** A comma between each. */
function joined(octets: Buffer, entries: number[]): Buffer {
  const [from = 0, to = 0] = entries
  if (entries.length <= 2) return octets.subarray(from, to)
  let length = -1
  for (let i = 0; i < entries.length; i += 2) length += entries[i + 1]! - entries[i]! + 1
  const all = Buffer.allocUnsafe(length)
  let end = 0
  for (let i = 0; i < entries.length; i += 2) {
    if (i > 0) all[end++] = comma
    end += octets.copy(all, end, entries[i], entries[i + 1])
  }
  return all
}

/** `[bind,"key"],` for each: what a sweep deletes with the message. */
function namesOf(octets: Buffer, refs: MessageRef[] | null): string {
  let names = ''
  if (refs) for (const { name, keyTo } of refs) names += `[${octets.toString('utf8', name, keyTo)}],`
  return names
}
