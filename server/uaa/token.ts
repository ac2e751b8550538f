// Compact JSON web tokens, HS256 and nothing else. Deliberately no algorithm of the token's own choosing.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const CLAIMS = z.object({
  user_id: z.string(),
  user_name: z.string(),
  kind: z.enum(['access', 'refresh']),
  /** Lab time in milliseconds at which the token ends: a held lab does not log anybody out. */
  lab_exp: z.number(),
});

export type Claims = z.infer<typeof CLAIMS>;

/** `header.payload.signature` over the claims and whatever else a client likes to read (`exp`, `scope`). */
export function signToken(claims: Claims & Record<string, unknown>, key: string): string {
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${body}.${signature(body, key)}`;
}

/** The claims of a token that this key signed, or undefined for anything else. Expiry is the caller's question. */
export function readToken(token: string, key: string): Claims | undefined {
  const [header, payload, given, more] = token.split('.');
  if (!header || !payload || !given || more !== undefined) return undefined;
  const expected = Buffer.from(signature(`${header}.${payload}`, key));
  const actual = Buffer.from(given);
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined;
  return CLAIMS.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString())).data;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signature(body: string, key: string): string {
  return createHmac('sha256', key).update(body).digest('base64url');
}
