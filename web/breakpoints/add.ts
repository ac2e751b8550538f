// The form that adds a breakpoint: first the kind, then what that kind needs. It offers what the definitions and the record
// know; a name may have a `*`.
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { BreakpointFields } from '../../machines/break-here.ts';
import wshd from '../../machines/gen/wshd-steps.json';
import type { MachineGraph } from '../../machines/graph.ts';
import type { Entry } from '../../machines/journal.ts';
import type { Language } from '../model.ts';
import { type BreakpointWord, say } from './words.ts';

const KINDS = ['state', 'edge', 'message', 'boot', 'job', 'script', 'effect'] as const;
type Kind = (typeof KINDS)[number];

/** `<ws-add-breakpoint>`: fires `add` (detail: BreakpointFields). */
export class AddBreakpoint extends LitElement {
  static override properties = { entries: { attribute: false }, language: {} };
  declare entries: readonly Entry[];
  declare language: Language;
  #kind: Kind = 'boot';
  #graphs: readonly MachineGraph[] = [];
  #machine = '';
  #asked = false;

  constructor() {
    super();
    this.entries = [];
    this.language = 'en';
  }

  override createRenderRoot(): HTMLElement {
    return this;
  }

  /** The form offers what the record has; it need not follow each new entry. */
  override shouldUpdate(changed: Map<string, unknown>): boolean {
    return !this.hasUpdated || changed.size !== 1 || !changed.has('entries');
  }

  override render() {
    const { language } = this;
    return html`<form class="add-breakpoint" aria-label=${say(language, 'title')} @submit=${this.#submit}>
      <h3>${say(language, 'title')}</h3>
      <div class="fields">
        ${this.#select(
          'kind',
          KINDS.map((k) => [k, say(language, k)]),
          this.#kind,
          (kind) => this.#choose(kind),
        )}
        ${this.#fields()}
        <button type="submit">${say(language, 'add')}</button>
      </div>
    </form>`;
  }

  #fields(): TemplateResult | typeof nothing {
    switch (this.#kind) {
      case 'state':
      case 'edge':
      case 'effect':
        return this.#ofMachine(this.#kind);
      case 'message':
        return html`${this.#input('name', this.#names(), say(this.language, 'star'))}
          ${this.#select('receiver', [['', say(this.language, 'anybody')], ...this.#receivers().map((a) => [a, a] as const)], '')}`;
      case 'boot':
      case 'job':
        return html`${this.#select(
          'name',
          wshd[this.#kind].map((s) => [s.name, s.name] as const),
          'pivot_root',
        )}
          ${this.#select(
            'when',
            [
              ['before', say(this.language, 'before')],
              ['after', say(this.language, 'after')],
            ],
            'before',
          )}`;
      case 'script':
        return html`${this.#input('file', this.#files(), say(this.language, 'star'))}
          <label>${say(this.language, 'line')} <input name="line" type="number" min="1" step="1" required /></label>`;
    }
  }

  #ofMachine(kind: 'state' | 'edge' | 'effect'): TemplateResult | typeof nothing {
    void this.#load();
    const graph = this.#graphs.find((g) => g.machine === this.#machine) ?? this.#graphs[0];
    if (!graph) return nothing;
    const short = (id: string) => id.slice(graph.machine.length + 1);
    const choices =
      kind === 'state'
        ? graph.states.slice(1).map((s) => [s.id, short(s.id)] as const)
        : kind === 'edge'
          ? graph.edges.filter((e) => e.kind !== 'initial').map((e) => [e.id, short(e.id)] as const)
          : [...new Set(graph.states.flatMap((s) => s.invokes))].map((name) => [name, name] as const);
    return html`${this.#select(
      'machine',
      this.#graphs.map((g) => [g.machine, g.machine] as const),
      graph.machine,
      (machine) => {
        this.#machine = machine;
        this.requestUpdate();
      },
    )}${this.#select('name', choices, '')}`;
  }

  #select(
    name: BreakpointWord,
    choices: readonly (readonly [value: string, text: string])[],
    chosen: string,
    change?: (value: string) => void,
  ): TemplateResult {
    return html`<label>${say(this.language, name)} <select name=${name}
      @change=${(e: Event) => e.target instanceof HTMLSelectElement && change?.(e.target.value)}>
      ${choices.map(([value, text]) => html`<option value=${value} ?selected=${value === chosen}>${text}</option>`)}
    </select></label>`;
  }

  #input(name: BreakpointWord, offered: readonly string[], hint: string): TemplateResult {
    return html`<label>${say(this.language, name)} <input name=${name} list="offered-${name}" required placeholder=${hint} autocomplete="off" /></label>
      <datalist id="offered-${name}">${offered.map((one) => html`<option value=${one}></option>`)}</datalist>`;
  }

  #choose(kind: string): void {
    this.#kind = KINDS.find((k) => k === kind) ?? 'boot';
    this.requestUpdate();
  }

  /** The definitions are large, and only three kinds need them. */
  async #load(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    const { CHARTS } = await import('../charts.ts');
    this.#graphs = CHARTS.map((c) => c.graph).filter((g) => g.machine !== 'wshd-boot');
    this.requestUpdate();
  }

  #names(): string[] {
    return seen(this.entries, (e) => (e.type === 'message' ? e.name.replace(/[0-9a-f]{16,}/g, '*') : undefined));
  }

  #receivers(): string[] {
    return seen(this.entries, (e) => (e.type === 'message' && e.phase === 'received' ? e.actor : undefined));
  }

  #files(): string[] {
    return seen(this.entries, (e) => (e.type === 'script' ? e.file : undefined));
  }

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const data = new FormData(form);
    const detail = fieldsOf(this.#kind, (name) => String(data.get(name) ?? '').trim());
    this.dispatchEvent(new CustomEvent<BreakpointFields>('add', { detail }));
  };
}

function fieldsOf(kind: Kind, field: (name: string) => string): BreakpointFields {
  const name = field('name');
  switch (kind) {
    case 'state':
      return { machine: field('machine'), state: name };
    case 'edge':
      return { machine: field('machine'), edge: name };
    case 'effect':
      return { kind: 'effect', machine: field('machine'), name };
    case 'message': {
      const actor = field('receiver');
      return { kind: 'delivery', name, ...(actor === '' ? {} : { actor }) };
    }
    case 'boot':
    case 'job': {
      const when = field('when') === 'after' ? 'after' : 'before';
      return { kind: 'step', ...(kind === 'job' ? { machine: 'wshd-job' } : {}), name, when };
    }
    case 'script':
      return { kind: 'script', file: field('file'), line: Number(field('line')) };
  }
}

/** What the record says of something, each once, at most a hundred. */
function seen(entries: readonly Entry[], of: (e: Entry) => string | undefined): string[] {
  const found = new Set<string>();
  for (const e of entries) {
    const one = of(e);
    if (one !== undefined) found.add(one);
    if (found.size >= 100) break;
  }
  return [...found].sort();
}

customElements.define('ws-add-breakpoint', AddBreakpoint);
