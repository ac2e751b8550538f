// Verbs about apps: push, apps, logs, delete. They send what `cf` sends; nothing here knows how staging works.
import { z } from 'zod';
import { Refusal } from '../main/refusal.ts';
import { appNameOf, folderOf, prepare } from './app-folder.ts';
import { lineText, logs, printFrom, printNew } from './app-logs.ts';
import { List, pause, until } from './cf-push.ts';
import { findLab, type LabClient } from './lab-client.ts';
import { type Call, split, type Verb } from './verb.ts';
import { App, staged, stageVerb } from './verbs-stage.ts';

export const appVerbs: Verb[] = [
  {
    name: 'push',
    usage: 'DIR',
    says: 'pushes a folder as an app and waits until it runs',
    flags: { name: 'NAME', memory: 'MB', instances: 'N', buildpack: 'NAME|URL', command: 'COMMAND', env: 'K=V' },
    run: async (call) => {
      const client = findLab(call.data);
      const folder = folderOf(call.args[0]);
      const name = call.flags.name?.[0] ?? appNameOf(folder);
      const guid = await prepare(client, folder, name, entityOf(call));
      await client.cf('PUT', `/v2/apps/${guid}`, { state: 'STOPPED' });
      const shown = await printNew(client, guid);
      await client.cf('PUT', `/v2/apps/${guid}`, { state: 'STARTED' });
      await staged(client, guid, shown);
      await until(async () => {
        shown(await logs(client, guid));
        const all = await client.cf('GET', `/v2/apps/${guid}/instances`).catch(() => ({}));
        const states = Object.values(
          z
            .record(z.string(), z.object({ state: z.string() }))
            .catch({})
            .parse(all),
        );
        if (states.some(({ state }) => state === 'FLAPPING'))
          throw new Refusal(`${name} crashes again and again; wardenscope logs ${name} says why.`);
        return states.some(({ state }) => state === 'RUNNING');
      });
      const { port } = new URL(client.lab.url);
      return `${name} runs: http://${name}.${client.lab.domain}:${port}/`;
    },
  },
  {
    name: 'apps',
    usage: '',
    says: 'the apps of the lab',
    run: async ({ data, json }) => {
      const { resources } = List.parse(await findLab(data).cf('GET', '/v2/apps'));
      if (json) return JSON.stringify(resources, null, 2);
      const rows = resources.map(({ entity }) => App.parse(entity));
      return (
        rows.map((a) => `${a.name.padEnd(24)} ${a.state.padEnd(8)} ${a.instances} × ${a.package_state}`).join('\n') ||
        'no apps'
      );
    },
  },
  {
    name: 'logs',
    usage: 'APP',
    says: 'the newest lines of an app; --follow goes on',
    flags: { tail: 'N', follow: '' },
    run: async ({ data, args: [name], flags }) => {
      const client = findLab(data);
      const guid = (await appNamed(client, name)).metadata.guid;
      const tail = Number(flags.tail?.[0] ?? 200);
      if (!(tail >= 1)) throw new Refusal(`How many lines are ${flags.tail?.[0]}? A number from 1 on.`);
      const lines = await logs(client, guid, tail);
      if (!flags.follow) return lines.map(lineText).join('\n') || `${name} has not written anything yet`;
      const shown = printFrom(0);
      shown(lines);
      for (;;) {
        shown(await logs(client, guid));
        await pause();
      }
    },
  },
  {
    name: 'delete',
    usage: 'APP',
    says: 'deletes an app and its instances',
    run: async ({ data, args: [name] }) => {
      const client = findLab(data);
      await client.cf('DELETE', `/v2/apps/${(await appNamed(client, name)).metadata.guid}?recursive=true`);
      return `${name} is deleted`;
    },
  },
  stageVerb,
];

function entityOf({ flags }: Call): Record<string, unknown> {
  const number = (name: string) => (flags[name]?.[0] ? { [name]: Number(flags[name][0]) } : {});
  const text = (name: string) => (flags[name]?.[0] ? { [name]: flags[name][0] } : {});
  const env = flags.env ? { environment_json: Object.fromEntries(flags.env.map((pair) => split(pair))) } : {};
  return { memory: 256, ...number('memory'), ...number('instances'), ...text('buildpack'), ...text('command'), ...env };
}

async function appNamed(client: LabClient, name: string | undefined) {
  if (!name) throw new Refusal('Which app? wardenscope apps lists them.');
  const found = List.parse(await client.cf('GET', `/v2/apps?q=name:${encodeURIComponent(name)}`)).resources[0];
  if (!found) throw new Refusal(`There is no app ${name}; wardenscope apps lists them.`);
  return found;
}
