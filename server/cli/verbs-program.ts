// Verbs that run a program in this terminal: start, shell, warden-client.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../main/project-root.ts';
import { Refusal } from '../main/refusal.ts';
import { main as wardenClient } from '../warden/client-cli.ts';
import { type FrontDoorFile, runningLabs } from './lab-client.ts';
import type { Verb } from './verb.ts';

export const programVerbs: Verb[] = [
  {
    name: 'start',
    usage: '[FLAGS]',
    says: 'starts a lab, as npm start does; start --help lists the flags',
    raw: true,
    run: ({ args }) => inTerminal(process.execPath, [join(projectRoot(), 'scripts/start.mjs'), ...args]),
  },
  {
    name: 'shell',
    usage: 'HANDLE [COMMAND…]',
    says: 'a shell inside a container, held or not; wardenscope state shows handles of what is held',
    raw: true,
    run: async ({ args: [handle, ...words] }) => {
      const all = containers();
      const there = `there are: ${all.map((c) => c.handle).join(', ') || 'none'}`;
      if (!handle) throw new Refusal(`Which container? ${there}.`);
      const found = all.find((c) => c.handle === handle || c.id === handle);
      if (!found)
        throw new Refusal(
          `There is no container ${handle} that has booted (a shell needs its PID 1 to be up); ${there}.`,
        );
      const command = words[0] === '--' ? words.slice(1) : words;
      const wsh = join(projectRoot(), 'dist/wshd/wsh');
      const { stdin, stdout } = process;
      // The job's keys are in wshd/README.md.
      const job = [
        'user=vcap',
        'leaf=visit',
        ...(command.length ? command : ['/bin/bash', '-l']).map((w) => `arg=${w}`),
      ];
      const tty = stdin.isTTY && stdout.isTTY ? [`tty=${stdout.rows}:${stdout.columns}`] : [];
      return inTerminal(wsh, [found.socket, ...tty, ...job]);
    },
  },
  {
    name: 'warden-client',
    usage: 'SOCKET [COMMAND …]',
    says: 'speaks the Warden protocol at a prompt; the sockets are DATA/nodes/<k>/warden.sock',
    raw: true,
    run: ({ args }) => wardenClient(args),
  },
];

const Snapshot = z.object({ resources: z.object({ container_id: z.string(), handle: z.string() }) });

/** Containers of all labs that run here, from what their wardens have written. */
function containers(): { id: string; handle: string; socket: string }[] {
  return runningLabs().flatMap((lab) =>
    depots(lab).flatMap((file) => {
      try {
        const { container_id: id, handle } = Snapshot.parse(JSON.parse(readFileSync(file, 'utf8'))).resources;
        return [{ id, handle, socket: `${lab.run}/${id}.sock` }];
      } catch {
        return [];
      }
    }),
  );
}

function depots({ dir }: FrontDoorFile): string[] {
  const names = (path: string) => (existsSync(path) ? readdirSync(path) : []);
  return names(`${dir}/nodes`).flatMap((node) =>
    names(`${dir}/nodes/${node}/depot`).map((id) => `${dir}/nodes/${node}/depot/${id}/snapshot.json`),
  );
}

/** Runs a program with this terminal; its exit status is ours. */
export function inTerminal(command: string, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    // Ctrl-C belongs to the program in the terminal; it decides when to end.
    const ignore = () => undefined;
    process.on('SIGINT', ignore);
    const pass = () => void child.kill('SIGTERM');
    process.on('SIGTERM', pass);
    child.on('error', (cause) =>
      reject(new Refusal(`${command} could not be started (${cause.message}); npm run build makes it.`)),
    );
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', pass);
      resolve(code ?? (signal ? 143 : 1));
    });
  });
}
