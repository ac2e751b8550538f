// What the page loads of this room at once: the menu's lines, what is done with a dropped app, and the look-out for the
// failure of the page's own push. Dialog and panel are loaded when they are needed.
import { html, type TemplateResult } from 'lit';
import type { Entry } from '../../machines/journal.ts';
import { drives } from '../driver/seat.ts';
import { addDropper, type DroppedItem } from '../drop.ts';
import { labApi } from '../lab-api.ts';
import { addToMenu } from '../menu.ts';
import type { Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { word } from '../words.ts';
import type { PushForm } from './form.ts';

/** Why no order can be given now; empty when one can. A past moment is looked at only. */
export function whyOff(model: Model): '' | 'offRecorded' | 'offLab' | 'offWatching' | 'offPast' {
  if (model.recorded !== null) return 'offRecorded';
  if (model.lab === null) return 'offLab';
  if (!drives(model)) return 'offWatching';
  return model.cursor === null ? '' : 'offPast';
}

/** Opens the push dialog. */
export async function openPush(
  model: Model,
  page: PageActions,
  given: { preset?: Partial<PushForm>; dropped?: readonly DroppedItem[] } = {},
): Promise<void> {
  const { PushDialog } = await import('./push-dialog.ts');
  const { language } = model;
  const known = document.querySelector('ws-push-dialog');
  const dialog = known instanceof PushDialog ? known : new PushDialog();
  // What is dropped while somebody fills it in belongs to what is there.
  if (dialog.shown && given.dropped) return dialog.take(given.dropped);
  if (!dialog.isConnected) document.body.append(dialog);
  const since = model.entries.at(-1)?.seq ?? 0;
  const pushed = (name: string, guid: string | undefined) => {
    page.update({ pushed: { name, since }, app: guid ?? null, failure: null, cursor: null });
    page.open('apps');
  };
  await dialog.open({ language, pushed, ...given });
}

/** Beside the large button: everything else that can be pushed. */
export function pushOther(model: Model, page: PageActions): TemplateResult {
  const off = offText(model);
  return html`<button class="push-other" aria-haspopup="dialog" ?disabled=${off !== ''} title=${off}
    @click=${() => openPush(model, page)}>${word(model.language, 'pushOther')}</button>`;
}

/** Registers the dropper and the menu's lines. Returns how to take the dropper back. */
export function setUpApps(model: () => Model, page: PageActions): () => void {
  const off = (now: Model) => offText(now);
  addToMenu({ title: 'pushOther', group: 'lab', run: (p, m) => void openPush(m, p), off });
  addToMenu({
    title: 'menuReset',
    group: 'lab',
    off,
    run: async (p, m) => (await import('./reset.ts')).askReset(m, p),
  });
  return addDropper({
    takes: (items) => whyOff(model()) === '' && looksLikeApp(items),
    take: (dropped) => void openPush(model(), page, { dropped }),
  });
}

/** Whether this looks like an app: one folder, one zip, or files of which one says what they are. */
export function looksLikeApp(items: readonly DroppedItem[]): boolean {
  if (items.some((item) => /\.wardenscope\.json(\.gz)?$/i.test(item.name))) return false;
  if (items.length === 1) return items[0]?.entry?.isDirectory === true || /\.zip$/i.test(items[0]?.name ?? '');
  return items.some((item) => /^(package\.json|Procfile|Staticfile|index\.html)$/.test(item.name));
}

const OFF = {
  offRecorded: [
    'This is a recorded run: there is no lab behind it.',
    '記録された run です。動いている lab はありません。',
  ],
  offLab: ['The lab does not answer.', 'lab の応答がありません。'],
  offWatching: ['Another page drives.', '別の画面が操作しています。'],
  offPast: ['You are looking at the past; End comes back.', '過去を見ています。End で現在に戻ります。'],
} as const;

/** The same in the page's language. */
export function offText(model: Model): string {
  const why = whyOff(model);
  return why === '' ? '' : OFF[why][model.language === 'ja' ? 1 : 0];
}

/** Shows the card of a failure by itself when it is that of the push which this page began. Cheap: most entries are not. */
export function watchPush(model: () => Model, added: readonly Entry[], page: PageActions): void {
  if (model().pushed === null || !added.some(mayFail)) return;
  void import('./watch.ts').then(({ failureOfPush }) => {
    const now = model();
    const found = now.cursor === null ? failureOfPush(now) : undefined;
    if (!found) return;
    page.update({ pushed: null, app: found.app, failure: found.seq });
    page.open('apps');
  });
}

function mayFail(e: Entry): boolean {
  if (e.type === 'note') return e.actor === 'you';
  if (e.type === 'gate') return (e.point.enters ?? []).some((state) => /\.(failed|CRASHED)$/.test(state));
  if (e.type !== 'transition') return false;
  const value = JSON.stringify(e.value);
  return /"failed"|^\{"CRASHED"|"failing"/.test(value) || (e.machine === 'app' && e.context.problem != null);
}

/** The large button's push: its failure is shown by itself, too. */
export async function pushSample(app: string, model: Model, page: PageActions) {
  const since = model.entries.at(-1)?.seq ?? 0;
  const answer = await labApi.push(app);
  if (answer.ok) page.update({ pushed: { name: answer.value.name ?? app, since } });
  return answer;
}
