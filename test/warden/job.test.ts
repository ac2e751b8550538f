// What the server keeps of a job's output, and its limits. wshd is played by the test.

import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { createJob, OUTPUT_EXCEEDED } from '../../server/warden/jobs/job.ts';
import { rlimitsFor } from '../../server/warden/jobs/rlimits.ts';
import { ResourceLimitsSchema } from '../../server/warden/protocol/gen/warden_pb.ts';

function job(part: { discardOutput?: boolean; outputLimit?: number } = {}) {
  const seen = { terminated: 0, ended: 0 };
  const made = createJob({
    id: 1,
    discardOutput: part.discardOutput ?? false,
    logTag: '',
    outputLimit: part.outputLimit ?? 100,
    terminate: () => {
      seen.terminated += 1;
    },
    onEnd: () => {
      seen.ended += 1;
    },
  });
  return { job: made, seen };
}

describe('a job', () => {
  it('keeps stdout and stderr apart and whole', async () => {
    const { job: j } = job();
    j.reader.onOutput('stdout', Buffer.from('a'));
    j.reader.onOutput('stderr', Buffer.from('b'));
    j.reader.onOutput('stdout', Buffer.from('c'));
    j.reader.onExit(3);
    expect(await j.ended).toEqual({ status: 3, stdout: 'ac', stderr: 'b' });
  });

  it('keeps a character whole that the pipe cut in two', async () => {
    const { job: j } = job();
    const bytes = Buffer.from('コンテナ');
    const heard: string[] = [];
    j.listen((_, data) => heard.push(data));
    for (const byte of bytes) j.reader.onOutput('stdout', Buffer.from([byte]));
    j.reader.onExit(0);
    expect((await j.ended).stdout).toBe('コンテナ');
    expect(heard).toEqual(['コ', 'ン', 'テ', 'ナ']);
  });

  it('is ended with 255 and an event text when both streams together are over the limit', async () => {
    const { job: j, seen } = job({ outputLimit: 10 });
    j.reader.onOutput('stdout', Buffer.alloc(6, 'o'));
    j.reader.onOutput('stderr', Buffer.alloc(6, 'e'));
    j.reader.onExit(0);
    expect(await j.ended).toEqual({ status: 255, stdout: 'oooooo', stderr: 'eeee' });
    expect(j.error).toBe(OUTPUT_EXCEEDED);
    expect(seen).toEqual({ terminated: 1, ended: 1 });
  });

  it('answers nothing when output is discarded, without a limit, and a late listener gets the last 64 KiB', async () => {
    const { job: j, seen } = job({ discardOutput: true, outputLimit: 10 });
    for (let i = 0; i < 100; i += 1) j.reader.onOutput('stdout', Buffer.alloc(4096, i % 2 ? 'x' : 'y'));
    let heard = 0;
    j.listen((_, data) => {
      heard += data.length;
    });
    expect(heard).toBeGreaterThanOrEqual(64 * 1024);
    expect(heard).toBeLessThan(70 * 1024);
    j.reader.onExit(0);
    expect(await j.ended).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(seen.terminated).toBe(0);
  });

  it('ends with 255 when the connection to wshd is lost', async () => {
    const { job: j } = job();
    j.reader.onLost();
    expect((await j.ended).status).toBe(255);
  });
});

describe('resource limits', () => {
  it('of one request never reach the configuration, and so no later job', () => {
    const configured = Object.freeze({ nofile: 8192n });
    const asked = create(ResourceLimitsSchema, { nofile: 10n, as: 5n });
    expect(rlimitsFor(configured, asked)).toEqual({ nofile: 10n, as: 5n });
    expect(rlimitsFor(configured, undefined)).toEqual({ nofile: 8192n });
  });
});
