import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exports, instanceVariables, stagingVariables, userVariables } from '../../server/dea/env.ts';
import { StagingMessage, StartMessage } from '../../server/dea/messages.ts';
import { startScript } from '../../server/dea/start-script.ts';

const message = StartMessage.parse({
  droplet: 'a1b2',
  version: 'v1',
  limits: { mem: 256, disk: 512, fds: 1024 },
  index: 2,
  vcap_application: { name: 'hello', version: 'v1' },
});
const running = { instanceId: 'beef', index: 2, port: 61002, startedAt: new Date('2014-06-30T12:00:00Z') };
const map = (variables: [string, string][]) => Object.fromEntries(variables);

describe('environment of an instance', () => {
  it('puts the DEA’s facts into VCAP_APPLICATION beside the Cloud Controller’s', () => {
    const application = JSON.parse(map(instanceVariables(message, running)).VCAP_APPLICATION ?? '');
    expect(application).toMatchObject({
      name: 'hello',
      instance_id: 'beef',
      instance_index: 2,
      host: '0.0.0.0',
      port: 61002,
      started_at: '2014-06-30 12:00:00 +0000',
      started_at_timestamp: 1404129600,
    });
  });

  it('sets no DATABASE_URL without a service, an empty one for a service that is no database', () => {
    expect(map(instanceVariables(message, running))).not.toHaveProperty('DATABASE_URL');
    const bound = { ...message, services: [{ name: 'x', label: 'mail', credentials: { uri: 'smtp://h' } }] };
    expect(map(instanceVariables(bound, running)).DATABASE_URL).toBe('');
  });

  it('rewrites a database’s scheme to its adapter', () => {
    const url = (uri: string) =>
      map(instanceVariables({ ...message, services: [{ name: 'x', label: 'db', credentials: { uri } }] }, running))
        .DATABASE_URL;
    expect(url('mysql://u:p@h/d')).toBe('mysql2://u:p@h/d');
    expect(url('postgresql://h/d')).toBe('postgres://h/d');
    expect(url('db2://h/d')).toBe('ibmdb://h/d');
  });

  it('shows a service only the keys that the original lets through', () => {
    const services = [{ name: 'x', label: 'db', credentials: {}, tags: [], secret: 'no' }];
    const shown = JSON.parse(map(instanceVariables({ ...message, services }, running)).VCAP_SERVICES ?? '');
    expect(Object.keys(shown.db[0]).sort()).toEqual(['credentials', 'label', 'name', 'tags']);
  });

  it('escapes double quotes only, so that a shell expands everything else', () => {
    expect(exports([['A', 'say "$HOME" `id`']])).toBe('export A="say \\"$HOME\\" `id`";\n');
    const out = execFileSync('bash', ['-c', `${exports([['A', '"$HOME" $(echo x)']])}printf %s "$A"`], {
      env: { HOME: '/h' },
    });
    expect(out.toString()).toBe('"/h" x');
  });

  it('keeps everything after the first equals sign of a user’s variable', () => {
    expect(userVariables(['A=b=c', 'EMPTY=', 'BARE'])).toEqual([
      ['A', 'b=c'],
      ['EMPTY', ''],
      ['BARE', ''],
    ]);
  });
});

describe('environment while staging', () => {
  it('has the app’s memory limit, the time limit and the user’s variables, and no PORT', () => {
    const staging = StagingMessage.parse({
      app_id: 'a',
      task_id: 't',
      properties: { resources: { memory: 64, disk: 1 } },
      download_uri: 'http://x/',
      upload_uri: 'http://x/',
      start_message: { ...message, env: ['COLOUR=blue'] },
    });
    const variables = map(stagingVariables(staging, 900));
    expect(variables).toMatchObject({ MEMORY_LIMIT: '64m', STAGING_TIMEOUT: '900', COLOUR: 'blue' });
    expect(variables).not.toHaveProperty('PORT');
    expect(variables).not.toHaveProperty('HOME');
  });
});

describe('start script', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'dea-start-'));
    for (const folder of ['app/.profile.d', 'logs', 'tmp']) mkdirSync(join(home, folder), { recursive: true });
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const run = (command: string, user: [string, string][] = []) => {
    const script = startScript(command, instanceVariables(message, running), user);
    try {
      const stdout = execFileSync('bash', [], {
        input: script,
        cwd: home,
        env: { PATH: '/bin:/usr/bin' },
        stdio: 'pipe',
      });
      return { status: 0, stdout: stdout.toString() };
    } catch (error) {
      if (typeof error === 'object' && error && 'status' in error) return { status: error.status, stdout: '' };
      throw error;
    }
  };

  it('runs the command in app/, with HOME there and PORT set', () => {
    expect(run('echo "$PWD $HOME $PORT"').stdout).toBe(`${home}/app ${home}/app 61002\n`);
  });

  it('lets the user’s variables win over .profile.d, which wins over the system’s', () => {
    writeFileSync(join(home, 'app/.profile.d/a.sh'), 'export COLOUR=profile SHAPE=profile VCAP_APP_HOST=profile\n');
    expect(run('echo $COLOUR $SHAPE $VCAP_APP_HOST', [['COLOUR', 'user']]).stdout).toBe('user profile profile\n');
  });

  it('ends with the command’s exit status', () => {
    expect(run('exit 7').status).toBe(7);
  });

  it('leaves logs, environment and pid where the original leaves them', () => {
    run('echo out; echo err >&2');
    const read = (name: string) => readFileSync(join(home, name), 'utf8');
    expect(read('logs/stdout.log')).toBe('out\n');
    expect(read('logs/stderr.log')).toBe('err\n');
    expect(read('logs/env.log')).toContain('VCAP_APP_PORT=61002');
    expect(read('run.pid')).toMatch(/^\d+\n$/);
  });
});
