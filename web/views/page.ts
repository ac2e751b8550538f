// The page: holds the one store, feeds the views, and turns commands into calls of the lab's API.
import { html, LitElement, nothing } from 'lit';
import { breakHere } from '../../machines/break-here.ts';
import type { Entry } from '../../machines/journal.ts';
import { entryAt, indexAfter } from '../../machines/projection.ts';
import { pushSample, setUpApps, watchPush } from '../apps/start.ts';
import { createBeats } from '../beat.ts';
import { breakpointFor } from '../breakpoints/same.ts';
import { seatLine } from '../driver/chip.ts';
import { createFollower, drives } from '../driver/seat.ts';
import { seatWord } from '../driver/words.ts';
import { type Command, commandFor } from '../keys.ts';
import { type Answer, follow, type LabState, labApi, onWatching, type Source, useSource } from '../lab-api.ts';
import { cursorOf, focusOf, type Model, Store } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { type PanelId, panelOf } from '../panels.ts';
import { hashOf, keepPreferences, type Preferences, placeOf, readPreferences } from '../place.ts';
import { fetchRest, loadAgain } from '../rest.ts';
import { recordedChip } from '../run/chip.ts';
import { runDoor } from '../run/door.ts';
import type { SequencePanel } from '../sequence/sequence.ts';
import { readStage, stageAt } from '../stage/model.ts';
import { motionEnded } from '../stage/motion.ts';
import { handleOf } from '../stage/scene.ts';
import { travel } from '../timeline/travel.ts';
import { Turns } from '../turns.ts';
import { word } from '../words.ts';
import './bar.ts';
import { type CrossSection, zoomOf } from './cross-section.ts';
import { header } from './header.ts';
import { focusSheet, helpSheet } from './help.ts';
import { hero } from './hero.ts';
import type { RecordView } from './record.ts';
import { unfold } from './slot.ts';
import { story } from './story.ts';

/** How often the lab is asked for its state, milliseconds, beside after each command and each gate. */
const ASK_EVERY = 1000;
/**
 * In a crowd of entries each part is drawn so often at most, milliseconds: the stage when a message has come to the end of
 * its way, the others as often as one can look at them.
 */
const RESTS_MS = { stage: 700, dock: 250, bar: 120, under: 500, drawer: 1000 };

/** The parts of the page, in the order of their turns. */
const PARTS = ['stage', 'dock', 'bar', 'under', 'drawer'] as const;

/** Lab time that is so far from where it should be, milliseconds, was skipped. */
const LEAP_MS = 250;

/** A notice stays this long, milliseconds, and so long more for each letter: nobody needs it after it was read. */
const NOTICE_MS = 6000;
const NOTICE_LETTER_MS = 60;

export class PageView extends LitElement {
  #store = new Store(() => this.#drawDue());
  #ends: (() => void)[] = [];
  /** How to end following the record that is shown; undefined while that is being connected. */
  #unfollow: (() => void) | undefined;
  #following = 0;
  readonly #turns = new Turns<(typeof PARTS)[number], Model>(PARTS, RESTS_MS, ['stage', 'bar']);
  readonly #door = runDoor({
    model: () => this.#store.model,
    update: (change) => this.#store.update(change),
    connect: (source, change) => this.#connect(source, change),
  });
  /** What the driver looks at is shown here too, unless the address names a moment or a lesson of its own. */
  readonly #follower = createFollower(this.#store, /[#&](at=\d|lesson=)/.test(location.hash));
  #asking = false;
  readonly #beats = createBeats({
    report: (gate) => void (drives(this.#store.model) && labApi.motionEnded(gate)),
    motionEnded,
    read: (ms) => new Promise((read) => setTimeout(read, ms)),
  });
  #noticed = '';
  #fading: ReturnType<typeof setTimeout> | undefined;
  /** What panels may ask for. */
  readonly #page: PageActions = {
    seek: (seq) => this.#seek(seq),
    update: (change) => this.#store.update(change),
    prefer: (change) => this.#prefer(change),
    order: (order) => this.#order(order),
    run: (command) => this.#do(command),
    toggleBreakpoint: (at) => this.#toggleBreakpoint(at),
    open: (panel) => this.#open(panel),
  };

  override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#store.update({ ...placeOf(location.hash), ...readPreferences() });
    const onKey = (event: KeyboardEvent) => this.#key(event);
    // The address may have been written again since: an entry that came in between drew the page first.
    const onHash = (event: HashChangeEvent) => this.#store.update(placeOf(new URL(event.newURL).hash));
    // A dialog whose program is gone, as after a new build, must not be a button that does nothing.
    const onLost = (event: PromiseRejectionEvent) => {
      if (!/dynamically imported|preload/i.test(String(event.reason)) || loadAgain()) return;
      this.#store.update({ notice: word(this.#store.model.language, 'panelLost') });
    };
    addEventListener('unhandledrejection', onLost);
    this.#ends.push(() => removeEventListener('unhandledrejection', onLost));
    addEventListener('keydown', onKey);
    addEventListener('hashchange', onHash);
    const asking = setInterval(() => this.#askState(), ASK_EVERY);
    this.#ends.push(
      () => removeEventListener('keydown', onKey),
      () => removeEventListener('hashchange', onHash),
      () => clearInterval(asking),
    );
    this.#ends.push(
      () => this.#door.close(),
      () => this.#unfollow?.(),
      setUpApps(() => this.#store.model, this.#page),
    );
    onWatching((sentence) => this.#follower.refused(sentence));
    void this.#door.enter();
    fetchRest();
  }

  /** Forgets the record that is shown and follows another from its beginning: null is the lab. */
  #connect(source: Source | null, change: Partial<Model>): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#following += 1;
    const mine = this.#following;
    const current = () => mine === this.#following && this.isConnected;
    useSource(source);
    const entries: Entry[] = [];
    this.#store.update({ entries, lab: null, link: 'connecting', seat: null, ...change });
    this.#askState();
    void follow({
      entries: (added) => {
        if (!current()) return;
        for (const entry of added) entries.push(entry);
        this.#turns.arrived(added.length);
        this.#store.update({});
        watchPush(() => this.#store.model, added, this.#page);
        if (added.some((e) => e.type === 'gate')) this.#askState();
      },
      state: (lab) => {
        if (!current()) return;
        this.#told(lab);
      },
      link: (link) => current() && this.#store.update({ link }),
      seat: (seat) => current() && this.#follower.seat(seat),
      told: (news) => current() && this.#follower.told(news),
      cursor: () => this.#store.model.cursor,
      seek: (cursor) => current() && this.#store.update({ cursor }),
    }).then((end) => {
      if (current()) this.#unfollow = end;
      else end();
    });
  }

  /** In a crowd there are frames in which no part has its turn: they go to reading what has come. */
  #drawDue(): void {
    if (this.#turns.due(this.#store.news)) this.requestUpdate();
    else if (this.#turns.waits) {
      readStage(this.#store.model.entries);
      this.#store.update({});
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.#ends.splice(0)) end();
  }

  override updated(): void {
    const { model } = this.#store;
    if (this.#turns.waits) this.#store.update({});
    else void this.querySelector<CrossSection>('ws-stage')?.updateComplete.then(() => this.#beats.drawn(model));
    const hash = hashOf(model);
    if (hash !== location.hash.replace(/^#/, ''))
      history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search);
    this.toggleAttribute('presenting', model.folded);
    this.toggleAttribute('learning', model.lesson !== null);
    if (model.help) focusSheet(this);
    this.#follower.drawn();
    if (model.notice !== this.#noticed) this.#fade(model.notice);
    // Only when they change: to set them anew costs the style of the whole page.
    const { documentElement: root } = document;
    if (root.lang !== model.language) root.lang = model.language;
    if (root.dataset.theme !== model.theme) root.dataset.theme = model.theme;
  }

  override render() {
    const model = { ...this.#store.model };
    const drawn = this.#turns.models(model, this.#store.changed());
    // What a part shows may be a moment old; what its reader does with it rests on what is there now.
    for (const part of PARTS) if (drawn(part) !== model) Object.assign(drawn(part), model);
    const seek = (seq: number) => this.#seek(seq);
    const past = model.cursor !== null && !model.recorded;
    return html`
      ${header(model, { push: () => this.#push(), set: (change) => this.#prefer(change), help: () => this.#do('help'), page: this.#page })}
      ${recordedChip(model, () => void this.#door.leave())}
      ${
        model.notice
          ? html`<p class="notice" role="status">${model.notice}
        <button @click=${() => this.#store.update({ notice: '' })}>${word(model.language, 'close')}</button></p>`
          : nothing
      }
      ${seatLine(model, this.#page)}
      <main class=${[past ? 'past' : '', model.folded ? 'folded' : '', model.docked ? '' : 'undocked'].filter(Boolean).join(' ')}>
        <section class="scene" aria-label=${word(model.language, 'stage')}>
          <div class="over-stage">${story(model, this.#page)}<div class="tools" role="group">
            <button ?disabled=${zoomOf(model) === null} @click=${() => this.#store.update({ zoom: 'platform' })}>${word(model.language, 'platform')}</button>
            <button aria-pressed=${model.host} @click=${() => this.#do('host')}>${word(model.language, 'hostView')} <kbd>H</kbd></button>
            <button aria-pressed=${model.folded} @click=${() => this.#do('fold')}>${word(model.language, 'stageOnly')} <kbd>F</kbd></button>
          </div></div>
          <ws-stage .model=${drawn('stage')}
            @seek=${(e: CustomEvent<number>) => seek(e.detail)}
            @zoom=${(e: CustomEvent<string>) => this.#store.update({ zoom: e.detail })}
            @panel=${(e: CustomEvent<PanelId>) => this.#open(e.detail)}
            @command=${(e: CustomEvent<Command>) => this.#do(e.detail)}></ws-stage>
          ${hero(model, () => this.#push(), this.#page)}
        </section>
        <div class="dock">
          ${model.docked ? nothing : unfold(model.language, this.#page)}
          <ws-slot place="dock" ?hidden=${!model.docked} .model=${drawn('dock')} .page=${this.#page} .open=${model.dock}></ws-slot>
          ${panelOf(model.dock)?.tall ? nothing : html`<ws-slot place="under" ?hidden=${!model.docked} .model=${drawn('under')} .page=${this.#page} .open=${model.under}></ws-slot>`}
        </div>
        <ws-slot place="drawer" class=${model.drawer ? 'open' : ''} .model=${drawn('drawer')} .page=${this.#page} .open=${model.drawer}></ws-slot>
      </main>
      <ws-bar .model=${drawn('bar')} .page=${this.#page}></ws-bar>
      ${model.help ? helpSheet(model.language, () => this.#store.update({ help: false })) : nothing}`;
  }

  /** A notice goes by itself once it can have been read; not under the pointer or the focus. */
  #fade(notice: string): void {
    this.#noticed = notice;
    clearTimeout(this.#fading);
    if (notice === '') return;
    this.#fading = setTimeout(
      () => {
        if (this.querySelector('.notice:is(:hover, :focus-within)')) this.#fade(notice);
        else if (this.#store.model.notice === notice) this.#store.update({ notice: '' });
      },
      NOTICE_MS + notice.length * NOTICE_LETTER_MS,
    );
  }

  #key(event: KeyboardEvent): void {
    // What is modal has the keys to itself.
    if (document.querySelector('dialog:modal')) return;
    const command = commandFor(event);
    if (!command) return;
    // So has the help sheet, which is longer than a screen.
    if (this.#store.model.help && command !== 'help' && event.key !== 'Escape') return;
    event.preventDefault();
    this.#do(command);
  }

  #do(command: Command): void {
    const { model } = this.#store;
    const focus = focusOf(model);
    const does: Record<Command, () => void> = {
      ...travel({ ...this.#page, model, row: (by) => this.#rowBy(by) }),
      cause: () => this.#seek(entryAt(model.entries, focus)?.cause ?? focus),
      breakHere: () => this.#breakHere(focus),
      live: () => this.#store.update({ cursor: null, zoom: 'auto' }),
      leave: () => this.#leave(),
      enter: () => this.#enter(),
      host: () => this.#store.update({ host: !model.host }),
      dock: () => this.#store.update({ docked: !model.docked }),
      fold: () => this.#store.update({ folded: !model.folded }),
      filter: () => this.#find(),
      language: () => this.#prefer(nextCaptions(model)),
      help: () => this.#store.update({ help: !model.help }),
    };
    does[command]();
  }

  /** A row on or back, in whichever list is shown; entry by entry where none is. */
  #rowBy(by: 1 | -1): number | undefined {
    const list = this.querySelector<RecordView | SequencePanel>('ws-record, ws-sequence');
    const { model } = this.#store;
    if (list && 'neighbour' in list) return list.neighbour(by);
    return model.entries[indexAfter(model.entries, focusOf(model)) - (by === 1 ? 0 : 2)]?.seq;
  }

  #breakHere(seq: number): void {
    const { entries, language } = this.#store.model;
    const fields = breakHere(entries, seq);
    if (fields) this.#toggleBreakpoint(fields);
    else this.#store.update({ notice: word(language, 'noBreakHere') });
  }

  /** Out of what one is in, innermost first: the help sheet, a container, the past. Never into anything. */
  #leave(): void {
    const { model } = this.#store;
    if (model.help) this.#store.update({ help: false });
    else if (zoomOf(model) !== null) this.#store.update({ zoom: 'platform' });
    else if (model.cursor !== null) this.#store.update({ cursor: null, zoom: 'auto' });
    else if (zoomOf({ ...model, zoom: 'auto' }) === null) this.#store.update({ zoom: 'auto' });
  }

  /** Into the container that is talked about, else the newest; the camera goes on following where it would be there itself. */
  #enter(): void {
    const { model } = this.#store;
    const all = stageAt(model.entries, cursorOf(model)).containers;
    const itself = zoomOf({ ...model, zoom: 'auto' });
    const about = itself ?? handleOf(entryAt(model.entries, focusOf(model)));
    const chosen = all.find((c) => c.handle === about) ?? all.at(-1);
    if (chosen) this.#store.update({ zoom: chosen.handle === itself ? 'auto' : chosen.handle });
  }

  #open(panel: PanelId): void {
    const place = panelOf(panel)?.place;
    if (place) this.#store.update({ [place]: panel, ...(place === 'drawer' ? {} : { docked: true }) });
  }

  async #find(): Promise<void> {
    const shown = this.querySelector<RecordView>('ws-record');
    // At once where it is there: what is typed next belongs into the field and is no command.
    if (shown && this.#store.model.docked) return shown.focusFilter();
    this.#open('record');
    await customElements.whenDefined('ws-record');
    requestAnimationFrame(() => this.querySelector<RecordView>('ws-record')?.focusFilter());
  }

  #seek(seq: number): void {
    this.#store.update({ cursor: seq });
  }

  #prefer(change: Partial<Preferences>): void {
    this.#store.update(change);
    keepPreferences(this.#store.model);
  }

  #toggleBreakpoint(at: Parameters<typeof labApi.addBreakpoint>[0]): void {
    const known = breakpointFor(this.#store.model.lab?.breakpoints ?? [], at);
    // One that was switched off stands nowhere in the pictures: who asks for it there wants it on.
    if (known?.disabled) this.#order(labApi.switchBreakpoint(known.id, false));
    else this.#order(known ? labApi.removeBreakpoint(known.id) : labApi.addBreakpoint(at));
  }

  async #push(): Promise<void> {
    // To the present at once, and not with the answer: that comes when the push has been running for a while.
    this.#store.update({ notice: '', cursor: null });
    // A push of the page goes beat by beat; a lab that cannot do that goes at its own speed.
    await labApi.pace('beat');
    const answer = await pushSample('hello-node', this.#store.model, this.#page);
    const { language } = this.#store.model;
    const absent = !answer.ok && (answer.status === 404 || answer.status === 405 || answer.status === 501);
    const how = `cf api ${location.origin} && cf login -u admin && cf push hello-node -p lessons/apps/hello-node`;
    if (!answer.ok && !answer.watching)
      this.#store.update({ notice: absent ? `${word(language, 'pushMissing')} ${how}` : answer.error });
  }

  /** Gives an order and says why, should the lab refuse; then asks what has become of the lab. */
  #order(order: Promise<Answer<unknown>>): void {
    order.then((answer) => {
      // That another page drives is said with what can be done about it (driver/chip.ts).
      if (!answer.ok && !answer.watching) this.#store.update({ notice: answer.error });
      return this.#askState();
    });
  }

  /** That time goes on and the record grows is no news: in a crowd of entries nothing has to be drawn out of turn for it. */
  #told(lab: LabState): void {
    const { lab: before, labAt } = this.#store.model;
    const now = performance.now();
    const leaps = before !== null && Math.abs(before.lt + (before.running ? now - labAt : 0) - lab.lt) > LEAP_MS;
    const same = before !== null && !leaps && rulesOf(before) === rulesOf(lab);
    this.#store.update({ lab, labAt: now }, same);
  }

  async #askState(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const answer = await labApi.state();
    this.#asking = false;
    if (answer.ok) this.#told(answer.value);
    else if (answer.status === 401) this.#store.update({ notice: seatWord(this.#store.model.language, 'needsToken') });
  }
}

/** What a lab says of itself beside its time and the length of its record. */
function rulesOf({ lt: _, head: __, ...rules }: LabState): string {
  return JSON.stringify(rules);
}

/** English, Japanese, both, and English again. */
function nextCaptions({
  language,
  both,
}: Pick<Preferences, 'language' | 'both'>): Pick<Preferences, 'language' | 'both'> {
  if (language === 'en') return { language: 'ja', both: false };
  return both ? { language: 'en', both: false } : { language: 'ja', both: true };
}

customElements.define('ws-page', PageView);
