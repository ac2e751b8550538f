// What an entry says, kind by kind: messages with their bytes or JSON, transitions with what changed, steps as calls, samples
// as before and after. Nothing is left out here that the raw JSON does not show as well.
import { html, nothing, type TemplateResult } from 'lit';
import { errnoName } from '../../machines/errno.ts';
import type { Entry } from '../../machines/journal.ts';
import { otherHalf } from '../../machines/pairs.ts';
import { actorsAt, entryAt } from '../../machines/projection.ts';
import { duration, stateText } from '../../machines/sentences.ts';
import { type Journey, journeysOf } from '../../machines/sequence.ts';
import type { Model } from '../model.ts';
import { jsonTree } from './json-tree.ts';
import { say } from './words.ts';
import './frame.ts';

type Of<T extends Entry['type']> = Extract<Entry, { type: T }>;

export interface ContentActions {
  seek(seq: number): void;
}

export function contentOf(model: Model, e: Entry, actions: ContentActions): TemplateResult | typeof nothing {
  switch (e.type) {
    case 'message':
      return message(model, e, actions);
    case 'transition':
      return transition(model, e);
    case 'step':
      return step(model, e);
    case 'kernel':
      return kernel(model, e);
    case 'effect':
      return effect(model, e);
    case 'script':
      return html`<pre class="call" tabindex="0">${e.command}</pre>`;
    case 'log':
      return html`<pre class="call" tabindex="0">${e.text}</pre>`;
    case 'gate':
      return html`${facts([[say(model.language, e.phase === 'held' ? 'by' : 'opened'), e.by]])}
        <h3>${say(model.language, 'point')}</h3>${jsonTree(e.point, model.language)}`;
    case 'fault':
      return facts([[e.what, e.target]]);
    case 'note':
      return e.data === undefined ? nothing : jsonTree(e.data, model.language);
  }
}

function message(model: Model, e: Of<'message'>, { seek }: ContentActions): TemplateResult {
  const { entries, language } = model;
  const journey = journeysOf(entries).of(e.seq);
  const other = journey && otherHalf(entries, journey);
  const answers = /Response$|^\d{3} /.test(e.name);
  const ends = (journey?.arrivals ?? []).filter((a) => a.seq !== null && a.seq !== e.seq);
  return html`<dl class="facts">
      <dt>${say(language, 'path')}</dt><dd>${e.from} → ${e.to}</dd>
      ${
        journey?.sent && journey.sent !== e.seq
          ? html`<dt>${say(language, 'sent')}</dt><dd>${link(journey.sent, seek)}</dd>`
          : nothing
      }
      ${ends.length > 0 ? html`<dt>${say(language, 'receivers')}</dt><dd>${ends.map((a) => html`${link(a.seq ?? 0, seek)} ${entryAt(entries, a.seq ?? 0)?.actor} `)}</dd>` : nothing}
      ${other ? html`<dt>${say(language, answers ? 'request' : 'answer')}</dt><dd>${link(other.seq, seek)} ${other.name}</dd>` : nothing}
    </dl>
    ${body(model, e, journey)}
    ${
      other && e.transport === 'warden'
        ? html`<details class="other"><summary>${say(language, answers ? 'request' : 'answer')}: ${other.name}</summary>
            ${otherBody(model, other)}</details>`
        : nothing
    }`;
}

/** The frame as the sender wrote it, whichever end was chosen: there it is whole. */
function body(model: Model, e: Of<'message'>, journey: Journey | undefined): TemplateResult {
  const { language, entries } = model;
  const sent = journey?.sent ? entryAt(entries, journey.sent) : undefined;
  const hex = (sent?.type === 'message' ? sent.hex : undefined) ?? e.hex;
  if (e.transport === 'warden') {
    return html`<h3>${say(language, 'fields')} · ${say(language, 'bytes')}</h3>
      ${hex === undefined ? html`<p class="empty">${say(language, 'noBytes')}</p>` : html`<ws-frame .hex=${hex} .message=${e.name} .language=${language}></ws-frame>`}`;
  }
  return html`<h3>${say(language, 'payload')}</h3>
    ${e.payload === undefined ? html`<p class="empty">${say(language, 'empty')}</p>` : jsonTree(e.payload, language)}`;
}

function otherBody(model: Model, other: Journey): TemplateResult | typeof nothing {
  const e = entryAt(model.entries, other.seq);
  return e?.type === 'message' ? body(model, e, other) : nothing;
}

function transition({ entries, language }: Model, e: Of<'transition'>): TemplateResult {
  const before = actorsAt(entries, e.seq - 1).get(e.actor);
  const keys = Object.keys(e.context);
  return html`${facts([
    [say(language, 'event'), e.event || 'always'],
    [say(language, 'value'), `${before ? `${stateText(before.value)} → ` : ''}${stateText(e.value)}`],
  ])}
    <h3>${say(language, 'edges')}</h3>
    ${e.edges.length === 0 ? html`<p class="empty">${say(language, 'noEdges')}</p>` : html`<ul class="edges">${e.edges.map((edge) => html`<li>${edge}</li>`)}</ul>`}
    ${
      keys.length > 0
        ? changes(
            language,
            say(language, 'context'),
            keys.map((key) => [key, before?.context[key], e.context[key]]),
          )
        : nothing
    }`;
}

function step({ language }: Model, e: Of<'step'>): TemplateResult {
  const failed = e.result !== undefined && e.result < 0;
  const result = e.result === undefined ? '' : failed ? ` = -1 ${errnoName(-e.result)}` : ` = ${e.result}`;
  return html`<pre class=${`call ${failed ? 'failed' : ''}`} tabindex="0">${e.call}(${e.args.join(', ')})${result}</pre>
    ${facts([
      ['pid', String(e.pid)],
      [say(language, 'took'), e.ns === undefined ? say(language, 'none') : duration(e.ns / 1e6)],
      [e.of, e.job === undefined ? e.name : `${e.job} · ${e.name}`],
    ])}`;
}

/** Facts that belong together in one table, in the order in which the kernel was asked. */
function kernel({ language }: Model, e: Of<'kernel'>): TemplateResult {
  const groups = new Map<string, Change[]>();
  for (const [path, pair] of Object.entries(e.diff)) {
    const group = /^[a-z]+/.exec(path)?.[0] ?? path;
    const change: Change = Array.isArray(pair) ? [path, pair[0], pair[1]] : [path, undefined, pair];
    groups.set(group, [...(groups.get(group) ?? []), change]);
  }
  const many = Object.keys(e.diff).length > 14;
  return html`${facts([
    ['pid', String(e.pid)],
    [say(language, 'sample'), duration(e.ms)],
  ])}
    ${[...groups].map(
      ([
        group,
        all,
      ]) => html`<details class="group" ?open=${!many || all.length <= 4}><summary>${group} <span class="size">${all.length}</span></summary>
        ${changes(language, group, all)}</details>`,
    )}`;
}

function effect({ language }: Model, e: Of<'effect'>): TemplateResult {
  return html`${facts([
    [e.machine, `${e.name} ${e.phase}`],
    ...(e.ms === undefined ? [] : [[say(language, 'took'), duration(e.ms)] as const]),
    ...(e.error === undefined ? [] : [[say(language, 'error'), e.error] as const]),
  ])}
    ${e.input === undefined ? nothing : html`<h3>${say(language, 'input')}</h3>${jsonTree(e.input, language)}`}
    ${e.output === undefined ? nothing : html`<h3>${say(language, 'output')}</h3>${jsonTree(e.output, language)}`}`;
}

type Change = readonly [name: string, before: unknown, after: unknown];

function changes(language: Model['language'], title: string, all: readonly Change[]): TemplateResult {
  const cell = (value: unknown, other: unknown) => {
    const there = value !== null && value !== undefined;
    const kind = !there ? 'none' : other === null || other === undefined ? 'only' : 'both';
    return html`<td class=${kind}>${there ? (typeof value === 'string' ? value : JSON.stringify(value)) : say(language, 'none')}</td>`;
  };
  return html`<div class="changes" tabindex="0" role="group" aria-label=${title}><table>
    <thead><tr><th scope="col">${say(language, 'fact')}</th><th scope="col">${say(language, 'before')}</th><th scope="col">${say(language, 'after')}</th></tr></thead>
    <tbody>${all.map(([name, before, after]) => html`<tr><th scope="row">${name}</th>${cell(before, after)}${cell(after, before)}</tr>`)}</tbody>
  </table></div>`;
}

function facts(rows: readonly (readonly [string, string])[]): TemplateResult {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function link(seq: number, seek: (seq: number) => void): TemplateResult {
  return html`<button class="link" @click=${() => seek(seq)}>${seq}</button>`;
}
