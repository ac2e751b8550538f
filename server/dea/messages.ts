// The messages that a DEA accepts, checked at the edge (reference 1.5, 1.9, 2). A message that fails is dropped with a
// note, as in the original. Values are kept as they came: nothing is decided here.
import { z } from 'zod';

const Service = z.looseObject({
  name: z.string(),
  label: z.string(),
  credentials: z.record(z.string(), z.unknown()).default({}),
});
const Limits = z.object({ mem: z.number().int(), disk: z.number().int(), fds: z.number().int().default(16384) });

/** One rule of a security group; becomes one NetOut for each entry of `ports`. */
export const EgressRule = z.object({
  protocol: z.enum(['tcp', 'udp', 'icmp', 'all']).default('tcp'),
  destination: z.string(),
  ports: z.string().nullish(),
  type: z.number().int().nullish(),
  code: z.number().int().nullish(),
});
export type EgressRule = z.infer<typeof EgressRule>;

/** `dea.<id>.start`, and the `start_message` of a staging request (there `sha1` is still null). */
export const StartMessage = z.looseObject({
  droplet: z.string().min(1),
  name: z.string().default(''),
  uris: z.array(z.string()).default([]),
  sha1: z.string().nullish(),
  executableUri: z.string().nullish(),
  version: z.string(),
  services: z.array(Service).default([]),
  limits: Limits,
  cc_partition: z.string().default('default'),
  /** `K=V`. */
  env: z.array(z.string()).default([]),
  start_command: z.string().nullish(),
  health_check_timeout: z.number().nullish(),
  vcap_application: z.record(z.string(), z.unknown()).default({}),
  index: z.number().int(),
  egress_network_rules: z.array(EgressRule).default([]),
  /** Only of an app whose stack is not the lab's first; dea_ng learnt of stacks later in 2014. */
  stack: z.string().optional(),
});
export type StartMessage = z.infer<typeof StartMessage>;

/** `staging.<id>.start`. */
export const StagingMessage = z.looseObject({
  app_id: z.string().min(1),
  task_id: z.string().min(1),
  properties: z.looseObject({
    services: z.array(Service).default([]),
    resources: z.object({ memory: z.number(), disk: z.number(), fds: z.number().optional() }),
    environment: z.array(z.string()).default([]),
    meta: z.looseObject({ command: z.string().nullish() }).default({}),
    buildpack: z.string().nullish(),
    buildpack_git_url: z.string().nullish(),
    buildpack_key: z.string().nullish(),
  }),
  download_uri: z.string(),
  upload_uri: z.string(),
  buildpack_cache_download_uri: z.string().nullish(),
  buildpack_cache_upload_uri: z.string().nullish(),
  start_message: StartMessage,
  admin_buildpacks: z.array(z.object({ key: z.string().regex(/^[A-Za-z0-9._/-]+$/), url: z.string() })).default([]),
  egress_network_rules: z.array(EgressRule).default([]),
  /** Ours, not 2014: make the droplet and start nothing. */
  stage_only: z.boolean().optional(),
});
export type StagingMessage = z.infer<typeof StagingMessage>;

/** The filter that `dea.stop` and `dea.find.droplet` share: everything given must match; empty lists do not filter. */
export const Filter = z.looseObject({
  droplet: z.string(),
  version: z.string().nullish(),
  indices: z.array(z.number().int()).nullish(),
  instances: z.array(z.string()).nullish(),
  instance_ids: z.array(z.string()).nullish(),
  states: z.array(z.string()).nullish(),
});
export type Filter = z.infer<typeof Filter>;

export const FindMessage = Filter.extend({ include_stats: z.boolean().nullish(), path: z.string().nullish() });
export const UpdateMessage = z.looseObject({ droplet: z.string(), uris: z.array(z.string()), version: z.string() });
export const StagingStop = z.looseObject({ app_id: z.string() });
export const Greeting = z.looseObject({ minimumRegisterIntervalInSeconds: z.number().positive() });

export interface Filterable {
  app: string;
  version: string;
  index: number;
  instanceId: string;
  state: string;
}

export function matches(filter: Filter, one: Filterable): boolean {
  const ids = [...(filter.instances ?? []), ...(filter.instance_ids ?? [])];
  return (
    filter.droplet === one.app &&
    (!filter.version || filter.version === one.version) &&
    among(filter.indices, one.index) &&
    among(ids, one.instanceId) &&
    among(filter.states, one.state)
  );
}

function among<T>(wanted: readonly T[] | null | undefined, value: T): boolean {
  return !wanted || wanted.length === 0 || wanted.includes(value);
}
