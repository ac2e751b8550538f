// Downloads and uploads between a DEA and the Cloud Controller (dea_ng: utils/download.rb, utils/upload.rb). Only status
// 200 is a download. Time limits are lab time.
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { labRequest } from '../lab/http.ts';
import type { Lab, Trail } from '../lab/types.ts';
import { READ_BYTES } from './droplet-store.ts';
import { DOWNLOAD_MS, UPLOAD_FIRST_POLL_MS, UPLOAD_MS, UPLOAD_POLL_MS } from './settings.ts';

export interface Transfer {
  lab: Lab;
  url: string;
  file: string;
  /** Actor for the journal. */
  from: string;
  trail: Trail;
  signal: AbortSignal;
}

/** Answers the number of bytes. Rejects on any other status than 200; a partial file is removed. */
export async function download({ lab, url, file, from, trail, signal }: Transfer): Promise<number> {
  const response = await labRequest(lab, { method: 'GET', url, from, to: 'cc', trail, timeoutMs: DOWNLOAD_MS });
  if (response.status !== 200) {
    response.body.resume();
    throw new Error(`[dea] could not download ${withoutSecrets(url)}: HTTP status ${response.status}`);
  }
  try {
    await pipeline(response.body, createWriteStream(file), { signal });
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  return (await stat(file)).size;
}

const Job = z.looseObject({
  metadata: z.looseObject({ url: z.string() }).optional(),
  entity: z.looseObject({ status: z.string(), guid: z.string().optional() }).optional(),
});

/** Multipart POST of `file` as `field`; where the answer names a job, polls it each second for at most 300 s. */
export async function upload(transfer: Transfer & { field: string }): Promise<void> {
  const { lab, file, field, from, trail } = transfer;
  const url = new URL(transfer.url);
  url.searchParams.set('async', 'true');
  const { headers, body } = await multipart(field, file);
  const response = await labRequest(lab, {
    method: 'POST',
    url: url.href,
    headers,
    body,
    from,
    to: 'cc',
    trail,
    timeoutMs: UPLOAD_MS,
  });
  const text = await response.text();
  if (response.status >= 300) {
    throw new Error(
      `[dea] could not upload to ${withoutSecrets(url.href)}: HTTP status ${response.status} ${text.slice(0, 200)}`,
    );
  }
  const job = parseJob(text);
  if (!job?.metadata) return;
  await poll(transfer, new URL(job.metadata.url, url), job.entity?.status ?? 'queued');
}

async function poll({ lab, from, trail, signal, url }: Transfer, job: URL, first: string): Promise<void> {
  const origin = new URL(url);
  job.username = origin.username;
  job.password = origin.password;
  const end = lab.clock.now() + UPLOAD_MS;
  for (let status = first, wait = UPLOAD_FIRST_POLL_MS; ; wait = Math.min(2 * wait, UPLOAD_POLL_MS)) {
    if (status === 'finished') return;
    if (status === 'failed') throw new Error(`[dea] could not upload to ${withoutSecrets(url)}: its job failed`);
    if (lab.clock.now() >= end)
      throw new Error(`[dea] could not upload to ${withoutSecrets(url)}: its job took over 300 s`);
    await lab.clock.sleep(wait, 'wait', 'upload job');
    if (signal.aborted) throw new Error('the upload is not wanted any more');
    const answer = await labRequest(lab, {
      method: 'GET',
      url: job.href,
      from,
      to: 'cc',
      trail,
      timeoutMs: DOWNLOAD_MS,
    });
    status = parseJob(await answer.text())?.entity?.status ?? 'failed';
  }
}

function parseJob(text: string): z.infer<typeof Job> | undefined {
  try {
    return Job.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function multipart(field: string, file: string) {
  const boundary = `----dea-${randomBytes(12).toString('hex')}`;
  const name = file.slice(file.lastIndexOf('/') + 1);
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${name}"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n',
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const { size } = await stat(file);
  async function* parts() {
    yield head;
    yield* createReadStream(file, { highWaterMark: READ_BYTES });
    yield tail;
  }
  return {
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + size + tail.length),
    },
    body: Readable.from(parts(), { objectMode: false }),
  };
}

/** A URL without user and password, fit for a message. */
export function withoutSecrets(url: string): string {
  const parsed = new URL(url);
  return `${parsed.origin}${parsed.pathname}`;
}
