// A refusal that belongs to one field of a form, so that the page can say it beside that field. Says nothing about forms.
import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import { ApiError } from './api.ts';

/** Fields of the push dialog, by their names in `POST /lab/push`. */
export type PushField =
  | 'files'
  | 'app'
  | 'name'
  | 'buildpack'
  | 'stack'
  | 'env'
  | 'memory'
  | 'instances'
  | 'hold'
  | 'pace';

export class FieldError extends ApiError {
  readonly field: PushField;
  constructor(field: PushField, text: string, { status = 400, cause }: { status?: number; cause?: unknown } = {}) {
    super(status, text);
    this.field = field;
    this.cause = cause;
  }
}

const FIELDS: readonly [PushField, RegExp][] = [
  ['env', /environment variable|environment_json/i],
  ['buildpack', /buildpack/i],
  ['stack', /stack/i],
  ['memory', /memory|enough resources|no available stagers/i],
  ['instances', /instances/i],
  ['name', /host|name/i],
];

/** The field that a refusal of the Cloud Controller is about, judged by its words; undefined when it is about none. */
export function fieldOf(text: string): PushField | undefined {
  // The request that was refused names paths, which say nothing about fields.
  const reason = text.replace(/^\S+ \S+ was refused: /, '');
  return FIELDS.find(([, words]) => words.test(reason))?.[0];
}

/** `{ error, field }` for what belongs to a field; anything else is for the next handler. */
export function answerFieldError(error: unknown, _req: Request, res: Response, next: NextFunction): void {
  if (!res.headersSent && error instanceof FieldError) {
    res.status(error.status).json({ error: error.message, field: error.field });
    return;
  }
  const [first] = error instanceof z.ZodError ? error.issues : [];
  const field = FIELDS_BY_NAME.safeParse(first?.path[0]).data;
  if (!res.headersSent && first && field) {
    res.status(400).json({ error: `${field}: ${first.message}`, field });
    return;
  }
  next(error);
}

const FIELDS_BY_NAME = z.enum([
  'files',
  'app',
  'name',
  'buildpack',
  'stack',
  'env',
  'memory',
  'instances',
  'hold',
  'pace',
]);
