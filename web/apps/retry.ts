// The fields of *Retry*: the buildpack that the app has now stands there already, so that one whose files were changed needs
// only another press. A name is in the list; a folder or git URL is in the field beside it, and the list says so.
import { html, type TemplateResult } from 'lit';
import type { Language } from '../model.ts';
import { isAddress } from './form.ts';
import { say } from './words.ts';

/** The list's value for what has an address. */
const OTHER = 'other';
const AUTO = 'auto';

/**
 * @param now the user's choice until now; null detects
 * @param known the lab's buildpacks by name, empty until it has told them
 */
export function retryFields(now: string | null, known: readonly string[], language: Language): TemplateResult {
  const address = now !== null && isAddress(now) ? now : '';
  const chosen = address === '' ? (now ?? AUTO) : OTHER;
  const names = [AUTO, ...known, ...(chosen === OTHER || chosen === AUTO || known.includes(chosen) ? [] : [chosen])];
  const text = (name: string) => (name === AUTO ? say(language, 'auto') : name);
  return html`<label>${say(language, 'buildpack')} <select name="name" @change=${needsAddress}>
      ${names.map((name) => html`<option value=${name} .selected=${name === chosen}>${text(name)}</option>`)}
      <option value=${OTHER} .selected=${chosen === OTHER}>${say(language, 'other')}</option>
    </select></label>
    <label>${say(language, 'address')} <input name="address" spellcheck="false" .value=${address}
      ?required=${chosen === OTHER} @input=${chooseAddress} /></label>`;
}

/** What was chosen: null detects. */
export function chosenBuildpack(field: (name: 'name' | 'address') => string): string | null {
  const name = field('name');
  if (name === OTHER) return field('address').trim();
  return name === AUTO ? null : name;
}

function needsAddress({ target }: Event): void {
  const { list, address } = fieldsBeside(target);
  if (list && address) address.required = list.value === OTHER;
}

/** Who types an address means it. */
function chooseAddress({ target }: Event): void {
  const { list, address } = fieldsBeside(target);
  if (!list || !address || address.value === '') return;
  list.value = OTHER;
  address.required = true;
}

function fieldsBeside(target: EventTarget | null) {
  const form = target instanceof HTMLElement ? target.closest('form') : null;
  const list = form?.querySelector<HTMLSelectElement>('select[name=name]');
  return { list, address: form?.querySelector<HTMLInputElement>('input[name=address]') };
}
