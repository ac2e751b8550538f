// The list and the single record of any kind, as every v2 resource answers them.
import { type Call, param, type Reply } from '../call.ts';
import type { Table, Where } from '../database.ts';
import { ApiError, type ErrorType } from '../errors.ts';
import { listBody, pageOf, parseListQuery } from '../query.ts';
import type { Resource } from '../resources.ts';

export interface Listed<Row> {
  table: Table<Row>;
  present: (row: Row, depth: number) => Resource;
  /** Filter names of `q`, with their columns. */
  filters: Readonly<Record<string, string>>;
}

/** A page of the rows that match `q` and `fixed`. */
export function list<Row>(call: Call, kind: Listed<Row>, fixed: Where[] = []): Reply {
  const query = parseListQuery(call.query, kind.filters);
  const where = [...fixed, ...query.filters];
  const rows = kind.table.find(where, pageOf(query));
  const resources = rows.map((row) => kind.present(row, query.depth));
  return { json: listBody(call.path, call.query, query, kind.table.count(where), resources) };
}

/** Rows that are already at hand (of a relation), in one page. */
export function listRows<Row>(call: Call, rows: Row[], present: Listed<Row>['present']): Reply {
  const { depth } = parseListQuery({ ...call.query, q: undefined }, {});
  const all = { ...parseListQuery({}, {}), perPage: Math.max(1, rows.length) };
  return {
    json: listBody(
      call.path,
      call.query,
      all,
      rows.length,
      rows.map((row) => present(row, depth)),
    ),
  };
}

/** An empty list for what this lab has none of (services). */
export function listNothing(call: Call): Reply {
  return { json: listBody(call.path, call.query, parseListQuery({}, {}), 0, []) };
}

/** The row that the path names. Throws `missing` when there is none. */
export function named<Row>(call: Call, table: Table<Row>, missing: ErrorType, name = 'guid'): Row {
  const row = table.get(param(call, name));
  if (row === undefined) throw new ApiError(missing, param(call, name));
  return row;
}

export function depthOf(call: Call): number {
  return parseListQuery({ 'inline-relations-depth': call.query['inline-relations-depth'] }, {}).depth;
}
