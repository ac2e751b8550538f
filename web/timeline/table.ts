// The timeline as a table: the same window of the record, one row for each entry, with its lane in words.
import { html, type TemplateResult } from 'lit';
import { entryAt } from '../../machines/projection.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { clockText } from '../clock-text.ts';
import { focusOf, type Model } from '../model.ts';
import { laneIdentity } from '../sequence/identity.ts';
import { laneName } from '../sequence/layout.ts';
import type { Window } from './picture.ts';
import type { Tracks } from './tracks.ts';
import { say } from './words.ts';

/** Rows that are shown at most, around the cursor. */
const ROWS = 80;

export interface TableSetting {
  tracks: Tracks;
  window: Window;
  seek(seq: number): void;
}

export function tableOf(model: Model, { tracks, window, seek }: TableSetting): TemplateResult {
  const { entries, language } = model;
  const focus = focusOf(model);
  const to = Math.min(tracks.times.length, Math.ceil(window.to));
  const from = Math.max(0, Math.floor(window.from), to - ROWS);
  const ranks = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  return html`<div class="timeline-table" tabindex="0" role="group" aria-label=${say(language, 'table')}><table>
    <thead><tr><th scope="col">${say(language, 'seq')}</th><th scope="col">${say(language, 'labTime')}</th>
      <th scope="col">${say(language, 'lane')}</th><th scope="col">${say(language, 'what')}</th></tr></thead>
    <tbody>${ranks.map((rank) => {
      const seq = tracks.seqs[rank] ?? 0;
      const entry = entryAt(entries, seq);
      const lane = tracks.laneAt[rank]?.id ?? '';
      const who = laneIdentity(lane);
      return html`<tr aria-current=${seq === focus ? 'true' : 'false'}>
        <td><button @click=${() => seek(seq)}>${seq}</button></td>
        <td>${clockText(tracks.times[rank] ?? 0)}</td>
        <td><span style="color:var(--${who.id})" aria-hidden="true">${who.glyph}</span> ${laneName(lane)}</td>
        <td>${entry ? sentenceOf(entry)[language] : ''}</td></tr>`;
    })}</tbody></table></div>`;
}
