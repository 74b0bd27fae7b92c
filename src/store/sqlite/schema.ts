// The tables and their numbered migrations. A database of a newer program is refused, never guessed at.
import type { Database } from 'better-sqlite3'

/**
 * message: one row each, by the ordered part of its id; `life` is how it stands, `entries` its trace,
 * one JSON a line; `wait` is its place on a lane ([item, lane, due, attempt, candidate]); `give_up_at`
 * is validity while it waits and the receipt deadline once sent. `tenant` is account · 2 + direction
 * (0 mt, 1 mo), negative once removed. queue: one row an item, in the order in which a lane is read.
 * `kp` is 4 · kind (0 deliver, 1 report) + priority. ref: where receipts find their segment. opt_out:
 * the handsets that take no more from a sender. sticky: from which sender a service writes to a handset.
 * usage: what each tenant had accepted, by day since 1970 (UTC).
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE name (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE);
  CREATE TABLE message (
    id INTEGER PRIMARY KEY, tail TEXT NOT NULL, tenant INTEGER NOT NULL, receiver TEXT NOT NULL, sender TEXT NOT NULL,
    state INTEGER NOT NULL, give_up_at INTEGER, wait TEXT, redacted_at INTEGER,
    life TEXT NOT NULL, message TEXT NOT NULL, decision TEXT NOT NULL, entries TEXT NOT NULL, refs TEXT NOT NULL);
  CREATE INDEX message_tenant ON message (tenant);
  CREATE INDEX message_receiver ON message (tenant, receiver);
  CREATE INDEX message_sender ON message (tenant, sender);
  CREATE INDEX message_state ON message (tenant, state) WHERE state <> 4;
  CREATE INDEX message_give_up ON message (give_up_at) WHERE give_up_at IS NOT NULL;
  CREATE TABLE queue (
    lane INTEGER NOT NULL, account INTEGER NOT NULL, kp INTEGER NOT NULL, due INTEGER NOT NULL, item INTEGER NOT NULL,
    message INTEGER NOT NULL, grain TEXT, data TEXT, PRIMARY KEY (lane, account, kp, due, item)) WITHOUT ROWID;
  CREATE TABLE ref (
    bind INTEGER NOT NULL, key TEXT NOT NULL, message INTEGER NOT NULL, segment INTEGER NOT NULL, raw TEXT,
    PRIMARY KEY (bind, key, message, segment)) WITHOUT ROWID;
  CREATE TABLE early (id INTEGER PRIMARY KEY, bind INTEGER NOT NULL, receipt TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE part (
    key TEXT NOT NULL, place INTEGER NOT NULL, total INTEGER NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (key, place)) WITHOUT ROWID;
  CREATE TABLE idempotency (message INTEGER PRIMARY KEY, account INTEGER NOT NULL, key TEXT NOT NULL, tail TEXT NOT NULL, UNIQUE (account, key));
  CREATE TABLE cdr (sequence INTEGER PRIMARY KEY, cdr TEXT NOT NULL);
  CREATE TABLE cdr_hook (account INTEGER NOT NULL, sequence INTEGER NOT NULL, cdr TEXT NOT NULL, PRIMARY KEY (account, sequence)) WITHOUT ROWID;
  CREATE TABLE count (
    minute INTEGER NOT NULL, bind INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (minute, bind, name)) WITHOUT ROWID;
  CREATE TABLE form (bind INTEGER NOT NULL, form TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (bind, form)) WITHOUT ROWID;
  CREATE TABLE depth (lane INTEGER PRIMARY KEY, deliver INTEGER NOT NULL, report INTEGER NOT NULL);
  CREATE TABLE configuration (kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
  CREATE TABLE revision (revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, author TEXT NOT NULL, source TEXT NOT NULL, changes TEXT NOT NULL);
  `,
  `
  CREATE TABLE opt_out (
    account INTEGER NOT NULL, sender TEXT NOT NULL, handset TEXT NOT NULL, at INTEGER NOT NULL, word TEXT NOT NULL, message TEXT,
    PRIMARY KEY (account, sender, handset)) WITHOUT ROWID;
  `,
  `
  CREATE TABLE sticky (
    account INTEGER NOT NULL, service TEXT NOT NULL, handset TEXT NOT NULL, sender TEXT NOT NULL,
    PRIMARY KEY (account, service, handset)) WITHOUT ROWID;
  `,
  `
  CREATE TABLE usage (
    tenant INTEGER NOT NULL, day INTEGER NOT NULL, kind TEXT NOT NULL, messages INTEGER NOT NULL, segments INTEGER NOT NULL,
    PRIMARY KEY (tenant, day, kind)) WITHOUT ROWID;
  `,
  `
  DROP TABLE depth;
  CREATE TABLE depth (
    lane INTEGER NOT NULL, account INTEGER NOT NULL, deliver INTEGER NOT NULL, report INTEGER NOT NULL, PRIMARY KEY (lane, account)) WITHOUT ROWID;
  INSERT INTO depth SELECT lane, account, sum(kp < 4), sum(kp >= 4) FROM queue GROUP BY lane, account;
  `,
  `
  ALTER TABLE part ADD COLUMN called TEXT;
  `,
]

export function migrate(db: Database): void {
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > migrations.length) {
    throw new Error(`${db.name} is of schema ${version}; this program knows up to ${migrations.length}: start the newer one`)
  }
  for (let next = version; next < migrations.length; next++) {
    db.transaction(() => {
      db.exec(migrations[next]!)
      db.pragma(`user_version = ${next + 1}`)
    }).immediate()
  }
}
