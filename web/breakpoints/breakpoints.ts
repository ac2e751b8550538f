// The breakpoints of the lab: listed, switched, removed, added; and the steps of a boot, with how far the container at the
// cursor has come. The lab keeps them, over a reload and over its own restart.
import { html, nothing, type TemplateResult } from 'lit';
import { type BreakpointFields, hitsAt } from '../../machines/break-here.ts';
import type { Breakpoint } from '../../machines/gates.ts';
import wshd from '../../machines/gen/wshd-steps.json';
import { type ContainerView, containersAt, entryAt } from '../../machines/projection.ts';
import { labApi } from '../lab-api.ts';
import { cursorOf, focusOf, type Model } from '../model.ts';
import { PanelView } from '../panel.ts';
import { word } from '../words.ts';
import { breakpointFor, breakpointText, kindOf } from './same.ts';
import { say } from './words.ts';
import './add.ts';
import './breakpoints.css';

export class BreakpointsPanel extends PanelView {
  override render() {
    const { language, lab, entries } = this.model;
    const all = (lab?.breakpoints ?? []).filter((b) => !b.once || b.id.startsWith('b-'));
    const hits = hitsAt(entries, entries.at(-1)?.seq ?? 0);
    return html`<div class="detail breakpoints-panel">
      <div class="breakpoints-head"><h2>${word(language, 'breakpoints')}</h2>
        ${all.length > 1 ? html`<button @click=${() => this.#removeAll(all)}>${say(language, 'removeAll')}</button>` : nothing}</div>
      ${all.length === 0 ? html`<p class="empty">${say(language, 'none')}</p>` : nothing}
      <ul class="breakpoints">${all.map((b) => this.#one(b, hits.get(b.id) ?? 0))}</ul>
      <ws-add-breakpoint .entries=${entries} .language=${language}
        @add=${(e: CustomEvent<BreakpointFields>) => this.#add(e.detail)}></ws-add-breakpoint>
      ${this.#steps()}
    </div>`;
  }

  #one(b: Breakpoint, hits: number): TemplateResult {
    const { language, lab } = this.model;
    const text = breakpointText(b);
    const holds = lab?.held.some((h) => h.by === b.id) === true;
    const notes = [b.once ? say(language, 'once') : '', hits > 0 ? say(language, 'hit', hits) : ''].filter(Boolean);
    return html`<li class=${b.disabled ? 'off' : holds ? 'holds' : ''}>
      <input type="checkbox" role="switch" .checked=${!b.disabled} aria-label=${`${say(language, 'on')}: ${text}`}
        @change=${() => this.page.order(labApi.switchBreakpoint(b.id, !b.disabled))} />
      <i class="bar" aria-hidden="true"></i>
      <span class="what"><span class="kind">${say(language, kindOf(b))}</span> <span class="name">${text}</span>
        <span class="notes">${notes.join(' · ')}</span>${holds ? html` <strong>${say(language, 'heldNow')}</strong>` : nothing}</span>
      <button @click=${() => this.page.order(labApi.removeBreakpoint(b.id))} aria-label=${`${say(language, 'remove')} ${text}`}>✕</button>
    </li>`;
  }

  #add(fields: BreakpointFields): void {
    const known = breakpointFor(this.model.lab?.breakpoints ?? [], fields);
    if (!known) this.page.toggleBreakpoint(fields);
    else if (known.disabled) this.page.order(labApi.switchBreakpoint(known.id, false));
  }

  #removeAll(all: readonly Breakpoint[]): void {
    for (const b of all) this.page.order(labApi.removeBreakpoint(b.id));
  }

  /** Every step of a boot as wshd itself lists them, how far the container at the cursor has come, and where it is to stop. */
  #steps(): TemplateResult {
    const { language, lab } = this.model;
    const container = containerAt(this.model);
    const done = new Set(container?.booted);
    const came = wshd.boot.filter((s) => done.has(s.name)).length;
    const title = container
      ? say(language, 'stepsOf', container.handle, came, wshd.boot.length)
      : say(language, 'steps');
    const broken = (name: string) =>
      (lab?.breakpoints ?? []).some(
        (b) => b.kind === 'step' && b.name === name && b.machine !== 'wshd-job' && !b.disabled,
      );
    return html`<h3>${title}</h3>
      <ol class="steps">${wshd.boot.map((s) => {
        const here = container?.step?.of === 'boot' && container.step.name === s.name;
        const how = here ? 'current' : done.has(s.name) ? 'done' : '';
        return html`<li><button class=${how} aria-pressed=${broken(s.name)} title=${`${say(language, 'stopBefore')} ${s.name}. ${s.doc}`}
          @click=${() => this.page.toggleBreakpoint({ kind: 'step', name: s.name, when: 'before' })}>
          <i class="bar" aria-hidden="true"></i><span class="mark" aria-hidden="true">${here ? '▸' : done.has(s.name) ? '✓' : ''}</span>${s.name}
          ${how ? html`<span class="unseen">${say(language, how === 'done' ? 'done' : 'current')}</span>` : nothing}
          <span class="call">${s.call === s.name ? '' : s.call}${s.in2014 ? '' : ` ${say(language, 'ours')}`}</span></button></li>`;
      })}</ol>`;
  }
}

/** The container that the entry is about, else the one that showed itself last. */
function containerAt(model: Model): ContainerView | undefined {
  const all = containersAt(model.entries, cursorOf(model));
  const entry = entryAt(model.entries, focusOf(model));
  const handle = entry && 'handle' in entry ? entry.handle : entry?.actor.replace(/^\w+:/, '');
  return all.get(handle ?? '') ?? [...all.values()].at(-1);
}

customElements.define('ws-breakpoints', BreakpointsPanel);
