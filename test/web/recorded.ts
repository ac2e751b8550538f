// Two pushes as a real lab recorded them on 2026-11-23: one at its own speed with the kernel looked at, one beat by beat,
// where every message was held at its receiver. Idle polls between the two are left out, so `seq` has gaps.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Entry } from '../../machines/journal.ts';

export function recordedPushes(): Entry[] {
  const packed = readFileSync(join(import.meta.dirname, 'fixtures/two-pushes.jsonl.gz'));
  const lines = gunzipSync(packed).toString('utf8').trimEnd().split('\n');
  return lines.map((line): Entry => JSON.parse(line));
}
