// Claims and the data folder: who may have what, after every way in which an owner can be gone.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claim, readClaim, release } from '../../server/main/claim.ts';
import { openDataFolder } from '../../server/main/data-folder.ts';
import { isAlive, livingOf, signal } from '../../server/main/living.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'base-claim-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('a living process by name', () => {
  it('is not another one that has its pid later', () => {
    const me = livingOf(process.pid);
    expect(me && isAlive(me)).toBe(true);
    expect(me && isAlive({ ...me, start: me.start + 1 })).toBe(false);
    expect(me && isAlive({ ...me, boot: 'another boot' })).toBe(false);
    expect(me && signal({ ...me, start: me.start + 1 }, 'SIGKILL')).toBe(false);
  });

  it('is not a zombie', async () => {
    // A child that nobody reaps for the moment: its parent is stopped.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; kill -STOP $$'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = await new Promise<number>((resolve) => parent.stdout.on('data', (text) => resolve(Number(text))));
    await expect.poll(() => livingOf(pid)).toBeUndefined();
    parent.kill('SIGCONT');
    parent.kill('SIGKILL');
  });
});

describe('a claim', () => {
  const file = () => join(dir, 'sub', 'claim');

  it('is given once, and names its owner to the second', () => {
    expect(claim(file(), 'aaaaaa', dir)).toBeUndefined();
    expect(claim(file(), 'bbbbbb', dir)).toMatchObject({ lab: 'aaaaaa', owner: { pid: process.pid } });
  });

  it('of a process that died is taken over', () => {
    const dead = spawnSync('true').pid;
    mkdirSync(join(dir, 'sub'));
    writeFileSync(file(), JSON.stringify({ owner: { pid: dead, start: 1, boot: 'x' }, lab: 'aaaaaa', dir }));
    expect(claim(file(), 'bbbbbb', dir)).toBeUndefined();
    expect(readClaim(file())?.lab).toBe('bbbbbb');
  });

  it('that was cut short by a power cut is taken over', () => {
    mkdirSync(join(dir, 'sub'));
    writeFileSync(file(), '{"owner":{"pi');
    expect(claim(file(), 'bbbbbb', dir)).toBeUndefined();
  });

  it('is given back only by its owner', () => {
    const living = livingOf(process.ppid);
    mkdirSync(join(dir, 'sub'));
    writeFileSync(file(), JSON.stringify({ owner: living, lab: 'aaaaaa', dir }));
    release(file());
    expect(readClaim(file())?.lab).toBe('aaaaaa');
  });
});

describe('the data folder', () => {
  it('keeps its lab: the same id and secrets at every start, readable by the owner only', () => {
    const first = openDataFolder(join(dir, 'data'));
    first.unlock();
    const second = openDataFolder(join(dir, 'data'));
    expect(second.lab).toEqual(first.lab);
    expect(first.lab.id).toMatch(/^[a-z2-7]{6}$/);
    expect(statSync(join(dir, 'data/lab.json')).mode & 0o077).toBe(0);
    expect(statSync(join(dir, 'data')).mode & 0o077).toBe(0);
    second.unlock();
  });

  it('is refused to a second lab in one sentence, and free again afterwards', () => {
    const first = openDataFolder(dir);
    expect(() => openDataFolder(dir)).toThrow(/A lab already runs on the data folder .* \(pid \d+\)/);
    first.unlock();
    openDataFolder(dir).unlock();
  });

  it('that is too deep for sockets is refused in one sentence', () => {
    expect(() => openDataFolder(join(dir, 'x'.repeat(100)))).toThrow(/bytes too deep for Unix sockets/);
  });

  it('in a place where nothing can be made is refused in one sentence', () => {
    expect(() => openDataFolder('/proc/lab')).toThrow(/The data folder \/proc\/lab cannot be written to/);
  });

  it('that is a file is refused in one sentence', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => openDataFolder(join(dir, 'file'))).toThrow(/cannot be written to/);
  });

  it('of a newer version is refused, and left as it is', () => {
    const text = '{"version":99,"id":"aaaaaa"}';
    writeFileSync(join(dir, 'lab.json'), text);
    expect(() => openDataFolder(dir)).toThrow(/newer Wardenscope/);
    expect(readFileSync(join(dir, 'lab.json'), 'utf8')).toBe(text);
    expect(readClaim(join(dir, 'main.lock'))).toBeUndefined();
  });
});
