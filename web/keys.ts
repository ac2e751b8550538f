// One table of keys: the page, its panels, the help sheet and the tests read the same rows.
import type { Word } from './words.ts';

/** Where a key means this: everywhere on the page, or only where that part of it has the focus (a lesson: is open). */
export const PLACES = ['page', 'lesson', 'stage', 'sequence', 'chart', 'timeline', 'terminal'] as const;
export type Where = (typeof PLACES)[number];

export interface Key {
  where: Where;
  command: string;
  /** Values of `KeyboardEvent.key`, `Shift+` before an arrow. A terminal's are pressed one after another. */
  keys: readonly string[];
  says: Word;
}

export const KEYS = [
  { where: 'page', command: 'pause', keys: [' ', 'p'], says: 'keyPause' },
  { where: 'page', command: 'continue', keys: ['c'], says: 'keyContinue' },
  { where: 'page', command: 'step', keys: ['s'], says: 'keyStep' },
  { where: 'page', command: 'skip', keys: ['n'], says: 'keySkip' },
  { where: 'page', command: 'next', keys: ['j', 'ArrowDown'], says: 'keyNext' },
  { where: 'page', command: 'previous', keys: ['k', 'ArrowUp'], says: 'keyPrevious' },
  { where: 'page', command: 'forward', keys: ['PageDown', 'ArrowRight'], says: 'keyForward' },
  { where: 'page', command: 'back', keys: ['PageUp', 'ArrowLeft'], says: 'keyBack' },
  { where: 'page', command: 'over', keys: ['o'], says: 'keyOver' },
  { where: 'page', command: 'into', keys: ['i'], says: 'keyInto' },
  { where: 'page', command: 'out', keys: ['u'], says: 'keyOut' },
  { where: 'page', command: 'overBack', keys: ['O'], says: 'keyOverBack' },
  { where: 'page', command: 'intoBack', keys: ['I'], says: 'keyIntoBack' },
  { where: 'page', command: 'outBack', keys: ['U'], says: 'keyOutBack' },
  { where: 'page', command: 'continueBack', keys: ['C'], says: 'keyContinueBack' },
  { where: 'page', command: 'runTo', keys: ['r'], says: 'keyRunTo' },
  { where: 'page', command: 'breakHere', keys: ['x'], says: 'keyBreakHere' },
  { where: 'page', command: 'grain', keys: ['g'], says: 'keyGrain' },
  { where: 'page', command: 'cause', keys: ['b'], says: 'keyCause' },
  { where: 'page', command: 'first', keys: ['Home'], says: 'keyFirst' },
  { where: 'page', command: 'live', keys: ['End'], says: 'keyLive' },
  { where: 'page', command: 'leave', keys: ['Escape'], says: 'keyLeave' },
  { where: 'page', command: 'filter', keys: ['/'], says: 'keyFilter' },
  { where: 'page', command: 'enter', keys: ['Enter'], says: 'keyEnter' },
  { where: 'page', command: 'host', keys: ['h'], says: 'keyHost' },
  { where: 'page', command: 'fold', keys: ['f'], says: 'keyFold' },
  { where: 'page', command: 'dock', keys: ['d'], says: 'keyDock' },
  { where: 'page', command: 'language', keys: ['l'], says: 'keyLanguage' },
  { where: 'page', command: 'help', keys: ['?'], says: 'keyHelp' },
  { where: 'lesson', command: 'answer', keys: ['1', '2', '3'], says: 'keyAnswer' },
  { where: 'lesson', command: 'next', keys: ['ArrowRight'], says: 'keyLessonNext' },
  { where: 'lesson', command: 'back', keys: ['ArrowLeft'], says: 'keyLessonBack' },
  { where: 'stage', command: 'walk', keys: ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'], says: 'keyWalk' },
  { where: 'sequence', command: 'next', keys: ['ArrowDown'], says: 'keyRowNext' },
  { where: 'sequence', command: 'previous', keys: ['ArrowUp'], says: 'keyRowPrevious' },
  { where: 'sequence', command: 'pageOn', keys: ['PageDown'], says: 'keyRowsOn' },
  { where: 'sequence', command: 'pageBack', keys: ['PageUp'], says: 'keyRowsBack' },
  { where: 'sequence', command: 'first', keys: ['Home'], says: 'keyRowFirst' },
  { where: 'sequence', command: 'last', keys: ['End'], says: 'keyRowLast' },
  { where: 'sequence', command: 'open', keys: ['Enter'], says: 'keyRowOpen' },
  { where: 'chart', command: 'walk', keys: ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'], says: 'keyWalkChart' },
  {
    where: 'chart',
    command: 'pan',
    keys: ['Shift+ArrowUp', 'Shift+ArrowDown', 'Shift+ArrowLeft', 'Shift+ArrowRight'],
    says: 'keyPan',
  },
  { where: 'chart', command: 'closer', keys: ['+', '='], says: 'keyCloser' },
  { where: 'chart', command: 'wider', keys: ['-'], says: 'keyWider' },
  { where: 'chart', command: 'whole', keys: ['0'], says: 'keyWhole' },
  { where: 'timeline', command: 'next', keys: ['ArrowRight'], says: 'keyLaneNext' },
  { where: 'timeline', command: 'previous', keys: ['ArrowLeft'], says: 'keyLanePrevious' },
  { where: 'timeline', command: 'closer', keys: ['+', '='], says: 'keyCloser' },
  { where: 'timeline', command: 'wider', keys: ['-'], says: 'keyWider' },
  { where: 'terminal', command: 'leave', keys: ['Escape', 'Escape'], says: 'keyLeaveTerminal' },
] as const satisfies readonly Key[];

type Commands = { [W in Where]: Extract<(typeof KEYS)[number], { where: W }>['command'] };
/** What can be asked for by a key there. */
export type CommandAt<W extends Where> = Commands[W];
export type Command = CommandAt<'page'>;

type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** What a key press asks for at this place, where it has the focus. Presses with a modifier ask for nothing. */
export function commandAt<W extends Where>(where: W, event: Press): CommandAt<W> | undefined;
export function commandAt(where: Where, event: Press): string | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const here: readonly Key[] = KEYS.filter((k) => k.where === where);
  const has = (key: string) => here.find((k) => k.keys.includes(key))?.command;
  return (event.shiftKey ? has(`Shift+${event.key}`) : undefined) ?? has(event.key);
}

/** What a key press asks the page for. Presses that a field or button needs itself ask for nothing. */
export function commandFor(event: Press & Pick<KeyboardEvent, 'target'>): Command | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('input, select, textarea')) return event.key === 'Escape' ? 'leave' : undefined;
  if ((event.key === ' ' || event.key === 'Enter') && target?.closest('button, summary, a, [role=button]'))
    return undefined;
  if (event.key.startsWith('Arrow') && target?.closest('[role=tab], [role=slider], [role=radio], [role=treeitem]'))
    return undefined;
  return commandAt('page', event);
}

/** A key as it is printed in the help sheet. */
export function keyName(key: string): string {
  if (key.startsWith('Shift+')) return `⇧ ${keyName(key.slice('Shift+'.length))}`;
  return (
    {
      ' ': 'Space',
      ArrowDown: '↓',
      ArrowUp: '↑',
      ArrowRight: '→',
      ArrowLeft: '←',
      PageDown: 'PgDn',
      PageUp: 'PgUp',
      Escape: 'Esc',
    }[key] ?? key
  );
}
