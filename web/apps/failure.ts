// A failure's card: where it ended, with which status, what was said, what was used, how it came to this, and what to do.
// Facts come from machines/failure-card.ts; nothing is computed here.
import { html, nothing, type TemplateResult } from 'lit';
import type { ScriptLine } from '../../machines/failing-line.ts';
import { type Advice, adviceFor, exitMeaning } from '../../machines/failure-advice.ts';
import type { FailureCard, Usage } from '../../machines/failure-card.ts';
import { entryAt } from '../../machines/projection.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import type { Language, Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { bytesText, say } from './words.ts';
import './failure.css';

export interface CardActions {
  page: PageActions;
  /** Carries out an advice. */
  follow(advice: Advice): void;
  /** Why no order can be given; empty when one can. */
  off: string;
  close(): void;
}

const SHOWN_CAUSES = 7;

export function failureCardView(card: FailureCard, name: string, model: Model, actions: CardActions): TemplateResult {
  const { language } = model;
  const { failure, problem } = card;
  const { seek } = actions.page;
  const row = (label: string, value: TemplateResult | string) => html`<dt>${label}</dt><dd>${value}</dd>`;
  return html`<section class="failure-card" aria-labelledby="failure-title" data-kind=${failure.kind}>
    <header><h3 id="failure-title"><span aria-hidden="true">✕</span> ${titleOf(card, language)}</h3>
      <button class="close" aria-label=${say(language, 'close')} @click=${actions.close}>✕</button></header>
    <p class="problem-text"><b>${name}</b> ${problem.message}${failure.kind === 'staging' && problem.type !== '' ? html` <code>${problem.type}</code>` : nothing}</p>
    ${failure.held === null ? nothing : html`<p class="held-now"><i class="bar" aria-hidden="true"></i> ${say(language, 'heldNow')}</p>`}
    ${where(card, language, seek)}
    <dl>
      ${row(say(language, 'exit'), exitText(card, language))}
      ${row(say(language, 'oom'), card.oom ? html`<strong>${say(language, 'oomYes')}</strong>` : say(language, 'oomNo'))}
      ${row(say(language, 'memoryUse'), memoryText(card, language))}
      ${row(say(language, 'disk'), diskText(card, language))}
    </dl>
    ${advice(card, language, actions)}
    <h4>${say(language, 'lastLines', card.log.length)}</h4>
    ${
      card.log.length === 0
        ? html`<p class="empty">${say(language, 'noLog')}</p>`
        : html`<ol class="last-lines" tabindex="0" aria-label=${say(language, 'lastLines', card.log.length)}>${card.log.map((line) => html`<li class=${line.stream}>${line.text}</li>`)}</ol>`
    }
    ${causes(card, model, seek)}
  </section>`;
}

function titleOf({ failure }: FailureCard, language: Language): string {
  const index = failure.index ?? 0;
  return {
    staging: say(language, 'failStaging'),
    start: say(language, 'failStart', index),
    crash: say(language, 'failCrash', index),
    order: say(language, 'failOrder'),
  }[failure.kind];
}

function where(card: FailureCard, language: Language, seek: (seq: number) => void): TemplateResult {
  const { failing } = card;
  const last = card.lines.at(-1);
  const button = ({ seq, file, line, command }: ScriptLine) =>
    html`<button class="script-line" @click=${() => seek(seq)}><span class="place">${file}:${line}</span> <code>${command}</code></button>`;
  const same = last !== undefined && failing?.file === last.file && failing.line === last.line;
  return html`${
    failing
      ? html`<div class="failing"><h4>${say(language, 'firstLine')}</h4>${button(failing)}
        <p class="hint">${say(language, failing.certain ? 'lineEnded' : 'lineWentOn', failing.status)}</p></div>`
      : nothing
  }
  ${
    last
      ? html`${same ? nothing : html`<h4>${say(language, 'lastLine')}</h4>${button(last)}`}
        <ol class="before" aria-label=${say(language, 'beforeIt')}>${card.lines
          .slice(0, -1)
          .reverse()
          .map((l) => html`<li><span class="place">:${l.line}</span> <code>${l.command}</code></li>`)}</ol>`
      : nothing
  }
  ${
    card.said
      ? html`<h4>${say(language, 'saidLine')}</h4>
        <button class="script-line said" @click=${() => seek(card.said?.seq ?? 0)}><code>${card.said.text.trim()}</code></button>`
      : nothing
  }`;
}

function exitText({ status }: FailureCard, language: Language): string {
  if (status === null) return say(language, 'exitNone');
  const meaning = exitMeaning(status);
  switch (meaning.type) {
    case 'done':
      return say(language, 'exitDone');
    case 'failed':
      return say(language, 'exitFailed', status);
    case 'not-executable':
      return say(language, 'exitNoExec');
    case 'not-found':
      return say(language, 'exitNotFound');
    case 'signal':
      return say(language, 'exitSignal', status, meaning.signal, meaning.name);
    case 'unknown':
      return say(language, 'exitUnknown');
    default:
      return meaning satisfies never;
  }
}

function memoryText({ usage, before }: FailureCard, language: Language): string {
  const limit = usage?.memoryLimit ?? before?.memoryLimit ?? null;
  const at = (u: Usage | null) => (u?.memory == null ? null : bytesText(Math.max(0, u.memory)));
  const now = at(usage);
  const seen = at(before);
  const parts = [
    now === null ? null : limit === null ? now : say(language, 'of', now, bytesText(limit)),
    seen === null ? null : say(language, 'lastSeen', seen),
  ].filter((part) => part !== null);
  return parts.join('; ') || say(language, 'unknown');
}

function diskText({ disk }: FailureCard, language: Language): string {
  return say(language, 'noQuota', disk === null ? say(language, 'unknown') : bytesText(disk.bytes));
}

function advice(card: FailureCard, language: Language, actions: CardActions): TemplateResult | typeof nothing {
  const all = adviceFor(card);
  if (all.length === 0) return nothing;
  return html`<h4>${say(language, 'next')}</h4>
    <ul class="advice">${all.map((one, i) =>
      one.type === 'port'
        ? html`<li><p>${adviceText(one, language)}</p></li>`
        : html`<li><button class=${i === 0 ? 'first' : ''} ?disabled=${actions.off !== ''} title=${actions.off}
            @click=${() => actions.follow(one)}>${adviceText(one, language)}</button></li>`,
    )}</ul>`;
}

function adviceText(one: Advice, language: Language): string {
  switch (one.type) {
    case 'buildpack':
      return say(language, 'adviceBuildpack');
    case 'debug':
      return say(language, 'adviceDebug');
    case 'hold-line':
      return say(language, 'adviceLine', one.at);
    case 'memory':
      return say(language, 'adviceMemory', one.mb);
    case 'port':
      return say(language, 'advicePort');
    case 'less':
      return say(language, 'adviceLess');
    case 'look':
      return say(language, 'adviceLook', one.handle);
    case 'again':
      return say(language, 'adviceAgain');
    default:
      return one satisfies never;
  }
}

function causes(card: FailureCard, { entries, language }: Model, seek: (seq: number) => void): TemplateResult {
  const shown = card.causes.slice(-SHOWN_CAUSES);
  const earlier = card.causes.length - shown.length;
  const first = card.causes[0];
  return html`<h4>${say(language, 'causes')}</h4>
    <ol class="causes">
      ${earlier > 0 && first !== undefined ? html`<li><button @click=${() => seek(first)}>${say(language, 'causesMore', earlier)}</button></li>` : nothing}
      ${shown.map((seq) => {
        const e = entryAt(entries, seq);
        return html`<li><button @click=${() => seek(seq)}><span class="number">${seq}</span> ${e ? sentenceOf(e)[language] : ''}</button></li>`;
      })}
    </ol>`;
}
