// Source text as lines of coloured pieces: comments, strings, numbers and words of the language. A reading aid, no parser.

export interface Piece {
  text: string;
  /** Class of the piece; empty for plain text. */
  kind: '' | 'comment' | 'string' | 'number' | 'word' | 'heading';
}

type Kind = Piece['kind'];

interface Language {
  pattern: RegExp;
  words: ReadonlySet<string>;
}

const words = (text: string) => new Set(text.split(' '));
const C_LIKE =
  /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\b(\d[\w.]*)\b|([A-Za-z_]\w*)/g;

const C: Language = {
  pattern: C_LIKE,
  words: words(
    'break case char const continue default do else enum extern for goto if int long return short signed sizeof static struct switch typedef union unsigned void while bool true false NULL errno STEP CALL define include if endif',
  ),
};
const TS: Language = {
  pattern: C_LIKE,
  words: words(
    'as async await break case catch class const continue default else export extends false finally for from function if import in instanceof interface let new null of return satisfies static switch this throw true try type typeof undefined void while yield',
  ),
};
const BASH: Language = {
  // `$#` and `${#x}` are no comments: one begins at the line's start or behind a blank.
  pattern: /((?<=^|\s)#[^\n]*)|("(?:\\.|[^"\\])*"|'[^']*')|\b(\d+)\b|([A-Za-z_][\w-]*)/gm,
  words: words(
    'if then else elif fi for while until do done case esac in function local return exit set source export readonly declare eval exec trap cd echo printf read shift unset',
  ),
};

/** The language of a file by its name: a buildpack's scripts have none at the end of theirs. */
function languageOf(file: string): Language {
  if (/\.[ch]$/.test(file)) return C;
  return /\.(ts|js|mjs|cjs)$/.test(file) ? TS : BASH;
}

/** One array of pieces for each line of the text. */
export function highlight(text: string, file: string): Piece[][] {
  const { pattern, words: known } = languageOf(file);
  const lines: Piece[][] = [[]];
  const put = (part: string, kind: Kind) => {
    part.split('\n').forEach((piece, i) => {
      if (i > 0) lines.push([]);
      if (piece !== '') lines.at(-1)?.push({ text: piece, kind });
    });
  };
  let read = 0;
  for (const match of text.matchAll(pattern)) {
    const [all, comment, string, number, word] = match;
    put(text.slice(read, match.index), '');
    read = match.index + all.length;
    if (comment !== undefined) put(all, comment.startsWith('///') ? 'heading' : 'comment');
    else if (string !== undefined) put(all, 'string');
    else if (number !== undefined) put(all, 'number');
    else put(all, known.has(word ?? '') ? 'word' : '');
  }
  put(text.slice(read), '');
  if (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}
