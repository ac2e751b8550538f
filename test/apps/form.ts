// A push as the page sends it: one multipart form with what is asked for and the files.
import { randomBytes } from 'node:crypto';
import { type Answer, ask } from '../support/cf.ts';

export interface FormFile {
  /** Relative path; the field is `zip` for an archive. */
  name: string;
  bytes: Buffer | string;
  field?: 'file' | 'zip';
}

/** Posts the form to `/lab/push`. */
export function pushForm(url: string, order: Record<string, unknown>, files: readonly FormFile[]): Promise<Answer> {
  const boundary = randomBytes(12).toString('hex');
  const part = (head: string, bytes: Buffer | string) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
    Buffer.from(bytes),
    Buffer.from('\r\n'),
  ];
  const body = Buffer.concat([
    ...part('name="order"', JSON.stringify(order)),
    ...files.flatMap(({ field = 'file', name, bytes }) => part(`name="${field}"; filename="${name}"`, bytes)),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  const headers = {
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': String(body.length),
  };
  return ask(`${url}/lab/push`, { method: 'POST', headers, body });
}
