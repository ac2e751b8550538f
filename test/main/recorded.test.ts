// Where containers cannot run, `npm start` serves the page with the recorded run and the sentence why.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Machine, whyNoContainers } from '../../server/main/recorded.ts';

const root = join(import.meta.dirname, '../..');
const ORDINARY = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
const canBe =
  process.getuid?.() === 0 &&
  spawnSync('setpriv', [...ORDINARY, '-e', `fs.readFileSync(${JSON.stringify(join(root, 'package.json'))})`]).status ===
    0;
if (!canBe) console.log('skipped: an ordinary user is made with setpriv, by root, and must be able to read this clone');

describe('why containers cannot run', () => {
  const able: Machine = { platform: 'linux', uid: 0, wshd: true, abilities: [] };
  const lacks = (name: string) => ({ name, here: 'no' as const, seen: 'not permitted', means: '', type: 'do this' });

  it.each([
    [{ platform: 'darwin' as const }, /they need Linux, and this is darwin\.$/],
    [{ uid: 1000 }, /they need root; try sudo npm start\.$/],
    [{ wshd: false }, /wshd is not built; install gcc/],
    [{ abilities: [lacks('cgroups')] }, /cgroups: not permitted; type: do this\.$/],
    [{ abilities: [lacks('git'), lacks('overlay')] }, /overlay: not permitted/],
  ])('is one sentence in both languages: %j', (change, sentence) => {
    const why = whyNoContainers({ ...able, ...change });
    expect(why?.en).toMatch(sentence);
    expect(why?.en).toMatch(/^Containers cannot run on this machine: /);
    expect(why?.ja).toMatch(/^このマシンではコンテナを動かせません: .*。$/);
  });

  it('is nothing where they can, whatever else is missing', () => {
    expect(whyNoContainers(able)).toBeUndefined();
    expect(whyNoContainers({ ...able, abilities: [lacks('git'), lacks('user namespace')] })).toBeUndefined();
  });
});

describe.skipIf(!canBe)('npm start of somebody who is not root', () => {
  let started: ChildProcess | undefined;
  afterAll(() => void started?.kill('SIGKILL'));

  it('serves the page with a recorded run, says why, and ends in order', async () => {
    const words = [...ORDINARY, join(root, 'scripts/start.mjs'), '--port', '0'];
    started = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr } = started;
    let said = '';
    stderr?.on('data', (text) => {
      said += text;
    });
    const ended = new Promise<number | null>((done) => started?.once('close', done));
    const url = await new Promise<string>((done, failed) => {
      let printed = '';
      stdout?.on('data', (text) => {
        printed += text;
        const [, found] = /^Wardenscope is ready at (http:\S+?)\/ \(a recorded run/m.exec(printed) ?? [];
        if (found) done(found);
      });
      void ended.then(() => failed(new Error(`it ended: ${said}`)));
    });
    expect(said).toContain('Containers cannot run on this machine: they need root; try sudo npm start.');
    const state = await (await fetch(`${url}/lab/state`)).json();
    expect(state).toMatchObject({ tier: 'recorded', why: { en: expect.stringContaining('they need root') } });
    expect(await (await fetch(`${url}/`)).text()).toContain('<ws-page>');
    const push = await fetch(`${url}/lab/push`, { method: 'POST' });
    expect([push.status, await push.json()]).toEqual([404, { error: state.why.en }]);
    started.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('is refused in one sentence when the full tier is asked for by name', () => {
    const words = [...ORDINARY, join(root, 'dist/server/main.js'), '--tier', 'full', '--port', '0'];
    const { status, stderr } = spawnSync('setpriv', words, { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr.trim()).toMatch(/^The full tier needs Linux and root; start with sudo npm start/);
  });
});
