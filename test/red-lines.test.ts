// The list of `npm run red` speaks of this tree: its lines are there, and so are its proofs. That they turn red is shown by
// running it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RED_LINES } from './red-lines.mjs';

const read = (file: string) => readFileSync(join(import.meta.dirname, '..', file), 'utf8');

describe('each line that turns a proof red', () => {
  it.each(RED_LINES)('$file: $why', ({ file, line, becomes, proof: [proof, name] }) => {
    expect(read(file).split(line).length - 1, 'stands once').toBe(1);
    expect(becomes).not.toBe(line);
    // A name may be made for a row of a table: what is certain to stand there are its first words.
    const [words = ''] = name.split(' ').slice(0, 2).join(' ').split(' N');
    expect(read(proof)).toContain(words);
  });
});
