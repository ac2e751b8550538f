// A request as handlers see it, and an answer as they give it. Handlers parse, call and map; Express stays outside.
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Trail } from '../lab/types.ts';
import type { User } from '../uaa/index.ts';
import { ApiError } from './errors.ts';

export interface Call {
  params: Readonly<Record<string, string>>;
  query: Record<string, unknown>;
  /** Parsed JSON; undefined for multipart and for no body. */
  body: unknown;
  path: string;
  /** `http://host:port` as the client wrote it: endpoints we name must be reachable for this client. */
  base: string;
  trail: Trail;
  user: User;
  req: IncomingMessage;
}

export type Reply = { status?: number; json: unknown } | { status: number } | { file: string };

export type Handler = (call: Call) => Reply | Promise<Reply>;

export function param(call: Call, name: string): string {
  return call.params[name] ?? '';
}

/** The request's JSON as `schema` says. Throws MessageParseError naming the first field that is wrong. */
export function parseBody<S extends z.ZodType>(call: Call, schema: S): z.infer<S> {
  const parsed = schema.safeParse(call.body ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ApiError('MessageParseError', `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
}

/** True for `async=true`, which many clients append. */
export function isAsync(call: Call): boolean {
  return call.query.async === 'true';
}

export const NO_CONTENT: Reply = { status: 204 };
export const created = (json: unknown): Reply => ({ status: 201, json });
