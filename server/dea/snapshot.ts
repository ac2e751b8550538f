// instances.json, the original's own memory of what runs here (dea_ng: snapshot.rb, reference 1.15). Written through a
// temporary file after every change that matters; read once, at boot. XState snapshots are never written.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { StartMessage } from './messages.ts';
import { type Instance, type Registry, type StagingTask, stateOf } from './registry.ts';

const SavedInstance = z.object({
  /** Ours: the actor's name, which outlives a change of `instance_id`. */
  id: z.string(),
  instance_id: z.string(),
  instance_index: z.number(),
  private_instance_id: z.string(),
  application_id: z.string(),
  application_version: z.string(),
  application_uris: z.array(z.string()),
  state: z.enum(['STARTING', 'RUNNING', 'CRASHED', 'EVACUATING']),
  state_timestamp: z.number(),
  state_starting_timestamp: z.number().nullable(),
  warden_handle: z.string().nullable(),
  warden_job_id: z.number().nullable(),
  warden_container_path: z.string().nullable(),
  warden_host_ip: z.string().nullable(),
  instance_host_port: z.number().nullable(),
  instance_container_port: z.number().nullable(),
  exit_crashed_at: z.number().nullable(),
  /** The rest of the original's fields, as the start message that they came from. */
  start_message: StartMessage,
});
export type SavedInstance = z.infer<typeof SavedInstance>;

const SavedTask = z.object({
  task_id: z.string(),
  app_id: z.string(),
  warden_handle: z.string().nullable(),
  warden_job_id: z.number().nullable(),
  warden_container_path: z.string().nullable(),
});

const Saved = z.object({
  time: z.number(),
  /** True when the DEA left in order: containers that are gone then were ended with the lab, they did not crash. */
  detached: z.boolean().default(false),
  instances: z.array(SavedInstance),
  staging_tasks: z.array(SavedTask),
});
export type Saved = z.infer<typeof Saved>;

export interface Snapshot {
  /** Writes instances in STARTING, RUNNING, CRASHED (and EVACUATING, which the original forgets) and all tasks. */
  save(options?: { detached?: boolean }): void;
  /** What an earlier life left; undefined when there is nothing or it cannot be read. */
  load(): Saved | undefined;
}

export function createSnapshot(folder: string, registry: Registry): Snapshot {
  const file = `${folder}/instances.json`;
  return {
    save: ({ detached = false } = {}) => {
      const saved: Saved = {
        time: Date.now() / 1000,
        detached,
        instances: [...registry.instances.values()].flatMap(savedInstance),
        staging_tasks: [...registry.tasks.values()].map(savedTask),
      };
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify(saved, null, 2));
      renameSync(`${file}.new`, file);
    },
    load: () => {
      try {
        return Saved.parse(JSON.parse(readFileSync(file, 'utf8')));
      } catch {
        return undefined;
      }
    },
  };
}

function savedInstance(i: Instance): SavedInstance[] {
  const state = SavedInstance.shape.state.safeParse(stateOf(i) === 'RESUMING' ? 'RUNNING' : stateOf(i));
  if (!state.success) return [];
  return [
    {
      id: i.id,
      instance_id: i.instanceId,
      instance_index: i.message.index,
      private_instance_id: i.privateInstanceId,
      application_id: i.message.droplet,
      application_version: i.version,
      application_uris: i.uris,
      state: state.data,
      state_timestamp: i.stateTimestamp,
      state_starting_timestamp: i.startingTimestamp,
      warden_handle: i.handle,
      warden_job_id: i.jobId,
      warden_container_path: i.containerPath,
      warden_host_ip: i.hostIp,
      instance_host_port: i.hostPort,
      instance_container_port: i.containerPort,
      exit_crashed_at: i.crashedAt,
      start_message: i.message,
    },
  ];
}

function savedTask(t: StagingTask): z.infer<typeof SavedTask> {
  return {
    task_id: t.id,
    app_id: t.message.app_id,
    warden_handle: t.handle,
    warden_job_id: t.jobId,
    warden_container_path: t.containerPath,
  };
}
