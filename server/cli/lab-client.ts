// Finds the lab that runs here and speaks to it over its front door: the lab's own API, the Cloud Controller with a
// token. One connection a request, no time limit: what is held may answer in an hour.
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { RUN_BASE } from '../main/config.ts';
import { FLAGS } from '../main/options.ts';
import { projectRoot } from '../main/project-root.ts';
import { Refusal } from '../main/refusal.ts';

/** What main writes into the run folder once the lab is ready; readable by the lab's owner only. */
export const FrontDoorFile = z.object({
  pid: z.number(),
  lab: z.string(),
  url: z.string(),
  dir: z.string(),
  run: z.string(),
  stack: z.string(),
  domain: z.string(),
  token: z.string(),
  admin: z.string(),
});
export type FrontDoorFile = z.infer<typeof FrontDoorFile>;

export interface Reply {
  status: number;
  text: string;
}

export interface LabClient {
  readonly lab: FrontDoorFile;
  /** JSON to and from the lab. Rejects with the lab's own words for any answer but 2xx. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** The same, logged in as admin. */
  cf(method: string, path: string, body?: unknown): Promise<unknown>;
  upload(path: string, headers: Record<string, string>, body: Buffer): Promise<unknown>;
  /** Reads lines of a stream as they come until `onLine` returns true. */
  follow(path: string, onLine: (line: string) => boolean): Promise<void>;
}

/** The data folder that `npm start` uses in this clone when nothing is said. */
const OWN_FOLDER = join(projectRoot(), FLAGS.data.value);

/** The lab of `dir`, else the only one that runs, else the one of this clone. */
export function findLab(dir?: string): LabClient {
  const all = runningLabs().filter((lab) => dir === undefined || lab.dir === dir);
  const [first, another] = all;
  if (!first) throw new Refusal('No lab runs here; start one with npm start.');
  const lab = another ? all.find(isOwnLab) : first;
  if (!lab) throw new Refusal(`Several labs run here (${all.map((l) => l.dir).join(', ')}); name one with --data DIR.`);
  return clientOf(lab);
}

/** `--data DIR` where a verb without it would not find this lab, to be put behind a command that is suggested. */
export function dataFlag(lab: FrontDoorFile): string {
  return isOwnLab(lab) || runningLabs().length === 1 ? '' : ` --data ${lab.dir}`;
}

/** Whether it is the lab that `npm start` in this clone makes. */
export function isOwnLab({ dir }: FrontDoorFile): boolean {
  return dir === OWN_FOLDER;
}

/** Every lab that runs on this host and that this user may speak to. */
export function runningLabs(): FrontDoorFile[] {
  return namesIn(RUN_BASE).flatMap((id) => {
    try {
      const lab = FrontDoorFile.parse(JSON.parse(readFileSync(`${RUN_BASE}/${id}/front-door.json`, 'utf8')));
      process.kill(lab.pid, 0);
      return [lab];
    } catch {
      return [];
    }
  });
}

/** A client of this lab, which needs not run as the same user. */
export function clientOf(lab: FrontDoorFile): LabClient {
  const mine: Record<string, string> = lab.token ? { authorization: `bearer ${lab.token}` } : {};
  let bearer: Promise<string> | undefined;
  const send = async (method: string, path: string, headers: Record<string, string>, body?: string | Buffer) => {
    const { status, text } = await ask(`${lab.url}${path}`, method, headers, body);
    if (status >= 300) throw new Refusal(`${method} ${path} was refused: ${refusalIn(text) ?? status}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const json = (headers: Record<string, string>) => ({ ...headers, 'content-type': 'application/json' });
  const login = async () => {
    const form = new URLSearchParams({ grant_type: 'password', username: 'admin', password: lab.admin }).toString();
    const basic = { authorization: 'Basic Y2Y6', 'content-type': 'application/x-www-form-urlencoded' };
    const { access_token } = z
      .object({ access_token: z.string() })
      .parse(await send('POST', '/oauth/token', basic, form));
    return `bearer ${access_token}`;
  };
  const authorization = async () => {
    bearer = bearer ?? login();
    return { authorization: await bearer };
  };
  const text = (body: unknown) => (body === undefined ? undefined : JSON.stringify(body));
  return {
    lab,
    call: (method, path, body) => send(method, path, json(mine), text(body)),
    cf: async (method, path, body) => send(method, path, json(await authorization()), text(body)),
    upload: async (path, headers, body) => send('PUT', path, { ...headers, ...(await authorization()) }, body),
    follow: (path, onLine) => follow(`${lab.url}${path}`, mine, onLine),
  };
}

function ask(url: string, method: string, headers: Record<string, string>, body?: string | Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { method, headers: { ...headers, ...lengthOf(method, body) }, agent: false },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
      },
    );
    asked.on('error', (cause) => reject(new Refusal(`The lab at ${url} does not answer (${cause.message}).`)));
    asked.end(body);
  });
}

function lengthOf(method: string, body?: string | Buffer): Record<string, string> {
  return method === 'GET' ? {} : { 'content-length': String(body === undefined ? 0 : Buffer.byteLength(body)) };
}

function follow(url: string, headers: Record<string, string>, onLine: (line: string) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (answer) => {
      let rest = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        if (lines.some((line) => onLine(line))) {
          asked.destroy();
          resolve();
        }
      });
      answer.on('end', resolve);
      answer.on('error', () => resolve());
    });
    asked.on('error', (cause) => reject(new Refusal(`The lab at ${url} does not answer (${cause.message}).`)));
    asked.end();
  });
}

const Refused = z.union([
  z
    .object({ error: z.string(), error_description: z.string().optional() })
    .transform((e) => e.error_description ?? e.error),
  z.object({ description: z.string() }).transform((e) => e.description),
]);

/** The lab's error or the Cloud Controller's, in its own words. */
function refusalIn(text: string): string | undefined {
  try {
    return Refused.safeParse(JSON.parse(text)).data;
  } catch {
    return text.split('\n')[0] || undefined;
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
