// The query of a list request, parsed into conditions and a page: both dialects of `q`, paging, order, depth.
// Knows no table; the caller says which filters there are.
import type { Page, Where } from './database.ts';
import { ApiError } from './errors.ts';

export interface ListQuery {
  /** Filters in order; the caller turns names into columns. */
  filters: Where[];
  page: number;
  perPage: number;
  descending: boolean;
  orderBy: string | undefined;
  depth: number;
}

type RawQuery = Record<string, unknown>;

const MAX_PER_PAGE = 100;

/**
 * `allowed` maps the filter names of this list to columns.
 * Throws BadQueryParameter for a filter, number or order that it does not know.
 */
export function parseListQuery(query: RawQuery, allowed: Readonly<Record<string, string>>): ListQuery {
  const filters = texts(query.q)
    .flatMap((q) => q.split(';'))
    .filter((q) => q !== '')
    .map((q) => filter(q, allowed));
  const orderBy = texts(query['order-by'])[0];
  if (orderBy !== undefined && !(orderBy in allowed) && orderBy !== 'id') bad(`order-by ${orderBy}`);
  const direction = texts(query['order-direction'])[0] ?? 'asc';
  if (direction !== 'asc' && direction !== 'desc') bad(`order-direction ${direction}`);
  return {
    filters,
    page: number(query, 'page', 1, 1, Number.MAX_SAFE_INTEGER),
    perPage: number(query, 'results-per-page', 50, 1, MAX_PER_PAGE),
    depth: number(query, 'inline-relations-depth', 0, 0, 2),
    descending: direction === 'desc',
    orderBy: orderBy === undefined || orderBy === 'id' ? undefined : allowed[orderBy],
  };
}

export function pageOf(list: ListQuery): Page {
  const { orderBy, descending, perPage: limit } = list;
  return { ...(orderBy ? { orderBy } : {}), descending, limit, offset: (list.page - 1) * limit };
}

/** The envelope of a list; `path` and `query` make the links to the other pages. */
export function listBody(path: string, query: RawQuery, list: ListQuery, total: number, resources: unknown[]) {
  const pages = Math.max(1, Math.ceil(total / list.perPage));
  const link = (page: number) => {
    const pairs = Object.entries(query).flatMap(([k, v]) => (k === 'page' ? [] : texts(v).map((t) => [k, t])));
    return `${path}?${new URLSearchParams([...pairs, ['page', String(page)]]).toString()}`;
  };
  return {
    total_results: total,
    total_pages: pages,
    prev_url: list.page > 1 ? link(list.page - 1) : null,
    next_url: list.page < pages ? link(list.page + 1) : null,
    resources,
  };
}

/** `name:value`, `name IN a,b`, `name>value` and so on. An empty value is a value: `path:` means no path. */
function filter(text: string, allowed: Readonly<Record<string, string>>): Where {
  const [, name = '', operator = ':', value = ''] = /^([\w-]+)\s*(:|<=|>=|<|>|\s+IN\s+)(.*)$/is.exec(text) ?? [];
  const column = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
  if (column === undefined) bad(text);
  if (operator === ':') return { column, values: [value] };
  if (operator === '<' || operator === '>' || operator === '<=' || operator === '>=') {
    return { column, values: [value], compare: operator };
  }
  return { column, values: value.split(',') };
}

function number(query: RawQuery, name: string, otherwise: number, min: number, max: number): number {
  const text = texts(query[name])[0];
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min) bad(`${name}=${text}`);
  return Math.min(value, max);
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((v) => typeof v === 'string') : [];
}

function bad(what: string): never {
  throw new ApiError('BadQueryParameter', what);
}
