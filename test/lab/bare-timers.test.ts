// All deadlines of ours use lab time: the sources are searched for timers that would run while something is held.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
/** Where real time is the point: the clock itself, the lab link, the supervisor, clients, and transports as such. */
const REAL_TIME = [
  /^server\/(clock|lab|main|cli)\//,
  /^server\/bus\/connect(ion)?\.ts$/, // connecting again, leaving
  /^server\/debugger\/stream\.ts$/, // keep-alive
];
const BARE = /(?<![.\w'`])(?:setTimeout|setInterval)\(|from 'node:timers(?:\/promises)?'/;

describe('deadlines', () => {
  it('are on lab time everywhere but where real time is the point', () => {
    const files = ['machines', 'server'].flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${room}/${name}`),
    );
    expect(files.length).toBeGreaterThan(50);
    const bare = files
      .filter((file) => !REAL_TIME.some((allowed) => allowed.test(file)))
      .flatMap((file) =>
        readFileSync(join(root, file), 'utf8')
          .split('\n')
          .flatMap((line, i) => (BARE.test(line) ? [`${file}:${i + 1} ${line.trim()}`] : [])),
      );
    expect(bare).toEqual([]);
  });
});
