// The push dialog's form as plain values: what was typed, what is wrong with it beside which field, and the order that is
// sent. Pure; the server checks again (server/debugger/push.ts).
import type { Word } from './words.ts';

export interface PushForm {
  /** A sample's name, or null where files were given. */
  sample: string | null;
  name: string;
  /** `auto`, a buildpack's name, or `other` with its address in `address`. */
  buildpack: string;
  address: string;
  stack: string;
  /** Lines KEY=VALUE. */
  env: string;
  memory: string;
  instances: string;
  hold: 'no' | 'failure' | 'line';
  /** SCRIPT:LINE */
  line: string;
  pace: 'real' | 'beat';
}

export type Field = 'files' | 'name' | 'buildpack' | 'stack' | 'env' | 'memory' | 'instances' | 'hold';

/** What is wrong, as a word of this room and what it speaks of. */
export type Problems = Partial<Record<Field, [word: Word, ...values: string[]]>>;

export const EMPTY_FORM: PushForm = {
  sample: 'hello-node',
  name: 'hello-node',
  buildpack: 'auto',
  address: '',
  stack: '',
  env: '',
  memory: '256',
  instances: '1',
  hold: 'no',
  line: '',
  pace: 'beat',
};

/** Debug my staging: at real speed to the failure, where it is held. Beats on the way would only be in the way. */
export const DEBUG_FORM: Partial<PushForm> = { sample: null, name: '', hold: 'failure', pace: 'real' };

/** What stays of a form for the next time: what came from the door alone (hold and pace) goes with it. */
export function keptOf(form: PushForm, before: PushForm, preset: Partial<PushForm> = {}): PushForm {
  const { hold, pace } = before;
  return {
    ...form,
    ...(form.hold === preset.hold ? { hold } : {}),
    ...(form.pace === preset.pace ? { pace } : {}),
  };
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ADDRESS = /^(https?|git|ssh|file):\/\/\S+$|^[\w.-]+@[\w.-]+:\S+$|^\/\S+$/;
const LINE = /^[^\s:]+:[1-9]\d{0,5}$/;

/** A folder of this machine or a git URL, not a buildpack's name. */
export function isAddress(text: string): boolean {
  return ADDRESS.test(text.trim());
}

/** A folder's or archive's name as an app's, which is a host name too. */
export function appNameOf(file: string): string {
  const name = file
    .replace(/\.zip$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return name || 'app';
}

/** `KEY=VALUE` lines; empty ones and `# comments` are left out. `bad` is the first line that is neither. */
export function envOf(text: string): { env: Record<string, string>; bad: string | null } {
  const env: Record<string, string> = {};
  let bad: string | null = null;
  for (const line of text.split('\n')) {
    const plain = line.trim().replace(/^export\s+/, '');
    if (plain === '' || plain.startsWith('#')) continue;
    const at = plain.indexOf('=');
    const key = plain.slice(0, Math.max(at, 0));
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) bad ??= plain;
    else env[key] = plain.slice(at + 1).replace(/^(["'])(.*)\1$/, '$2');
  }
  return { env, bad };
}

/** @param files how many files were given beside the form */
export function problemsOf(form: PushForm, files: number): Problems {
  const problems: Problems = {};
  const { bad, env } = envOf(form.env);
  const reserved = Object.keys(env).find((key) => /^(vcap|vmc)_/i.test(key));
  if (form.sample === null && files === 0) problems.files = ['noFiles'];
  if (!NAME.test(form.name)) problems.name = ['badName'];
  if (bad !== null) problems.env = ['badEnv', bad];
  else if (reserved !== undefined) problems.env = ['reservedEnv', reserved];
  if (!isCount(form.memory, 8, 65_536)) problems.memory = ['badMemory'];
  if (!isCount(form.instances, 1, 100)) problems.instances = ['badInstances'];
  if (form.buildpack === 'other' && !isAddress(form.address)) problems.buildpack = ['badBuildpack'];
  if (form.hold === 'line' && !LINE.test(form.line.trim())) problems.hold = ['badLine'];
  return problems;
}

function isCount(text: string, from: number, to: number): boolean {
  const n = Number(text);
  return /^\d+$/.test(text.trim()) && n >= from && n <= to;
}

/** The body of `POST /lab/push` of a form without problems. */
export function orderOf(form: PushForm): Record<string, unknown> {
  const hold = { no: undefined, failure: 'failure', line: form.line.trim() }[form.hold];
  return {
    ...(form.sample === null ? {} : { app: form.sample }),
    name: form.name,
    memory: Number(form.memory),
    instances: Number(form.instances),
    env: envOf(form.env).env,
    buildpack:
      { auto: null, other: form.address.trim() }[form.buildpack] ?? (form.buildpack === 'auto' ? null : form.buildpack),
    ...(form.stack === '' ? {} : { stack: form.stack }),
    ...(hold === undefined ? {} : { hold }),
    pace: form.pace,
    restage: true,
  };
}
