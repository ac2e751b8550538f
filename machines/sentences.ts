// One sentence for each entry, in English and Japanese: the caption, the live region and the table row say the same words.
// Pure text; a Japanese sentence has at most 60 characters, an English one at most 100, however long the names inside are.
import type {
  EffectBody,
  Entry,
  GateBody,
  GatePoint,
  KernelBody,
  MessageBody,
  StepBody,
  TransitionBody,
} from './journal.ts';
import { stepText } from './step-names.ts';

export interface Sentence {
  en: string;
  ja: string;
}

export const EN_MAX = 100;
export const JA_MAX = 60;

/** What happened, naming who did it. */
export function sentenceOf(e: Entry): Sentence {
  switch (e.type) {
    case 'message':
      return message(e);
    case 'transition':
      return transition(e);
    case 'effect':
      return effect(e);
    case 'step':
      return step(e);
    case 'script':
      if (e.status !== undefined)
        return {
          en: en`Line ${e.line} of ${base(e.file)} has failed with status ${e.status}: ${e.command}.`,
          ja: ja`${base(e.file)} の ${e.line} 行目が失敗しました（status ${e.status}）。`,
        };
      // Line 0 is the script as it is called.
      if (e.line === 0)
        return { en: en`The buildpack runs ${e.command}.`, ja: ja`Buildpack が ${base(e.file)} を実行します。` };
      return {
        en: en`The buildpack runs line ${e.line} of ${base(e.file)}: ${e.command}.`,
        ja: ja`Buildpack が ${base(e.file)} の ${e.line} 行目を実行します。`,
      };
    case 'kernel':
      return kernel(e.handle, e.diff);
    case 'log': {
      const source = e.index ? `${e.source}/${e.index}` : e.source;
      return { en: en`${source} wrote: ${e.text}`, ja: ja`${source} の出力: ${e.text}` };
    }
    case 'gate':
      return gate(e);
    case 'fault':
      return { en: en`${e.what} was done to ${e.target}.`, ja: ja`${e.target} に障害 ${e.what} を起こしました。` };
    case 'note':
      return { en: en`${who(e.actor).en}: ${e.text}.`, ja: ja`${who(e.actor).ja} の知らせです: ${e.text}` };
    default:
      return unknown(e);
  }
}

/** A new kind of entry is a compile error here; a record of a newer version still shows something. */
function unknown(e: never): Sentence {
  return { en: en`An entry of an unknown kind: ${JSON.stringify(e)}.`, ja: '知らない種類の記録です。' };
}

function message(e: MessageBody): Sentence {
  const name = shortName(e.name);
  const [from, to] = [who(e.from), who(e.to)];
  // On the bus nobody sends to somebody: one publishes, and whoever subscribed receives.
  const published = e.transport === 'nats' && e.to === 'nats';
  const delivered = e.transport === 'nats' && e.from === 'nats';
  switch (e.phase) {
    case 'sent':
      if (published)
        return { en: en`${from.en} published ${name}.`, ja: ja`${from.ja} が NATS に ${name} を流しました。` };
      return {
        en: en`${from.en} sent ${name} to ${to.en} over ${TRANSPORTS[e.transport]}.`,
        ja: ja`${from.ja} が ${to.ja} に ${name} を送りました。`,
      };
    case 'received':
      if (delivered) return { en: en`${to.en} received ${name}.`, ja: ja`${to.ja} が ${name} を受け取りました。` };
      return {
        en: en`${to.en} received ${name} from ${from.en}.`,
        ja: ja`${to.ja} が ${from.ja} から ${name} を受け取りました。`,
      };
    case 'dropped':
      return {
        en: en`${name} from ${from.en} to ${to.en} was dropped.`,
        ja: ja`${from.ja} から ${to.ja} への ${name} は失われました。`,
      };
  }
}

/** `staging.0-7c1f393d….start`: the ids in a subject as short as ids are elsewhere. */
function shortName(name: string): string {
  return name.replace(/[0-9a-f]{16,}/g, (id) => `${id.slice(0, 6)}…`);
}

const TRANSPORTS = {
  http: 'HTTP',
  nats: 'NATS',
  warden: 'the Warden socket',
  wsh: 'the wshd socket',
  proxy: 'HTTP',
} satisfies Record<MessageBody['transport'], string>;

function transition(e: TransitionBody): Sentence {
  const name = who(e.actor);
  const to = stateText(e.value);
  const why = eventText(e.event);
  if (e.event === 'xstate.init')
    return { en: en`${name.en} begins in ${to}.`, ja: ja`${name.ja} は ${to} から始まります。` };
  if (e.edges.length === 0) {
    return { en: en`${name.en} stays in ${to} after ${why}.`, ja: ja`${name.ja} は ${to} のまま変わりません。` };
  }
  return {
    en: why ? en`${name.en} is now in ${to}, because of ${why}.` : en`${name.en} went straight on to ${to}.`,
    ja: ja`${name.ja} は ${to} になりました。`,
  };
}

function effect(e: EffectBody): Sentence {
  const name = who(e.actor);
  const after = e.ms === undefined ? '' : ` after ${duration(e.ms)}`;
  switch (e.phase) {
    case 'start':
      return { en: en`${name.en} starts ${e.name}.`, ja: ja`${name.ja} が ${e.name} を始めます。` };
    case 'end':
      return { en: en`${name.en} finished ${e.name}${after}.`, ja: ja`${name.ja} が ${e.name} を終えました。` };
    case 'fail':
      return {
        en: en`${name.en} failed at ${e.name}: ${e.error ?? 'no reason given'}.`,
        ja: ja`${name.ja} が ${e.name} に失敗しました。`,
      };
  }
}

function step(e: StepBody): Sentence {
  const where = e.of === 'boot' ? `container ${e.handle}` : `job ${e.job ?? '?'} of ${e.handle}`;
  const call = `${e.call}(${e.args.join(', ')})`;
  if (e.when === 'before') {
    return {
      en: en`wshd is about to call ${call} in ${where}.`,
      ja: ja`コンテナ ${e.handle} の wshd が ${e.call} を呼ぶところです。`,
    };
  }
  if (e.result !== undefined && e.result < 0) {
    return {
      en: en`${call} in ${where} failed with errno ${-e.result}.`,
      ja: ja`コンテナ ${e.handle} の ${e.call} は errno ${-e.result} で失敗しました。`,
    };
  }
  return {
    en: en`wshd called ${call} in ${where}.`,
    ja: ja`コンテナ ${e.handle} の wshd が ${e.call} を呼びました。`,
  };
}

function kernel(handle: string, diff: KernelBody['diff']): Sentence {
  const paths = Object.keys(diff).filter((path) => Array.isArray(diff[path]));
  const [first] = paths;
  if (!first && Object.keys(diff).length > 0) {
    return { en: en`Much changed in the kernel for ${handle}.`, ja: ja`${handle} のカーネルが大きく変わりました。` };
  }
  if (!first) {
    return { en: en`Nothing changed in the kernel for ${handle}.`, ja: ja`${handle} のカーネルに変化はありません。` };
  }
  const more = paths.length > 1 ? ` and ${paths.length - 1} more` : '';
  return {
    en: en`The kernel changed for ${handle}: ${first}${more}.`,
    ja: ja`${handle} のカーネルで ${first} など ${paths.length} 件が変わりました。`,
  };
}

function gate(e: GateBody): Sentence {
  const name = who(e.point.actor);
  const at = pointText(e.point);
  if (e.phase === 'opened')
    return { en: en`${name.en} goes on with ${at.en}.`, ja: ja`${name.ja} が ${at.ja} を続けます。` };
  if (e.point.kind === 'step' && e.point.when === 'after') {
    const done = stepText(e.point.name);
    return { en: en`${name.en} is held right after ${done}.`, ja: ja`${name.ja} を ${done} の直後で止めました。` };
  }
  // Nobody has stopped anything: it is only shown before it happens.
  if (e.by === 'beat') return { en: en`Next at ${name.en}: ${at.en}.`, ja: ja`次は ${name.ja} の ${at.ja} です。` };
  const why = WHY_HELD[e.by] ?? 'a breakpoint is here';
  return { en: en`${name.en} is held before ${at.en}: ${why}.`, ja: ja`${name.ja} を ${at.ja} の手前で止めました。` };
}

/** Everything that is not a breakpoint and can close a gate. */
const WHY_HELD: Record<string, string> = {
  pause: 'the lab is paused',
  sample: 'the kernel is looked at',
};

/** What would happen next at a gate: the call, message, effect or line. */
export function pointText(point: GatePoint): Sentence {
  const { name } = point;
  switch (point.kind) {
    case 'delivery':
      return { en: eventText(name), ja: name };
    case 'effect':
      return point.when === 'end' ? entering(point) : { en: name, ja: name };
    case 'step': {
      const call = stepText(name);
      return point.when === 'after' ? { en: `what follows ${call}`, ja: `${call} の次` } : { en: call, ja: call };
    }
    case 'script': {
      const file = base(point.file ?? '');
      const command = name.replace(/\s+/g, ' ').trim();
      if (point.line === 0) return { en: command || file, ja: command || file };
      return {
        en: [`line ${point.line ?? '?'} of ${file}`, command].filter(Boolean).join(', '),
        ja: [`${file} の ${point.line ?? '?'} 行目`, command].filter(Boolean).join(' '),
      };
    }
  }
}

/** What the end of an effect leads to: the state that its machine enters, where the point says so. */
function entering({ name, enters }: GatePoint): Sentence {
  const state = enters?.at(-1)?.split('.').slice(1).join('.');
  return state ? { en: `state ${state}`, ja: state } : { en: `the end of ${name}`, ja: `${name} の終わり` };
}

/** `staging.compiling` for nested values, `l.one + r.two` for parallel ones. */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, inner]) => [key, stateText(inner)].filter(Boolean).join('.'))
    .join(' + ');
}

/** XState's inner event names in words; empty for an `always` edge. */
export function eventText(event: string): string {
  const [, kind, rest = ''] = /^xstate\.(done\.actor|error\.actor|done\.state|after)\.(.*)$/.exec(event) ?? [];
  switch (kind) {
    case 'done.actor':
      return `the end of ${invoked(rest)}`;
    case 'error.actor':
      return `the failure of ${invoked(rest)}`;
    case 'done.state':
      return `the end of ${rest.split('.').at(-1)}`;
    case 'after':
      return `the time ${rest.split('.')[0]}`;
    default:
      return event;
  }
}

/** `0.staging-task.compiling` (an invoke without a name of its own) is known by its state. */
function invoked(rest: string): string {
  return /^\d+\./.test(rest) ? (rest.split('.').at(-1) ?? rest) : rest;
}

/** 12.3 ms, 4.56 s: three figures, in the unit that fits. */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  return ms < 1000 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms / 1000).toPrecision(3))} s`;
}

/** A component by the name its reader knows: `dea/0` is DEA 0; an actor by its machine and id. */
function who(name: string): Sentence {
  const [component = '', ...rest] = name.split(/[:/]/);
  const known = WHO[component] ?? { en: component, ja: component };
  const id = rest.length > 0 ? ` ${short(rest.join('/'))}` : '';
  return { en: known.en + id, ja: known.ja + id };
}

const WHO: Partial<Record<string, Sentence>> = {
  you: { en: 'you', ja: 'あなた' },
  cc: { en: 'Cloud Controller', ja: 'Cloud Controller' },
  dea: { en: 'DEA', ja: 'DEA' },
  warden: { en: 'Warden', ja: 'Warden' },
  router: { en: 'the router', ja: 'ルーター' },
  hm: { en: 'the health manager', ja: 'Health Manager' },
  uaa: { en: 'UAA', ja: 'UAA' },
  nats: { en: 'NATS', ja: 'NATS' },
  client: { en: 'the client', ja: 'クライアント' },
  // Over HTTP a DEA does not say which one it is.
  lab: { en: 'one of the lab', ja: 'ラボの 1 つ' },
  container: { en: 'container', ja: 'コンテナ' },
  instance: { en: 'instance', ja: 'インスタンス' },
  wshd: { en: 'wshd of', ja: 'wshd' },
  main: { en: 'the supervisor', ja: 'main' },
};

/** Generated identifiers as people read them aloud: the first eight characters. Names stay whole. */
function short(id: string): string {
  return /^[0-9a-f-]{13,}$/.test(id) ? id.slice(0, 8) : id;
}

function base(file: string): string {
  return file.split('/').at(-1) || file;
}

const fitEn = fitted(EN_MAX);

function en(words: TemplateStringsArray, ...names: (string | number)[]): string {
  return fitEn(words, ...names).replace(/^(the|you) /, (start) => start.charAt(0).toUpperCase() + start.slice(1));
}

const ja = fitted(JA_MAX);

/** A template whose words stay whole: if the result is over `max` characters, the longest names inside give way. */
function fitted(max: number) {
  return (words: TemplateStringsArray, ...names: (string | number)[]): string => {
    const parts = names.map((name) => [...String(name).replace(/\s+/g, ' ').trimEnd()]);
    const room = max - words.reduce((sum, text) => sum + [...text].length, 0);
    const needed = (cap: number) => parts.reduce((sum, part) => sum + Math.min(part.length, cap), 0);
    let cap = Math.max(0, ...parts.map((part) => part.length));
    while (cap > 1 && needed(cap) > room) cap--;
    return words.reduce((text, next, i) => text + clip(names[i - 1], parts[i - 1] ?? [], cap) + next);
  };
}

function clip(name: string | number | undefined, characters: string[], cap: number): string {
  if (name === undefined) return '';
  return characters.length <= cap ? characters.join('') : `${characters.slice(0, cap - 1).join('')}…`;
}
