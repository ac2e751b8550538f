// The push dialog: a sample or one's own files, their settings, and how far the upload is. It checks with form.ts, sends
// through lab-api.ts, and closes when the lab has taken the push; what becomes of it is the record's to tell.
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { DroppedItem } from '../drop.ts';
import { type Answer, type AppsView, labApi, type Pushed, upload } from '../lab-api.ts';
import type { Language } from '../model.ts';
import { type AppFiles, filesOfDrop, filesOfInput } from './files.ts';
import {
  appNameOf,
  EMPTY_FORM,
  type Field,
  keptOf,
  orderOf,
  type Problems,
  type PushForm,
  problemsOf,
} from './form.ts';
import { bytesText, say, type Word } from './words.ts';
import './push-dialog.css';

export interface DialogOptions {
  language: Language;
  /** What the fields hold at first, beside what was typed last time. */
  preset?: Partial<PushForm>;
  dropped?: readonly DroppedItem[];
  /** The lab has taken the push. */
  pushed(name: string, guid: string | undefined): void;
}

/** What was typed last, for as long as the page lives: nothing is lost by closing. */
let kept: PushForm = EMPTY_FORM;

/** `<ws-push-dialog>`: `open(options)` shows it. */
export class PushDialog extends LitElement {
  #options: DialogOptions | null = null;
  #form: PushForm = kept;
  #files: AppFiles | null = null;
  #known: AppsView | null = null;
  /** Problems that the server told; those of the form are computed. */
  #refused: Partial<Record<Field, string>> = {};
  #shown: Problems = {};
  #error = '';
  /** Share of the upload; null while nothing is sent. */
  #sent: number | null = null;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  async open(options: DialogOptions): Promise<void> {
    this.#options = options;
    this.#form = { ...kept, ...options.preset };
    this.#clear();
    this.requestUpdate();
    await this.updateComplete;
    const dialog = this.querySelector('dialog');
    if (dialog && !dialog.open) dialog.showModal();
    const known = await labApi.apps();
    if (known.ok) this.#known = known.value;
    else this.#error = known.error;
    this.requestUpdate();
    if (options.dropped) await this.take(options.dropped);
  }

  get shown(): boolean {
    return this.querySelector('dialog')?.open === true;
  }

  /** Files that were dropped while it is open, or before. */
  async take(dropped: readonly DroppedItem[]): Promise<void> {
    try {
      this.#own(await filesOfDrop(dropped));
    } catch (error) {
      this.#error = say(this.#language, 'unreadable', error instanceof Error ? error.message : String(error));
    }
    this.requestUpdate();
  }

  get #language(): Language {
    return this.#options?.language ?? 'en';
  }

  #clear(): void {
    this.#refused = {};
    this.#shown = {};
    this.#error = '';
    this.#sent = null;
  }

  override render() {
    const language = this.#language;
    const busy = this.#sent !== null;
    return html`<dialog class="push-dialog" aria-labelledby="push-title" @keydown=${stop} @cancel=${(e: Event) => busy && e.preventDefault()}>
      <form novalidate @submit=${this.#submit}>
        <h2 id="push-title">${say(language, 'title')}</h2>
        ${this.#what()}
        ${this.#field('name', 'name', this.#text('name', { autocomplete: 'off' }), say(language, 'nameHint', this.#form.name || '…'))}
        ${this.#exists() ? html`<p class="hint exists">${say(language, 'exists')}</p>` : nothing}
        <div class="pair">
          ${this.#field('memory', 'memory', this.#text('memory', { numeric: true }))}
          ${this.#field('instances', 'instances', this.#text('instances', { numeric: true }))}
        </div>
        ${this.#field('buildpack', 'buildpack', this.#buildpack())}
        ${this.#field('env', 'env', this.#environment(), say(language, 'envHint'))}
        ${this.#field('hold', 'hold', this.#hold())}
        ${this.#stackAndPace()}
        <p class="error" role="alert">${this.#error}</p>
        <div class="actions">
          ${busy ? this.#progress() : nothing}
          <button type="button" ?disabled=${busy} @click=${() => this.close()}>${say(language, 'cancel')}</button>
          <button type="submit" class="go" ?disabled=${busy}>${say(language, 'push')}</button>
        </div>
      </form>
    </dialog>`;
  }

  close(): void {
    kept = keptOf(this.#form, kept, this.#options?.preset);
    this.querySelector('dialog')?.close();
  }

  #what(): TemplateResult {
    const language = this.#language;
    const { sample } = this.#form;
    const sheet = this.#known?.sheet ?? [];
    return html`<fieldset class="what">
      <legend>${say(language, 'what')}</legend>
      ${sheet.map(
        (s) => html`<label class="sample"><input type="radio" name="sample" .checked=${sample === s.name}
          @change=${() => this.#choose(s.name)} /><b>${s.name}</b> <span>${language === 'ja' ? s.ja : s.en}</span></label>`,
      )}
      <label class="sample"><input type="radio" name="sample" .checked=${sample === null}
        @change=${() => this.#change({ sample: null })} /><b>${say(language, 'own')}</b>
        <span>${this.#files ? this.#filesText(this.#files) : say(language, 'dropHere')}</span></label>
      <div class="choose">
        <button type="button" @click=${() => this.querySelector<HTMLInputElement>('.folder')?.click()}>${say(language, 'chooseFolder')}</button>
        <button type="button" @click=${() => this.querySelector<HTMLInputElement>('.zip')?.click()}>${say(language, 'chooseZip')}</button>
        <input class="folder" type="file" webkitdirectory hidden @change=${this.#chosen} />
        <input class="zip" type="file" multiple hidden @change=${this.#chosen} />
      </div>
      ${this.#problem('files')}
    </fieldset>`;
  }

  #filesText({ name, zip, files, size, skipped }: AppFiles): string {
    const language = this.#language;
    const what = zip
      ? say(language, 'archive', name, bytesText(size))
      : say(language, 'fileCount', name || '·', files.length, bytesText(size));
    return skipped.length > 0 ? `${what} (${say(language, 'skipped', skipped.slice(0, 3).join(', '))})` : what;
  }

  #field(field: Field | null, label: Word, input: TemplateResult, hint = ''): TemplateResult {
    const id = `push-${label}`;
    return html`<div class="field ${field && this.#problemText(field) ? 'bad' : ''}">
      <label for=${id}>${say(this.#language, label)}</label>${input}
      ${hint ? html`<p class="hint">${hint}</p>` : nothing}${field ? this.#problem(field) : nothing}
    </div>`;
  }

  #text(key: 'name' | 'memory' | 'instances', { numeric = false, autocomplete = 'off' } = {}): TemplateResult {
    return html`<input id=${`push-${key}`} .value=${this.#form[key]} autocomplete=${autocomplete} spellcheck="false"
      inputmode=${numeric ? 'numeric' : 'text'} aria-invalid=${this.#problemText(key) !== ''} aria-describedby=${`problem-${key}`}
      @input=${(e: Event) => this.#change({ [key]: textOf(e) }, key)} />`;
  }

  #choice(
    key: 'stack' | 'pace' | 'buildpack' | 'hold',
    options: readonly (readonly [string, string])[],
  ): TemplateResult {
    return html`<select id=${`push-${key}`} aria-describedby=${`problem-${key}`}
      @change=${(e: Event) => this.#change({ [key]: textOf(e) }, key === 'pace' ? undefined : key)}>
      ${options.map(([value, text]) => html`<option value=${value} .selected=${value === this.#form[key]}>${text}</option>`)}
    </select>`;
  }

  #buildpack(): TemplateResult {
    const language = this.#language;
    const known = (this.#known?.buildpacks ?? []).map(plain);
    const { buildpack, address } = this.#form;
    // A sample may suggest one before the list is there.
    const missing = !['auto', 'other', ...known.map(([name]) => name)].includes(buildpack) ? [plain(buildpack)] : [];
    const options = [
      ['auto', say(language, 'auto')] as const,
      ...known,
      ...missing,
      ['other', say(language, 'other')] as const,
    ];
    return html`${this.#choice('buildpack', options)}
      ${
        buildpack === 'other'
          ? html`<input aria-label=${say(language, 'address')} placeholder=${say(language, 'address')} .value=${address} spellcheck="false"
            aria-describedby="problem-buildpack" @input=${(e: Event) => this.#change({ address: textOf(e) }, 'buildpack')} />`
          : nothing
      }`;
  }

  /** A choice of stacks only where there is one. */
  #stackAndPace(): TemplateResult {
    const language = this.#language;
    const paces = [['real', say(language, 'real')] as const, ['beat', say(language, 'beat')] as const];
    const pace = this.#field(null, 'pace', this.#choice('pace', paces));
    const [first = '', ...others] = this.#known?.stacks ?? [];
    if (others.length === 0) {
      return html`<div class="field"><span class="label">${say(language, 'stack')}</span>
          <p class="hint one-stack">${first === '' ? '' : say(language, 'oneStack', first)}</p></div>
        ${pace}`;
    }
    const stacks = [['', say(language, 'firstStack', first)] as const, ...others.map(plain)];
    return html`<div class="pair">${this.#field('stack', 'stack', this.#choice('stack', stacks))}${pace}</div>`;
  }

  #environment(): TemplateResult {
    return html`<textarea id="push-env" rows="2" spellcheck="false" .value=${this.#form.env} placeholder="GREETING=hello"
      aria-invalid=${this.#problemText('env') !== ''} aria-describedby="problem-env"
      @input=${(e: Event) => this.#change({ env: textOf(e) }, 'env')}></textarea>`;
  }

  #hold(): TemplateResult {
    const language = this.#language;
    return html`${this.#choice('hold', [
      ['no', say(language, 'holdNo')],
      ['failure', say(language, 'holdFailure')],
      ['line', say(language, 'holdLine')],
    ])}
      ${
        this.#form.hold === 'line'
          ? html`<input aria-label=${say(language, 'line')} placeholder="bin/compile:12" .value=${this.#form.line} spellcheck="false"
            aria-describedby="problem-hold" @input=${(e: Event) => this.#change({ line: textOf(e) }, 'hold')} />`
          : nothing
      }`;
  }

  #progress(): TemplateResult {
    const percent = Math.round((this.#sent ?? 0) * 100);
    const text = percent < 100 ? say(this.#language, 'uploading', percent) : say(this.#language, 'sent');
    return html`<label class="sending" role="status"><progress max="100" .value=${percent}></progress> ${text}</label>`;
  }

  #problem(field: Field): TemplateResult {
    return html`<p class="problem" id=${`problem-${field}`} aria-live="polite">${this.#problemText(field)}</p>`;
  }

  #problemText(field: Field): string {
    const [word, ...values] = this.#shown[field] ?? [];
    return word ? say(this.#language, word, ...values) : (this.#refused[field] ?? '');
  }

  /** An app of that name is there, and would be updated. */
  #exists(): boolean {
    return this.#known?.apps.some((app) => app.name === this.#form.name) ?? false;
  }

  /** A mistake is said when it is sent; what is corrected is good at once. */
  #change(change: Partial<PushForm>, field?: Field): void {
    this.#form = { ...this.#form, ...change };
    if (field) {
      delete this.#refused[field];
      if (this.#shown[field] && !this.#problems()[field]) delete this.#shown[field];
    }
    this.requestUpdate();
  }

  #choose(sample: string): void {
    const suggested = this.#known?.sheet.find((s) => s.name === sample);
    const memory = String(suggested?.memory ?? 256);
    this.#change({ sample, name: sample, memory, buildpack: suggested?.buildpack ?? 'auto' }, 'name');
    delete this.#shown.files;
  }

  #chosen = (event: Event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    const files = [...(event.target.files ?? [])];
    if (files.length > 0) this.#own(filesOfInput(files));
    event.target.value = '';
    this.requestUpdate();
  };

  #own(files: AppFiles): void {
    // A name that was typed stays; one that came from a sample or from earlier files gives way.
    const before = this.#files ? [appNameOf(this.#files.name)] : [];
    const names = ['', ...(this.#known?.samples ?? []), EMPTY_FORM.name, ...before];
    this.#files = files;
    const name =
      names.includes(this.#form.name) || this.#form.sample !== null ? appNameOf(files.name) : this.#form.name;
    this.#change({ sample: null, name, buildpack: this.#form.sample === null ? this.#form.buildpack : 'auto' }, 'name');
    delete this.#shown.files;
    delete this.#refused.files;
  }

  #problems(): Problems {
    return problemsOf(this.#form, this.#files ? (this.#files.zip ? 1 : this.#files.files.length) : 0);
  }

  #submit = async (event: Event) => {
    event.preventDefault();
    this.#clear();
    this.#shown = this.#problems();
    if (Object.keys(this.#shown).length > 0) return this.#focusProblem();
    kept = keptOf(this.#form, kept, this.#options?.preset);
    this.#sent = 0;
    this.requestUpdate();
    const answer = await this.#send();
    this.#sent = null;
    if (answer.ok) {
      this.close();
      this.#options?.pushed(answer.value.name, answer.value.guid);
      return;
    }
    const field = fieldNamed(answer.field);
    if (field) this.#refused = { [field]: answer.error.replace(/^(\w+ \S+ was refused|\w+): /, '') };
    else this.#error = answer.error;
    await this.#focusProblem();
  };

  #send(): Promise<Answer<Pushed>> {
    const order = orderOf(this.#form);
    const files = this.#files;
    if (this.#form.sample !== null || !files) {
      this.#sent = 1;
      return labApi.pushWith(order);
    }
    const form = new FormData();
    form.set('order', JSON.stringify(order));
    if (files.zip) form.append('zip', files.zip, files.zip.name);
    for (const { path, file } of files.files) form.append('file', file, path);
    return upload(form, (share) => {
      this.#sent = share;
      this.requestUpdate();
    });
  }

  async #focusProblem(): Promise<void> {
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector<HTMLElement>('[aria-invalid=true], .field.bad :is(input, select)')?.focus();
  }
}

/** The page's own keys stay out of a form. */
function stop(event: Event): void {
  event.stopPropagation();
}

function plain(name: string): readonly [string, string] {
  return [name, name];
}

const FIELDS: readonly Field[] = ['files', 'name', 'buildpack', 'stack', 'env', 'memory', 'instances', 'hold'];

function fieldNamed(name: string | undefined): Field | undefined {
  return name === 'app' ? 'files' : FIELDS.find((field) => field === name);
}

function textOf({ target }: Event): string {
  const typed =
    target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
  return typed ? target.value : '';
}

customElements.define('ws-push-dialog', PushDialog);
