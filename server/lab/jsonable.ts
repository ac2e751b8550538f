// Turns any value into plain JSON for the journal: no functions, no actor references, no cycles. Loses nothing that JSON can say.

/** A plain JSON copy. Actor references become `{ actor: id }`, errors `{ error: message }`, bytes their length. */
export function jsonable(value: unknown): unknown {
  return copy(value, new Set());
}

function copy(value: unknown, above: Set<unknown>): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return undefined;
  if (value instanceof Error) return { error: value.message };
  if (ArrayBuffer.isView(value)) return { bytes: value.byteLength };
  if (value instanceof Date) return value.toISOString();
  if ('sessionId' in value && 'getSnapshot' in value) return { actor: 'id' in value ? String(value.id) : '' };
  if (above.has(value)) return { cycle: true };
  const inside = new Set(above).add(value);
  if (Array.isArray(value)) return value.map((v) => copy(v, inside) ?? null);
  const entries = value instanceof Map ? [...value].map(([k, v]) => [String(k), v] as const) : Object.entries(value);
  const pairs = entries.map(([k, v]) => [k, copy(v, inside)] as const).filter(([, v]) => v !== undefined);
  return Object.fromEntries(pairs);
}

/** The same, but anything longer than `limit` characters of JSON only by its length and head. */
export function brief(value: unknown, limit = 4096): unknown {
  const plain = jsonable(value);
  const text = JSON.stringify(plain);
  return text !== undefined && text.length > limit ? { bytes: text.length, head: text.slice(0, 512) } : plain;
}
