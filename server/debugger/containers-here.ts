// Where the containers of this lab are, for terminals and faults: from the files that wardens and DEAs write, and for one
// that is still booting from the journal. It only reads.
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Journal } from '../journal/journal.ts';

export interface ContainerHere {
  node: number;
  id: string;
  handle: string;
  /** PID 1 by the host's number. */
  pid: number;
  /** wshd's own socket. */
  socket: string;
  memoryLimit: string | null;
}

/** An instance as its DEA has written it down. */
export interface InstanceHere {
  /** `private_instance_id`: what the router's table calls it. */
  id: string;
  node: number;
  app: string;
  name: string;
  index: number;
  state: string;
  handle: string;
  job: number;
}

const Snapshot = z.object({
  resources: z.object({ container_id: z.string(), handle: z.string(), limit_memory: z.string().nullable() }),
  wshd: z.object({ pid: z.number() }),
});
const Instances = z.object({
  instances: z.array(
    z.object({
      application_id: z.string(),
      private_instance_id: z.string(),
      instance_index: z.number(),
      state: z.string(),
      warden_handle: z.string().nullable(),
      warden_job_id: z.number().nullable(),
      start_message: z.looseObject({ name: z.string().optional() }),
    }),
  ),
});

/** Containers that Create has answered for. */
export function containersHere({ dir, run }: { dir: string; run: string }): ContainerHere[] {
  return nodes(dir).flatMap((node) =>
    names(`${dir}/nodes/${node}/depot`).flatMap((id) => {
      const read = parsed(Snapshot, `${dir}/nodes/${node}/depot/${id}/snapshot.json`);
      if (!read) return [];
      const { handle, limit_memory: memoryLimit } = read.resources;
      return [{ node, id, handle, pid: read.wshd.pid, socket: `${run}/${id}.sock`, memoryLimit }];
    }),
  );
}

/** Ids of all containers that have a folder in a depot, also those that are still being made or already going. */
export function containerFolders(dir: string): string[] {
  return nodes(dir).flatMap((node) => names(`${dir}/nodes/${node}/depot`));
}

/** Instances that have a job in a container. */
export function instancesHere(dir: string): InstanceHere[] {
  return nodes(dir).flatMap((node) =>
    (parsed(Instances, `${dir}/nodes/${node}/dea/db/instances.json`)?.instances ?? []).flatMap((i) =>
      i.warden_handle === null || i.warden_job_id === null
        ? []
        : [
            {
              id: i.private_instance_id,
              node,
              app: i.application_id,
              name: i.start_message.name ?? i.application_id,
              index: i.instance_index,
              state: i.state,
              handle: i.warden_handle,
              job: i.warden_job_id,
            },
          ],
    ),
  );
}

/** The newest entries of a boot are near the end of the journal, because it is still going on. */
const LOOK_BACK = 50_000;

/** A boot that is under way: its starter, and PID 1 by the host's number once it was cloned. */
export function bootingHere(journal: Journal, handle: string): { id: string; pid: number; init: boolean } | undefined {
  let id: string | undefined;
  let pid = 0;
  let init = false;
  for (let after = Math.max(0, journal.head - LOOK_BACK); ; ) {
    const batch = journal.read(after, 5000);
    for (const e of batch) {
      if (e.type !== 'step' || e.of !== 'boot' || e.handle !== handle) continue;
      // The first step names the socket, and with it the container; a handle may be used again later.
      if (e.name === 'listen') {
        id = /([0-9a-v]{11})\.sock$/.exec(e.args[0] ?? '')?.[1];
        init = false;
      }
      if (e.name === 'clone') {
        init = e.when === 'after' && (e.result ?? 0) > 0;
        pid = init ? (e.result ?? 0) : e.pid;
      } else if (!init) pid = e.pid;
    }
    const last = batch.at(-1);
    if (!last) break;
    after = last.seq;
  }
  // A number that somebody else has now is not it.
  const there = text(`/proc/${pid}/comm`).startsWith('wshd');
  return id === undefined || !there ? undefined : { id, pid, init };
}

const nodes = (dir: string) => names(`${dir}/nodes`).map(Number);

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function parsed<T>(shape: z.ZodType<T>, path: string): T | undefined {
  try {
    return shape.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Being made, being removed, or of another version: not there for us.
    return undefined;
  }
}
