// What DEAs and the health manager say to the Cloud Controller, parsed once at the edge. Unknown fields are let through
// unread, as the originals did; a message of the wrong shape is dropped by its reader with a note.
import { z } from 'zod';

export const ADVERTISEMENT = z.object({
  id: z.string(),
  stacks: z.array(z.string()),
  available_memory: z.number(),
  available_disk: z.number().optional(),
  app_id_to_count: z.record(z.string(), z.number()).optional(),
  placement_properties: z.object({ zone: z.string().optional() }).optional(),
});

export const DEA_SHUTDOWN = z.object({ id: z.string() });

/** First reply of a stager: the container is ready. */
export const STAGING_SETUP = z.object({
  task_id: z.string().optional(),
  task_streaming_log_url: z.string().nullish(),
  error: z.string().nullish(),
  error_info: z.object({ type: z.string(), message: z.string() }).nullish(),
});

/** Second reply of a stager: the droplet is uploaded, or why not. */
export const STAGING_DONE = z.object({
  task_id: z.string().optional(),
  detected_buildpack: z.string().nullish(),
  buildpack_key: z.string().nullish(),
  droplet_sha1: z.string().nullish(),
  error: z.string().nullish(),
  error_info: z.object({ type: z.string(), message: z.string() }).nullish(),
});

export const DROPLET_EXITED = z.object({
  droplet: z.string(),
  version: z.string().optional(),
  instance: z.string(),
  index: z.number(),
  reason: z.string(),
  exit_status: z.number().nullish(),
  exit_description: z.string().nullish(),
  crash_timestamp: z.number().nullish(),
});

export const HM_START = z.object({ droplet: z.string(), version: z.string(), instance_index: z.number() });

export const HM_STOP = z.object({
  droplet: z.string(),
  version: z.string(),
  instance_guid: z.string(),
  instance_index: z.number(),
  is_duplicate: z.boolean().default(false),
});

export const FOUND_DROPLET = z.object({
  dea: z.string(),
  droplet: z.string(),
  version: z.string(),
  instance: z.string(),
  index: z.number(),
  state: z.string(),
  /** Seconds since the epoch, with fraction. */
  state_timestamp: z.number(),
  stats: z
    .object({
      name: z.string(),
      uris: z.array(z.string()),
      host: z.string(),
      port: z.number().nullish(),
      uptime: z.number(),
      mem_quota: z.number(),
      disk_quota: z.number(),
      fds_quota: z.number(),
      usage: z.object({ time: z.union([z.string(), z.number()]), cpu: z.number(), mem: z.number(), disk: z.number() }),
    })
    .optional(),
});

/** `app.state` of the health manager; `{}` when it cannot say. */
export const APP_STATE = z.object({
  instance_heartbeats: z
    .array(z.object({ instance_index: z.number().optional(), index: z.number().optional() }))
    .nullish(),
  crash_counts: z
    .array(z.object({ instance_index: z.number(), crash_count: z.number(), created_at: z.number().nullish() }))
    .nullish(),
});

export type FoundDroplet = z.infer<typeof FOUND_DROPLET>;
