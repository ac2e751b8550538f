// What a page reads of the journal as it grows: one event for each entry, or one for what came together.
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { eventsOf } from '../../server/debugger/stream.ts';

const entries = Array.from({ length: 150 }, (_, k): Entry => {
  const seq = k + 11;
  return {
    ...{ seq, at: seq, t: seq, lt: seq, proc: 'control', cause: null, run: null },
    ...{ type: 'note', actor: 'lab', text: `line\n${seq}` },
  };
});

/** Events as a browser reads them. */
function read(text: string): { id: number; data: unknown }[] {
  const events = text.split('\n\n');
  expect(events.pop()).toBe('');
  return events.map((event) => {
    const [, id, data = ''] = /^id: (\d+)\ndata: (.*)$/.exec(event) ?? [];
    return { id: Number(id), data: JSON.parse(data) };
  });
}

describe('the stream of entries', () => {
  it('has an event for each entry, whose id is its seq, for who does not ask for more', () => {
    expect(read(eventsOf(entries, false))).toEqual(entries.map((e) => ({ id: e.seq, data: e })));
  });

  it('has few events for many entries, each with the last seq in it, from which a reader goes on', () => {
    const events = read(eventsOf(entries, true));
    expect(events.length).toBeLessThan(5);
    expect(events.flatMap(({ data }) => data)).toEqual(entries);
    for (const { id, data } of events) expect((data as Entry[]).at(-1)?.seq).toBe(id);
  });

  it('says nothing for nothing', () => {
    expect(eventsOf([], true)).toBe('');
  });
});
