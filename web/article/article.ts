// Read along with the article: the list of its scenes, and one scene at a time. A scene moves the page to a moment of the
// record and points at parts of the stage; it touches the lab only by what the reader asks it to try.
import { html, nothing, type TemplateResult } from 'lit';
import source from '../../lessons/scenes/article.md?raw';
import { type Moment, momentOf, parseArticle, type Scene } from '../../machines/article.ts';
import type { Look, Try } from '../../machines/lesson.ts';
import { valuesOf } from '../../machines/lesson-values.ts';
import { drives } from '../driver/seat.ts';
import { labApi } from '../lab-api.ts';
import { act } from '../lesson/act.ts';
import * as lab from '../lesson/lab.ts';
import { LESSONS } from '../lesson/lessons.ts';
import { ARTICLE } from '../lesson/place.ts';
import { createPointer } from '../lesson/pointer.ts';
import { reveal } from '../lesson/reveal.ts';
import { needsWheel, type Said } from '../lesson/said.ts';
import { line, say, type Texts } from '../lesson/say.ts';
import { PanelView } from '../panel.ts';
import { dates, type Findings, isKnown, verdicts } from './finding.ts';
import { sceneList, tries } from './parts.ts';
import { type ArticleWord, articleWord } from './words.ts';
import '../lesson/lesson.css';
import './article.css';

const { scenes: SCENES } = parseArticle(source);
/** The sample that a scene pushes. */
const APP = 'hello-node';
/** How often the record is asked for what has not come, milliseconds. */
const LOOK_EVERY = 400;

/** `<ws-article>`, the panel `article`: `model.lesson` (of the lesson `article`) says which scene. */
export class ArticleView extends PanelView {
  #scene: Scene | undefined;
  #moment: Moment | undefined;
  #point = 0;
  #pushing = false;
  #problem = '';
  #looked = 0;
  /** What came of what was tried last. */
  #said: Said | null = null;
  #tried = false;
  /** A scene has opened the drawer, and closes it when it is left. */
  #opened = false;
  /** The reader wants the verdicts without trying. */
  #told = false;
  /** What was counted, for the texts. */
  #lines: string | undefined;
  /** What was drawn last. */
  #drawn: { paragraph?: number; found: number; said: Said | null } = { found: 0, said: null };
  #pointer = createPointer(() => this.page);

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#pointer.leave();
  }

  override willUpdate(): void {
    const { lesson, entries, link } = this.model;
    const scene = lesson?.lesson === ARTICLE ? SCENES[lesson.step - 1] : undefined;
    if (scene !== this.#scene) {
      this.#scene = scene;
      this.#moment = undefined;
      [this.#point, this.#looked] = [0, 0];
      [this.#problem, this.#said, this.#tried, this.#told] = ['', null, false, false];
      // A scene that is only read leaves the moment of the one before.
      if (scene && !scene.moment) this.page.update({ cursor: null });
    }
    // A run that is played from a file has no link to a lab.
    if (!scene || (link === 'connecting' && entries.length === 0)) return;
    if (performance.now() - this.#looked < LOOK_EVERY || this.#isOver(scene)) return;
    this.#looked = performance.now();
    const found = momentOf(scene, entries);
    if (!found) return;
    // Once it was found the moment stays; what has come of it since is what the verdicts wait for.
    if (this.#moment) {
      if (found.seq === this.#moment.seq) this.#moment = found;
      return;
    }
    this.#moment = found;
    this.#pushing = false;
    this.#return();
  }

  override updated(): void {
    const [scene, moment] = [this.#scene, this.#moment];
    this.#keepInView(scene);
    if (!scene || !moment) {
      this.#pointer.leave();
      return;
    }
    const look = scene.points[this.#point]?.look;
    const id = `${scene.paragraph}.${this.#point}`;
    this.#pointer.follow({ id, look, told: this.#there(moment), cover: undefined, handle: moment.handle });
  }

  /** A scene begins at its top; what comes of the reader's trying is brought into view. */
  #keepInView(scene: Scene | undefined): void {
    const found = this.querySelectorAll('.scene-verdict').length;
    if (scene?.paragraph !== this.#drawn.paragraph) this.querySelector('.lesson-body')?.scrollTo({ top: 0 });
    else if (this.#tried && found > this.#drawn.found) reveal(this, '.scene-verdict');
    else if (this.#said !== this.#drawn.said) reveal(this, '.lesson-said');
    this.#drawn = { ...(scene && { paragraph: scene.paragraph }), found, said: this.#said };
  }

  override render() {
    return this.#scene ? this.#one(this.#scene) : sceneList(this.model, SCENES, (paragraph) => this.#go(paragraph));
  }

  #one(scene: Scene): TemplateResult {
    const { model } = this;
    const texts = this.#texts();
    const at = { n: scene.paragraph, all: SCENES.length };
    const [before, after] = [SCENES[scene.paragraph - 2], SCENES[scene.paragraph]];
    const findings = this.#findings(texts);
    return html`<article class="lesson article" aria-label=${scene.title[model.language]}>
      <header class="lesson-head"><h2>${line(texts, scene.title)}</h2>
        <p class="lesson-count">${this.#say('paragraph', at)}</p></header>
      <div class="lesson-body">
        <div class="lesson-text" aria-live="polite">${say(texts, scene.text)}</div>
        ${scene.by ? html`<p class="lesson-wait">${this.#say('whose')} <b>${this.#say(scene.by)}</b></p>` : nothing}
        <div class="lesson-coming"><b>${this.#say('shows')}</b> ${line(texts, scene.shows)}</div>
        ${scene.moment ? (this.#moment ? this.#seen(scene, this.#moment) : this.#waiting()) : dates(scene, findings)}
        ${this.#problem ? html`<p class="lesson-problem" role="alert">${this.#say('failed')} ${this.#problem}</p>` : nothing}
        ${this.#moment || !scene.moment ? verdicts(scene, findings) : nothing}
      </div>
      <footer class="lesson-foot">
        <div><button ?disabled=${!before} @click=${() => before && this.#go(before.paragraph)}><span aria-hidden="true">←</span> ${this.#say('back')}</button>
          <button class="lesson-next" ?disabled=${!after} @click=${() => after && this.#go(after.paragraph)}>${this.#say('next')} <span aria-hidden="true">→</span></button></div>
        <div><button class="quiet" @click=${() => this.#leave()}>${this.#say('list')}</button></div>
      </footer></article>`;
  }

  #seen(scene: Scene, moment: Moment): TemplateResult {
    const texts = this.#texts();
    const where =
      moment.seq === null ? nothing : html`<p class="lesson-wait">${this.#say('here', { n: moment.seq })}</p>`;
    return html`<p class="lesson-turn">${this.#say('look')}</p>
      ${scene.points.map(
        (
          p,
          i,
        ) => html`<button class="lesson-point" aria-pressed=${i === this.#point} @click=${() => this.#show(i, p.look)}>
          <i aria-hidden="true">➜</i><span>${line(texts, p.text)}</span></button>`,
      )}
      ${this.#there(moment) ? where : html`<button class="quiet" @click=${() => this.#return()}>${this.#say('again')}</button>`}
      ${tries(scene, { texts, model: this.model, said: this.#said, act: (one) => void this.#try(one) })}`;
  }

  #waiting(): TemplateResult {
    if (this.#pushing) return html`<p class="lesson-wait" role="status">${this.#say('coming')}</p>`;
    return html`<p>${this.#say('wait')}</p>
      <button class="lesson-try" ?disabled=${!drives(this.model)} @click=${() => void this.#push()}><i aria-hidden="true">▲</i><span>${this.#say('push')}</span></button>`;
  }

  #texts(): Texts {
    const values = this.#moment ? valuesOf(this.#moment.story) : {};
    return { model: this.model, values: this.#lines === undefined ? values : { ...values, c_lines: this.#lines } };
  }

  #findings({ values }: Texts): Findings {
    return {
      ...{ model: this.model, values, story: this.#moment?.story ?? [], tried: this.#tried, told: this.#told },
      word: (key, of) => this.#say(key, of),
      seek: (seq) => this.page.seek(seq),
      tell: () => void this.#tell(),
    };
  }

  /** Nothing that may still come can change what the scene says. */
  #isOver(scene: Scene): boolean {
    const of = { story: this.#moment?.story ?? [], tried: this.#tried, told: this.#told };
    return this.#moment !== undefined && scene.verdicts.every((v) => isKnown(v, of));
  }

  #show(point: number, look: Look): void {
    this.#point = point;
    if (this.#moment && !this.#there(this.#moment)) this.#return();
    this.#pointer.at(look);
    this.requestUpdate();
  }

  /** What is done to the lab is looked at live; what is only looked into stays at the scene's moment. */
  async #try(one: Try): Promise<void> {
    const story = this.#moment?.story ?? [];
    this.#problem = '';
    if (needsWheel(one)) this.page.update({ cursor: null });
    if (one.action === 'show' && this.model.drawer === null) this.#opened = true;
    try {
      await act(one, {
        ...{ app: valuesOf(story).app ?? APP, story, mine: [], page: this.page, sample: APP },
        pushed: () => undefined,
        say: (said) => this.#hear(said),
      });
      this.#tried = true;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  #hear(said: Said | null): void {
    this.#said = said;
    if (said?.kind === 'count') this.#lines = String(said.total);
    this.requestUpdate();
  }

  /** What the verdicts name is counted also for who does not want to try. */
  async #tell(): Promise<void> {
    this.#told = true;
    const count = this.#scene?.tries.find((t) => t.action === 'count');
    if (count && this.#lines === undefined) await this.#try(count);
    this.requestUpdate();
  }

  /** Whether the page looks at the scene's moment; a lab at rest is looked at live. */
  #there(moment: Moment): boolean {
    return this.model.cursor === moment.seq;
  }

  #return(): void {
    if (this.#moment) this.page.update({ cursor: this.#moment.seq });
  }

  /** At real speed, under a free name; what lessons have left closed would hold it. */
  async #push(): Promise<void> {
    this.#pushing = true;
    this.#problem = '';
    this.requestUpdate();
    try {
      await lab.tidy(LESSONS);
      await labApi.pace('real');
      await lab.push(APP);
    } catch (error) {
      this.#pushing = false;
      this.#problem = error instanceof Error ? error.message : String(error);
      this.requestUpdate();
    }
  }

  #go(paragraph: number): void {
    this.page.update({ lesson: { lesson: ARTICLE, step: paragraph }, ...this.#tidied() });
  }

  #tidied(): { drawer?: null } {
    const opened = this.#opened;
    this.#opened = false;
    return opened ? { drawer: null } : {};
  }

  #leave(): void {
    this.#pointer.leave();
    this.page.update({ lesson: null, cursor: null, zoom: 'auto', ...this.#tidied() });
  }

  #say(key: ArticleWord, values?: Record<string, number>): string {
    return articleWord(this.model.language, key, values);
  }
}

customElements.define('ws-article', ArticleView);
