// The Cloud Controller's database: SQLite, its schema by version, and one small typed table over it.
// No query language of its own: what a route needs beyond equality is written where it is needed.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Libsql from 'libsql';
import { z } from 'zod';

export type Database = Libsql.Database;
type Value = string | number | null;

/**
 * Each entry takes the schema from its index to the next version. Never edit one that was released; append.
 * Times are ISO 8601 texts, JSON columns end in `_json`, booleans are 0 and 1.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (guid TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE organizations (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, name TEXT NOT NULL UNIQUE COLLATE NOCASE);
  CREATE TABLE spaces (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, name TEXT NOT NULL COLLATE NOCASE,
    organization_guid TEXT NOT NULL REFERENCES organizations(guid), UNIQUE (organization_guid, name));
  CREATE TABLE domains (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    owning_organization_guid TEXT REFERENCES organizations(guid));
  CREATE TABLE stacks (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, name TEXT NOT NULL UNIQUE COLLATE NOCASE, description TEXT NOT NULL);
  CREATE TABLE buildpacks (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, name TEXT NOT NULL UNIQUE, position INTEGER NOT NULL,
    enabled INTEGER NOT NULL, locked INTEGER NOT NULL, filename TEXT, key TEXT, system TEXT);
  CREATE TABLE apps (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, name TEXT NOT NULL COLLATE NOCASE,
    space_guid TEXT NOT NULL REFERENCES spaces(guid), stack_guid TEXT NOT NULL REFERENCES stacks(guid),
    state TEXT NOT NULL, package_state TEXT NOT NULL, staging_failed_reason TEXT, staging_failed_description TEXT,
    staging_task_id TEXT, staging_under_way INTEGER NOT NULL, instances INTEGER NOT NULL, memory INTEGER NOT NULL,
    disk_quota INTEGER NOT NULL, file_descriptors INTEGER NOT NULL, health_check_timeout INTEGER, health_check_type TEXT NOT NULL,
    version TEXT NOT NULL, package_hash TEXT, package_updated_at TEXT, droplet_hash TEXT, buildpack TEXT, detected_buildpack TEXT,
    command TEXT, console INTEGER NOT NULL, debug TEXT, production INTEGER NOT NULL, environment_json TEXT NOT NULL, UNIQUE (space_guid, name));
  CREATE TABLE routes (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, host TEXT NOT NULL COLLATE NOCASE,
    domain_guid TEXT NOT NULL REFERENCES domains(guid), space_guid TEXT NOT NULL REFERENCES spaces(guid), path TEXT NOT NULL,
    UNIQUE (host, domain_guid, path));
  CREATE TABLE apps_routes (app_guid TEXT NOT NULL REFERENCES apps(guid) ON DELETE CASCADE,
    route_guid TEXT NOT NULL REFERENCES routes(guid) ON DELETE CASCADE, PRIMARY KEY (app_guid, route_guid));
  CREATE TABLE droplets (app_guid TEXT NOT NULL, sha1 TEXT NOT NULL, stored INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (app_guid, sha1));
  CREATE TABLE jobs (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, name TEXT NOT NULL, status TEXT NOT NULL, error_json TEXT);
  CREATE TABLE events (guid TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT, type TEXT NOT NULL, actor TEXT NOT NULL,
    actor_type TEXT NOT NULL, actor_name TEXT NOT NULL, actee TEXT NOT NULL, actee_type TEXT NOT NULL, actee_name TEXT NOT NULL,
    timestamp TEXT NOT NULL, metadata_json TEXT NOT NULL, space_guid TEXT, organization_guid TEXT);
  CREATE INDEX events_by_actee ON events (actee);
  `,
];

/** Opens (creating and migrating) the database at `path`, or in memory for `:memory:`. Refuses a newer schema. */
export function openDatabase(path: string): Database {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
  const db = new Libsql(path);
  db.exec('PRAGMA journal_mode = WAL');
  // A killed process loses nothing with NORMAL; only a power cut may lose the last commits, never the order of them.
  db.exec('PRAGMA synchronous = NORMAL');
  db.exec('PRAGMA foreign_keys = ON');
  const { user_version: version } = z
    .object({ user_version: z.number() })
    .parse(db.prepare('PRAGMA user_version').get());
  if (version > MIGRATIONS.length) {
    throw new Error(
      `[cc] could not open ${path}: it was written by a newer Wardenscope (schema ${version}, this one knows ${MIGRATIONS.length}); start the newer one, or use another --data folder`,
    );
  }
  for (let v = version; v < MIGRATIONS.length; v++) {
    db.exec('BEGIN');
    db.exec(MIGRATIONS[v] ?? '');
    db.exec(`PRAGMA user_version = ${v + 1}`);
    db.exec('COMMIT');
  }
  return db;
}

/** Runs `fn` in one transaction: all of it is kept, or nothing when it throws. */
export function inTransaction<T>(db: Database, fn: () => T): T {
  if (db.inTransaction) return fn();
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = fn();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** A condition on a column: one of these values (null matches NULL), or a comparison. */
export interface Where {
  column: string;
  values: Value[];
  compare?: '<' | '>' | '<=' | '>=';
}

export interface Page {
  orderBy?: string;
  descending?: boolean;
  limit?: number;
  offset?: number;
}

export interface Table<Row> {
  get(guid: string): Row | undefined;
  find(where?: Where[], page?: Page): Row[];
  count(where?: Where[]): number;
  insert(row: Row): Row;
  /** Writes the given columns; returns the row as it is now. Throws when there is none. */
  update(guid: string, patch: Partial<Row>): Row;
  remove(guid: string): void;
}

/** A table whose rows have the columns of `schema`, `guid` first. Column names come from the schema only, never from a request. */
export function table<S extends z.ZodObject>(db: Database, name: string, schema: S): Table<z.infer<S>> {
  type Row = z.infer<S>;
  const columns = Object.keys(schema.shape);
  const known = (column: string) => {
    if (!columns.includes(column)) throw new Error(`[cc] could not query ${name}: it has no column ${column}`);
    return column;
  };
  const parse = (row: unknown): Row => schema.parse(row);
  const conditions = (where: Where[]) => {
    const texts = where.map((w) => condition(known(w.column), w));
    return texts.length > 0 ? ` WHERE ${texts.join(' AND ')}` : '';
  };
  const bound = (where: Where[]) => where.flatMap((w) => w.values.filter((v) => v !== null));
  const get = (guid: string): Row | undefined => {
    const row = db.prepare(`SELECT * FROM ${name} WHERE guid = ?`).get(guid);
    return row === undefined ? undefined : parse(row);
  };
  return {
    get,
    find: (where = [], page = {}) => {
      const order = ` ORDER BY ${page.orderBy ? `${known(page.orderBy)} ${page.descending ? 'DESC' : 'ASC'}, ` : ''}rowid ${page.descending ? 'DESC' : 'ASC'}`;
      const limit =
        page.limit === undefined ? '' : ` LIMIT ${Math.floor(page.limit)} OFFSET ${Math.floor(page.offset ?? 0)}`;
      return db
        .prepare(`SELECT * FROM ${name}${conditions(where)}${order}${limit}`)
        .all(...bound(where))
        .map(parse);
    },
    count: (where = []) => {
      const row = db.prepare(`SELECT count(*) AS n FROM ${name}${conditions(where)}`).get(...bound(where));
      return z.object({ n: z.number() }).parse(row).n;
    },
    insert: (row) => {
      const keys = Object.keys(row).map(known);
      const marks = keys.map(() => '?').join(', ');
      db.prepare(`INSERT INTO ${name} (${keys.join(', ')}) VALUES (${marks})`).run(...Object.values(row).map(toValue));
      return row;
    },
    update: (guid, patch) => {
      const pairs = Object.entries(patch).filter(([, v]) => v !== undefined);
      if (pairs.length > 0) {
        const sets = pairs.map(([k]) => `${known(k)} = ?`).join(', ');
        db.prepare(`UPDATE ${name} SET ${sets} WHERE guid = ?`).run(...pairs.map(([, v]) => toValue(v)), guid);
      }
      const row = get(guid);
      if (row === undefined) throw new Error(`[cc] could not update ${name}: there is no ${guid}`);
      return row;
    },
    remove: (guid) => void db.prepare(`DELETE FROM ${name} WHERE guid = ?`).run(guid),
  };
}

function condition(column: string, { values, compare }: Where): string {
  if (compare) return `${column} ${compare} ?`;
  if (values.length === 0) return '0';
  const given = values.filter((v) => v !== null);
  const parts = given.length > 0 ? [`${column} IN (${given.map(() => '?').join(', ')})`] : [];
  if (given.length < values.length) parts.push(`${column} IS NULL`);
  return `(${parts.join(' OR ')})`;
}

function toValue(value: unknown): Value {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  return JSON.stringify(value);
}
