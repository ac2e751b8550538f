// Receives a push from the page as a multipart form: what is asked for, and the app's files, either one zip or file by
// file with their relative paths. Makes a plain folder of them, every path checked; it sends nothing on.
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import { checkedPath, UPLOAD_LIMITS, unzip } from '../cc/unzip.ts';
import { FieldError } from './field-error.ts';

export interface ReceivedApp {
  /** The form's field `order`, as it came. */
  order: unknown;
  /** A folder with the app's files; the receiver removes it. */
  folder: string;
  discard(): Promise<void>;
}

/** Bytes of one upload, all files together, as the Cloud Controller's own limit of a package. */
const LIMIT = 1024 ** 3;
/** What no app means to push: version control and what file managers leave. */
const NOISE = /(^|\/)(\.git|\.hg|\.svn|__MACOSX)(\/|$)|(^|\/)\.DS_Store$/;

/**
 * Reads the form. A part `zip` is unpacked, parts `file` are placed by their file name, which is a relative path. One
 * folder that holds everything is taken off, as an archive of a folder has it.
 * @param uploads folder of what is being pushed
 * @throws FieldError of the field `files` with a sentence for the one who pushes
 */
export async function receiveApp(req: IncomingMessage, uploads: string): Promise<ReceivedApp> {
  const root = await mkdtemp(join(uploads, 'push-'));
  const discard = () => rm(root, { recursive: true, force: true });
  try {
    const tree = join(root, 'tree');
    await mkdir(tree);
    const { order, count } = await readForm(req, root, tree);
    if (count === 0) throw new FieldError('files', 'there are no files in it');
    return { order, folder: await withoutWrapping(tree), discard };
  } catch (error) {
    await discard();
    if (error instanceof FieldError) throw error;
    throw new FieldError('files', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function readForm(req: IncomingMessage, root: string, tree: string): Promise<{ order: unknown; count: number }> {
  const limits = { fileSize: LIMIT, files: UPLOAD_LIMITS.files, fields: 4, fieldSize: 256 * 1024 };
  const form = busboy({ headers: req.headers, limits, preservePath: true, defParamCharset: 'utf8' });
  let order: unknown;
  let left = LIMIT;
  let count = 0;
  const work: Promise<void>[] = [];
  const fail = (error: Error) => form.destroy(error);
  form.on('field', (name, value) => {
    if (name !== 'order') return;
    try {
      order = JSON.parse(value);
    } catch {
      fail(new Error('what is asked for is not JSON'));
    }
  });
  form.on('filesLimit', () => fail(new Error(`it has more than ${UPLOAD_LIMITS.files} files`)));
  form.on('file', (field, stream, info) => {
    const write = async (path: string) => {
      await mkdir(dirname(path), { recursive: true });
      await pipeline(stream, counting, createWriteStream(path, { flags: 'wx', mode: 0o644 }));
    };
    const counting = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        left -= chunk.length;
        if (left < 0) done(new Error(`its files are larger than ${LIMIT / 1024 ** 2} MB together`));
        else done(null, chunk);
      },
    });
    const one = take(field, info.filename ?? '', stream, write);
    one.catch(fail);
    work.push(one);
  });

  async function take(field: string, name: string, stream: Readable, write: (path: string) => Promise<void>) {
    if (field === 'zip') {
      const archive = join(root, 'upload.zip');
      await write(archive);
      const files = await unzip(archive, tree);
      await rm(archive);
      count += files.filter(({ path }) => !NOISE.test(path)).length;
      return;
    }
    if (NOISE.test(name)) {
      stream.resume();
      return;
    }
    const path = checkedPath({ fileName: name }, UPLOAD_LIMITS);
    count += 1;
    await write(join(tree, path));
  }

  await new Promise<void>((resolve, reject) => {
    const end = (error: Error) => {
      // Not destroyed: the refusal has to go over this very connection.
      req.unpipe(form);
      req.resume();
      reject(error);
    };
    form.once('close', resolve);
    form.once('error', (error) => end(error instanceof Error ? error : new Error(String(error))));
    req.once('close', () => !req.readableEnded && end(new Error('the upload was cut off')));
    req.pipe(form);
  });
  await Promise.all(work);
  return { order, count };
}

/** `my-app/…` of an archive becomes `…`; noise is left out. */
async function withoutWrapping(tree: string): Promise<string> {
  for (const name of await readdir(tree)) {
    if (NOISE.test(name)) await rm(join(tree, name), { recursive: true, force: true });
  }
  const [only, ...others] = await readdir(tree, { withFileTypes: true });
  if (!only?.isDirectory() || others.length > 0) return tree;
  const inner = `${tree}-inner`;
  await rename(join(tree, only.name), inner);
  return inner;
}
