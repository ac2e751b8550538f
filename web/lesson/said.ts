// What came of something that the reader tried: an app's answer, a frame byte by byte, lines that were counted. Draws only.
import { html, nothing, type TemplateResult } from 'lit';
import type { Try } from '../../machines/lesson.ts';
import type { Language } from '../model.ts';
import type { Say } from './say.ts';
import '../inspector/frame.ts';
import '../inspector/inspector.css';

/** An app's answer; status 0 while it is asked. */
export interface AppSaid {
  kind: 'app';
  path: string;
  status: number;
  text: string;
}

/** A Warden frame as its sender wrote it. */
export interface FrameSaid {
  kind: 'frame';
  message: string;
  hex: string;
  seq: number;
}

/** Lines of each file, without blank ones and comments. */
export interface CountSaid {
  kind: 'count';
  files: { file: string; lines: number }[];
  total: number;
}

export type Said = AppSaid | FrameSaid | CountSaid;

export interface SaidIn {
  language: Language;
  /** Address of the app, empty when it has none. */
  url: string;
  word: Say;
}

export function saidView(said: Said, where: SaidIn): TemplateResult {
  switch (said.kind) {
    case 'app':
      return answer(said, where);
    case 'frame':
      return frame(said, where);
    case 'count':
      return count(said, where);
  }
}

function answer({ path, status, text }: AppSaid, { url, word }: SaidIn): TemplateResult {
  return html`<div class="lesson-answer lesson-said" role="status">
    <p>GET ${path}${status > 0 ? html` <b>${status}</b>` : nothing}</p>
    <pre tabindex="0">${status === 0 ? word('asking') : text.trim() || word('nothingSaid')}</pre>
    ${url === '' || path === '/exit' ? nothing : html`<a href=${`${url.replace(/\/$/, '')}${path}`} target="_blank" rel="noreferrer">${word('inTab')}</a>`}
  </div>`;
}

function frame({ message, hex, seq }: FrameSaid, { language, word }: SaidIn): TemplateResult {
  return html`<div class="lesson-said lesson-frame" role="group" aria-label=${message}>
    <p class="lesson-wait"><b>${word('entry', { n: seq })}</b> ${message}</p>
    <ws-frame .hex=${hex} .message=${message} .language=${language}></ws-frame></div>`;
}

function count({ files, total }: CountSaid, { word }: SaidIn): TemplateResult {
  const widest = Math.max(...files.map((f) => f.lines));
  return html`<div class="lesson-said" role="status"><table class="lesson-lines"><caption>${word('netLines')}</caption>
    ${files.map(
      (f) => html`<tr><th scope="row">${f.file}</th><td>${f.lines}</td>
        <td aria-hidden="true"><i style="width:${(100 * f.lines) / widest}%"></i></td></tr>`,
    )}
    <tr class="total"><th scope="row">${word('allOfIt')}</th><td>${total}</td><td></td></tr></table></div>`;
}

const MARKS: Record<Try['action'], string> = {
  ...{ push: '▲', open: '▶', visit: '☻', key: 'H', skip: '»', fault: '✗' },
  ...{ bytes: '≡', show: '▤', count: '#' },
};

/** The glyph of what can be tried. */
export function mark({ action }: Try): TemplateResult {
  return action === 'key' ? html`<kbd>${MARKS[action]}</kbd>` : html`<i aria-hidden="true">${MARKS[action]}</i>`;
}

/** A look into something that is there: it changes nothing, neither in the lab nor on the stage. */
export const onlyLooks = ({ action }: Try): boolean => ['bytes', 'show', 'count'].includes(action);

/** What needs the lab to obey: a page that watches cannot do it. */
export const needsWheel = (one: Try): boolean => !onlyLooks(one) && one.action !== 'key';
