// The question before the lab is reset, as a dialog of the page, and its answer.
import { labApi } from '../lab-api.ts';
import type { Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { say } from './words.ts';
import './push-dialog.css';

/** Asks, and resets the lab when that is wanted. What came of it is the page's notice. */
export function askReset(model: Model, page: PageActions): void {
  const { language } = model;
  const dialog = document.createElement('dialog');
  dialog.className = 'push-dialog ask-reset';
  dialog.setAttribute('aria-labelledby', 'reset-title');
  const title = document.createElement('h2');
  title.id = 'reset-title';
  title.textContent = say(language, 'reset').replace(/…$/, '');
  const text = document.createElement('p');
  text.textContent = say(language, 'resetAsk');
  const actions = document.createElement('div');
  actions.className = 'actions';
  const form = document.createElement('form');
  const button = (word: 'resetDo' | 'cancel', does: () => void) => {
    const b = document.createElement('button');
    b.type = 'button';
    b.textContent = say(language, word);
    b.onclick = does;
    actions.append(b);
    return b;
  };
  const keep = button('cancel', () => dialog.close());
  button('resetDo', () => {
    for (const b of actions.querySelectorAll('button')) b.disabled = true;
    page.order(
      labApi.reset().then((answer) => {
        dialog.close();
        if (answer.ok) {
          const { apps, left } = answer.value;
          const notice =
            left.length === 0 ? say(language, 'resetDone', apps) : say(language, 'resetLeft', left.join(', '));
          page.update({ notice, app: null, failure: null, pushed: null, cursor: null });
        }
        return answer;
      }),
    );
  }).className = 'go danger';
  form.append(title, text, actions);
  dialog.append(form);
  dialog.addEventListener('keydown', (event) => event.stopPropagation());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  keep.focus();
}
