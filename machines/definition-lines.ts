// Where in the text of a machine's file its states, edges and actors are written. Reads the nesting of brackets and the
// keys before them; strings and comments are skipped. It is no parser of TypeScript: it knows the shape of our machines.

type Role = 'state' | 'states' | 'on' | 'after' | 'invoke' | 'other';

interface Frame {
  role: Role;
  /** Id of the state that this is in. */
  state: string;
  /** The actor of an `invoke`, once it was read. */
  src?: string;
}

/**
 * Lines, from 1, by what is defined there: `app.staging` (a state), `app.staging:stop` (an edge without its number and
 * target), `invoke requestStaging`. What is defined more than once is found at its first place.
 */
export function definitionLines(text: string, machine: string): Map<string, number> {
  const found = new Map<string, number>();
  const note = (name: string, line: number) => {
    if (!found.has(name)) found.set(name, line);
  };
  const root: Frame = { role: 'state', state: machine };
  note(machine, lineAt(text, Math.max(0, text.indexOf('.createMachine('))));
  const open: Frame[] = [];
  for (const { kind, key, value, line } of tokensOf(text)) {
    const around = open.at(-1) ?? root;
    if (kind === 'close') {
      open.pop();
      continue;
    }
    const inner = within(around, key);
    if (inner.role === 'state' && key !== '') note(inner.state, line);
    const label = key === '' ? undefined : labelOf(around, key);
    if (label !== undefined) note(`${around.state}:${label}`, line);
    if (around.role === 'invoke' && key === 'src') {
      around.src = value;
      note(`invoke ${value}`, line);
    }
    if (kind === 'open') open.push(inner);
  }
  return found;
}

/** What a bracket behind `key` is; without a key it goes on with what is around it. */
function within(around: Frame, key: string): Frame {
  const { role, state } = around;
  if (key === '') return { role, state };
  if (role === 'states') return { role: 'state', state: `${state}.${key}` };
  if (role !== 'state') return { role: 'other', state };
  return { role: IN_STATE.find((r) => r === key) ?? 'other', state };
}

const IN_STATE: readonly Role[] = ['states', 'on', 'after', 'invoke'];

/** An edge's label as machines/graph.ts writes it. */
function labelOf({ role, src }: Frame, key: string): string | undefined {
  if (role === 'on') return key;
  if (role === 'after') return `after ${key}`;
  if (role === 'state' && (key === 'always' || key === 'initial')) return key;
  const ends = { onDone: 'done', onError: 'error' }[key];
  if (ends === undefined) return undefined;
  if (role === 'state') return ends;
  return role === 'invoke' && src !== undefined ? `${ends} ${src}` : undefined;
}

interface Token {
  kind: 'open' | 'close' | 'key';
  /** The key before an opening bracket, or the key itself; empty for a bracket without one. */
  key: string;
  /** The string behind a key, where it is one. */
  value: string;
  line: number;
}

/** Comments; strings; names with what may follow them; brackets. */
const TOKEN = /\/\/.*|\/\*[\s\S]*?\*\/|`(?:\\.|[^`\\])*`|('(?:\\.|[^'\\\n])*'|[A-Za-z_$][\w$]*)(\s*:)?|[{[(]|[}\])]/g;

function* tokensOf(text: string): Generator<Token> {
  let line = 1;
  let read = 0;
  // A key waits for what stands behind its colon: a bracket makes it that bracket's.
  let key = '';
  let keyLine = 0;
  for (const match of text.matchAll(TOKEN)) {
    for (let i = read; i < match.index; i++) if (text[i] === '\n') line++;
    const between = text.slice(read, match.index).trim();
    read = match.index;
    const [all, word, colon] = match;
    const fresh = between === '';
    if (word !== undefined && colon !== undefined) {
      if (key !== '') yield { kind: 'key', key, value: '', line: keyLine };
      key = word.replace(/^'|'$/g, '');
      keyLine = line;
    } else if (/^[{[(]$/.test(all)) {
      yield { kind: 'open', key: fresh ? key : '', value: '', line: key === '' ? line : keyLine };
      key = '';
    } else if (/^[}\])]$/.test(all)) {
      if (key !== '') yield { kind: 'key', key, value: '', line: keyLine };
      key = '';
      yield { kind: 'close', key: '', value: '', line };
    } else if (key !== '' && word !== undefined) {
      yield { kind: 'key', key, value: word.replace(/^'|'$/g, ''), line: keyLine };
      key = '';
    }
    for (const c of all) if (c === '\n') line++;
    read = match.index + all.length;
  }
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
