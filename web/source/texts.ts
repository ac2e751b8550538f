// Source texts as the lab, or a recorded run, has served them: each is asked for once, whoever on the page shows it.
import { type Answer, labApi, type SourceText } from '../lab-api.ts';
import type { Model } from '../model.ts';

/** Texts of the lab that is shown; those of a recorded run are its own. */
const LIVE = {};
const known = new WeakMap<object, Map<string, Answer<SourceText>>>();
type Of = Pick<Model, 'recorded'>;

function textsOf({ recorded }: Of): Map<string, Answer<SourceText>> {
  const of = recorded ?? LIVE;
  const texts = known.get(of) ?? new Map<string, Answer<SourceText>>();
  known.set(of, texts);
  return texts;
}

/** The text, if it has come. */
export function textOf(model: Of, file: string): string | undefined {
  const answer = textsOf(model).get(file);
  return answer?.ok ? answer.value.text : undefined;
}

/** Asks for a text that has not come. What was refused may be asked again: a buildpack may have come back. */
export async function loadText(model: Of, file: string): Promise<Answer<SourceText>> {
  const texts = textsOf(model);
  const before = texts.get(file);
  if (before?.ok) return before;
  const answer = await labApi.source(file);
  texts.set(file, answer);
  return answer;
}
