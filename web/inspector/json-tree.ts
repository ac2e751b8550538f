// A JSON value as a tree that folds, by the browser's own means: keyboard and find-in-page come with it.
import { html, nothing, type TemplateResult } from 'lit';
import type { Language } from '../model.ts';
import { knownField } from './known-fields.ts';

/** Deeper than this, or with more parts, a branch begins folded. */
const OPEN_DEPTH = 2;
const OPEN_PARTS = 24;

export function jsonTree(value: unknown, language: Language): TemplateResult {
  return html`<div class="json-tree">${parts(value).map(([key, one]) => node(key, one, language, 0))}
    ${isBranch(value) ? nothing : leaf(value)}</div>`;
}

function node(key: string, value: unknown, language: Language, depth: number): TemplateResult {
  const known = knownField(key, language);
  const note = known ? html` <span class="known">${known}</span>` : nothing;
  const children = parts(value);
  if (!isBranch(value) || children.length === 0)
    return html`<div class="leaf"><span class="key">${key}</span> ${leaf(value)}${note}</div>`;
  return html`<details ?open=${depth < OPEN_DEPTH && children.length <= OPEN_PARTS}>
    <summary><span class="key">${key}</span> <span class="size">${Array.isArray(value) ? `[${children.length}]` : `{${children.length}}`}</span>${note}</summary>
    ${children.map(([name, one]) => node(name, one, language, depth + 1))}
  </details>`;
}

function leaf(value: unknown): TemplateResult {
  return html`<span class=${`value ${value === null ? 'null' : typeof value}`}>${JSON.stringify(value) ?? 'undefined'}</span>`;
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function parts(value: unknown): [string, unknown][] {
  return isBranch(value) ? Object.entries(value) : [];
}
