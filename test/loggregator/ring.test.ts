// The newest lines of each app, from the journal's stream.
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { createLoggregator } from '../../server/loggregator/index.ts';

function stream() {
  let listener: (entry: Entry) => void = () => undefined;
  let seq = 0;
  const loggregator = createLoggregator({
    onEntry: (l) => {
      listener = l;
      return () => {
        listener = () => undefined;
      };
    },
  });
  const stamp = () => ({ seq: ++seq, at: seq, t: seq, lt: seq, proc: 'dea/0', cause: null, run: null, actor: 'x' });
  const log = (app: string, text: string) =>
    listener({ ...stamp(), type: 'log', source: 'App', index: '0', stream: 'out', app, text });
  return { loggregator, log, other: () => listener({ ...stamp(), type: 'note', text: 'n' }) };
}

describe('the log ring', () => {
  it('keeps the newest thousand lines of each app, oldest first', () => {
    const { loggregator, log } = stream();
    for (let i = 0; i < 3500; i++) log('a', `line ${i}`);
    log('b', 'alone');
    const lines = loggregator.lines('a');
    expect(lines).toHaveLength(1000);
    expect([lines[0]?.text, lines.at(-1)?.text]).toEqual(['line 2500', 'line 3499']);
    expect(loggregator.lines('a', 2).map((l) => l.text)).toEqual(['line 3498', 'line 3499']);
    expect(loggregator.lines('a', 0)).toEqual([]);
    expect(loggregator.lines('b')).toMatchObject([{ source: 'App', index: '0', stream: 'out', text: 'alone' }]);
    expect(loggregator.lines('c')).toEqual([]);
  });

  it('tells followers each line of their app until they leave', () => {
    const { loggregator, log, other } = stream();
    const heard: string[] = [];
    const leave = loggregator.follow('a', (line) => heard.push(line.text));
    log('a', '1');
    log('b', '2');
    other();
    leave();
    log('a', '3');
    expect(heard).toEqual(['1']);
  });

  it('hears nothing once it is closed', () => {
    const { loggregator, log } = stream();
    loggregator.close();
    log('a', '1');
    expect(loggregator.lines('a')).toEqual([]);
  });
});
