// What a message's content may say in the journal: passwords and tokens never, binary bodies by hash. The wire itself is
// untouched; texts issued as secrets are masked, and long JSON is cut, by the recorder.
import { createHash } from 'node:crypto';

const HEAD = 512;
const SECRET_KEY = /passw(or)?d|^pass$|secret|token$|^authorization$|^credentials$/i;

/** A JSON value for `MessageBody.payload`: a copy whose passwords, secrets and tokens are `*` of the same length. */
export function payloadOf(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(payloadOf);
  if (json === null || typeof json !== 'object') return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, SECRET_KEY.test(key) ? masked(value) : payloadOf(value)]),
  );
}

/** Bytes that are no JSON: `{ hash, bytes, head }`, the head only of what looks like text. */
export function bytesPayload(bytes: Uint8Array): { hash: string; bytes: number; head?: string } {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const start = Buffer.from(bytes.subarray(0, HEAD));
  const isText = bytes.length > 0 && !start.includes(0);
  return { hash, bytes: bytes.length, ...(isText ? { head: start.toString('utf8') } : {}) };
}

function masked(value: unknown): unknown {
  return typeof value === 'string' ? '*'.repeat(value.length) : value === null || value === undefined ? value : '***';
}
