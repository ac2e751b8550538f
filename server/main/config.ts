// What one process of a lab is told at its start: one JSON object in the environment. The only place that reads it;
// deciding the values is main's (server/main/plan.ts).
import { z } from 'zod';

/** The environment variable that carries a process's configuration. */
export const PROCESS_VARIABLE = 'WARDENSCOPE_PROCESS';

export const ProcessConfig = z.object({
  /** `main`, `control`, `dea/0`, `warden/0`: the journal's `proc`. */
  proc: z.string().min(1),
  role: z.enum(['main', 'control', 'dea', 'warden']),
  /** Six base-32 letters that live in `DIR/lab.json`; part of every kernel object's name. */
  lab: z.string().regex(/^[a-z2-7]{6}$/),
  /** Keeps the labs on one host apart, see ARCHITECTURE.md 'Configuration'. */
  slot: z.number().int().min(0).max(15),
  /** The data folder, absolute. */
  dir: z.string().startsWith('/'),
  /** The short run folder of this lab, for sockets whose path must stay under 108 bytes. */
  run: z.string().startsWith('/'),
  /** Number of the node, for dea and warden; 0 elsewhere. */
  node: z.number().int().min(0).max(15),
  /** Address and port of the front door. */
  listen: z.string(),
  port: z.number().int().min(1).max(65535),
  /** The shared domain, such as `localhost`. */
  domain: z.string(),
  /** URL of the broker, embedded or foreign, without credentials. */
  nats: z.string().startsWith('nats://'),
  natsUser: z.string(),
  natsPassword: z.string(),
  /** True when `nats` names somebody else's nats-server; control then starts no broker. */
  natsForeign: z.boolean(),
  /** Base URL of the front door from this host, such as `http://127.0.0.1:8080`; used with a Host header. */
  frontDoor: z.string().startsWith('http://'),
  /** The wshd binary. */
  wshd: z.string().startsWith('/'),
  /** The stack: a folder with `rootfs/` and `stack.json` (server/main/stack.ts). */
  stack: z.string().startsWith('/'),
  /** The host's own system as a stack: the same folder where `--stack` gave no other. */
  hostStack: z.string().startsWith('/'),
  /** Password of the user `admin`. */
  admin: z.string(),
  /** Password of the user `internal`, which DEAs use to fetch and store bits, droplets and caches. */
  internal: z.string(),
  /** Asked of the lab's own API when the listen address is wider than loopback; empty otherwise. */
  token: z.string(),
  tier: z.enum(['full', 'rootless', 'insecure']),
  /** Random delay of each line on the lab link, at most this many milliseconds. For suites. */
  linkJitter: z.number().min(0),
  /** Suites run with gates disabled to see the gate proofs turn red. */
  gatesDisabled: z.boolean(),
});

export type ProcessConfig = z.infer<typeof ProcessConfig>;

/** This process's configuration. Throws one line when it is missing or wrong: only main starts the others. */
export function readProcessConfig(env: NodeJS.ProcessEnv = process.env): ProcessConfig {
  const text = env[PROCESS_VARIABLE];
  if (!text) throw new Error(`[main] could not read the configuration: ${PROCESS_VARIABLE} is not set; use npm start`);
  const parsed = ProcessConfig.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`[main] could not read the configuration: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Run folders of all labs on this host, and their slots. */
export const RUN_BASE = '/run/wardenscope';

/** Name of the lab link's socket in a data folder. */
export function labSocket(dir: string): string {
  return `${dir}/lab.sock`;
}

/** The Warden protocol's socket of node k. */
export function wardenSocket(dir: string, node: number): string {
  return `${dir}/nodes/${node}/warden.sock`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
