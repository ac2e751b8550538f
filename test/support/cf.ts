// A small client of the Cloud Controller for tests: what `cf push` sends, in its order, over plain HTTP to the front door.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: <T = Record<string, unknown>>() => T;
}

export interface Resource<E = Record<string, unknown>> {
  metadata: { guid: string; url: string };
  entity: E;
}

/** One HTTP request on a fresh connection, without any time-out of ours. */
export function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {} } = options;
    const r = request(url, { method, headers, agent: false }, (res) => collect(res, resolve, reject));
    r.on('error', reject);
    r.end(options.body);
  });
}

function collect(res: IncomingMessage, resolve: (answer: Answer) => void, reject: (error: Error) => void): void {
  const parts: Buffer[] = [];
  res.on('data', (d: Buffer) => parts.push(d));
  res.on('error', reject);
  res.on('end', () => {
    const text = Buffer.concat(parts).toString();
    resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: () => JSON.parse(text) });
  });
}

export interface Cf {
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Creates app and route and uploads the folder: everything of a push before STARTED. Returns the app's guid. */
  prepare(name: string, folder: string, entity?: Record<string, unknown>): Promise<string>;
  /** The first part of `prepare`: app and route, no bits. */
  create(name: string, entity?: Record<string, unknown>): Promise<string>;
  /** Its second part: uploads the folder and waits until it is packed. */
  upload(guid: string, folder: string): Promise<void>;
  /** The same upload, which stops half-way until it is told to go on or is broken off. */
  halfUpload(guid: string, folder: string): HalfUpload;
  /** `PUT state=STARTED`: answers when the staging container is ready. */
  start(guid: string): Promise<Answer>;
  app(guid: string): Promise<Record<string, unknown>>;
  instances(guid: string): Promise<Answer>;
  /** The app's answer through the router. */
  visit(name: string, path?: string): Promise<Answer>;
}

export interface HalfUpload {
  /** Sends the rest and waits until it is packed. */
  finish(): Promise<void>;
  /** Breaks it off; resolves when the connection is gone. */
  abort(): Promise<void>;
}

/** Logs in as `cf` does (client `cf:`) and returns the client. */
export async function cf(url: string, user = 'admin', password = 'admin', domain = 'localhost'): Promise<Cf> {
  const token = await ask(`${url}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from('cf:').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'password', username: user, password }).toString(),
  });
  if (token.status !== 200) throw new Error(`login failed: ${token.status} ${token.text}`);
  const authorization = `bearer ${token.json<{ access_token: string }>().access_token}`;
  const call = async (method: string, path: string, body?: unknown) =>
    ask(`${url}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  const must = async <E = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Resource<E>> => {
    const a = await call(method, path, body);
    if (a.status >= 300) throw new Error(`${method} ${path}: ${a.status} ${a.text}`);
    return a.json<Resource<E>>();
  };
  const first = async (path: string): Promise<Resource> => {
    const list = (await call('GET', path)).json<{ resources: Resource[] }>();
    const one = list.resources[0];
    if (!one) throw new Error(`nothing at ${path}`);
    return one;
  };
  const create = async (name: string, entity: Record<string, unknown> = {}): Promise<string> => {
    const space = await first('/v2/spaces');
    const shared = await first('/v2/shared_domains');
    const app = await must('POST', '/v2/apps', {
      name,
      space_guid: space.metadata.guid,
      memory: 128,
      disk_quota: 512,
      ...entity,
    });
    const route = await must('POST', '/v2/routes', {
      host: name,
      domain_guid: shared.metadata.guid,
      space_guid: space.metadata.guid,
    });
    await must('PUT', `/v2/apps/${app.metadata.guid}/routes/${route.metadata.guid}`);
    return app.metadata.guid;
  };
  const bitsOf = (guid: string) => `${url}/v2/apps/${guid}/bits?async=true`;
  const packed = async (guid: string, uploaded: Answer): Promise<void> => {
    if (uploaded.status >= 300) throw new Error(`bits: ${uploaded.status} ${uploaded.text}`);
    const job = uploaded.json<Resource<{ guid?: string; status: string }>>();
    const at = job.metadata?.url;
    const status = async () => (at ? (await must<{ status: string }>('GET', at)).entity.status : 'finished');
    const ended = await until(`the bits of ${guid} to be packed`, async () => {
      const now = await status();
      return (now === 'finished' || now === 'failed') && now;
    });
    if (ended === 'failed') throw new Error(`packing the bits of ${guid} failed`);
  };
  const upload = async (guid: string, folder: string): Promise<void> => {
    const headers = { authorization, ...multipart.headers };
    await packed(guid, await ask(bitsOf(guid), { method: 'PUT', headers, body: multipart.body(zipOf(folder)) }));
  };
  return {
    call,
    prepare: async (name, folder, entity = {}) => {
      const guid = await create(name, entity);
      await upload(guid, folder);
      return guid;
    },
    create,
    upload,
    halfUpload: (guid, folder) => {
      const body = multipart.body(zipOf(folder));
      const half = body.length >> 1;
      const length = { 'content-length': String(body.length) };
      let answered: (answer: Answer) => void = () => undefined;
      let broken: (error: Error) => void = () => undefined;
      const answer = new Promise<Answer>((resolve, reject) => {
        answered = resolve;
        broken = reject;
      });
      answer.catch(() => undefined);
      const r = request(
        bitsOf(guid),
        { method: 'PUT', headers: { authorization, ...multipart.headers, ...length }, agent: false },
        (res) => collect(res, answered, broken),
      );
      r.on('error', broken);
      r.write(body.subarray(0, half));
      return {
        finish: async () => {
          r.end(body.subarray(half));
          await packed(guid, await answer);
        },
        abort: async () => {
          r.destroy();
          await answer.catch(() => undefined);
        },
      };
    },
    start: (guid) => call('PUT', `/v2/apps/${guid}`, { state: 'STARTED' }),
    app: async (guid) => (await must('GET', `/v2/apps/${guid}`)).entity,
    instances: (guid) => call('GET', `/v2/apps/${guid}/instances`),
    visit: (name, path = '/') => ask(`${url}${path}`, { headers: { host: `${name}.${domain}` } }),
  };
}

const boundary = 'wardenscope-test-boundary';
const multipart = {
  headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  body: (zip: Buffer) =>
    Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="resources"\r\n\r\n[]\r\n`),
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="application"; filename="application.zip"\r\nContent-Type: application/zip\r\n\r\n`,
      ),
      zip,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
};

function zipOf(folder: string): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'ws-zip-'));
  try {
    execFileSync('zip', ['-q', '-r', join(dir, 'application.zip'), '.'], { cwd: folder });
    return readFileSync(join(dir, 'application.zip'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Polls until `probe` gives a value, real time; the message says what was awaited. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 60_000,
): Promise<T> {
  const end = Date.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (e) {
      last = e;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}${last ? `; last error: ${String(last)}` : ''}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}
