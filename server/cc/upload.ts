// Multipart uploads, streamed to disk with a bound. Gives fields and files to the caller; keeps nothing itself.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';

export interface UploadedFile {
  /** The form field, such as `application` or `upload[droplet]`. */
  field: string;
  /** As the client named it; never used as a path. */
  filename: string;
  path: string;
  size: number;
  /** SHA1, hex: what arrived is hashed on its way to the disk, so that nobody has to read it again. */
  sha1: string;
  /** MD5 in base64, where the uploader sent a `Content-MD5` to compare it with. */
  md5: string | undefined;
}

export interface Upload {
  fields: Record<string, string>;
  files: UploadedFile[];
}

/** Largest upload, in bytes. */
export const UPLOAD_LIMIT = 1024 ** 3;
const FIELD_LIMIT = 32 * 1024 ** 2;

/** Reads a multipart body into `folder`. Rejects with a sentence for the uploader when it is malformed or too large. */
export async function receiveUpload(req: IncomingMessage, folder: string, limit = UPLOAD_LIMIT): Promise<Upload> {
  const fields: Record<string, string> = {};
  const files: Promise<UploadedFile>[] = [];
  const limits = { fileSize: limit, files: 4, fields: 16, fieldSize: FIELD_LIMIT };
  const form = parserOf(req, limits);
  form.on('field', (name, value) => {
    fields[name] = value;
  });
  form.on('file', (field, stream, info) => {
    const path = join(folder, `upload-${files.length}`);
    const sha1 = createHash('sha1');
    const md5 = req.headers['content-md5'] === undefined ? undefined : createHash('md5');
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      sha1.update(chunk);
      md5?.update(chunk);
    });
    stream.on('limit', () => stream.destroy(new Error(`${field} is larger than ${limit} bytes`)));
    const written = pipeline(stream, createWriteStream(path)).then(() => ({
      ...{ field, path, size, filename: info.filename ?? '' },
      sha1: sha1.digest('hex'),
      md5: md5?.digest('base64'),
    }));
    // Awaited below; until then a failure must not count as unhandled.
    written.catch((error: Error) => form.destroy(error));
    files.push(written);
  });
  await parsed(req, form).catch(async (error: unknown) => {
    // The file's own error says more than the parser's end.
    await Promise.all(files);
    throw error;
  });
  return { fields, files: await Promise.all(files) };
}

/** Not `pipeline`: that would destroy the request, and with it the connection that the refusal has to go over. */
function parsed(req: IncomingMessage, form: busboy.Busboy): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      req.unpipe(form);
      reject(error);
    };
    form.once('close', resolve);
    form.once('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
    req.once('error', fail);
    req.once('close', () => {
      if (!req.readableEnded) fail(new Error('the upload was cut off'));
    });
    req.pipe(form);
  });
}

function parserOf(req: IncomingMessage, limits: busboy.Limits): busboy.Busboy {
  try {
    return busboy({ headers: req.headers, limits });
  } catch (error) {
    throw new Error(`it is not a multipart form (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
}
