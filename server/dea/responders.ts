// The DEA's subscriptions (dea_ng: bootstrap.rb, responders/*; reference 2): parse, call, answer. A message that does not
// fit its schema is dropped with a note, as in the original.
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { Bus, Delivery } from '../bus/index.ts';
import { type DeaDeps, deaActor } from './deps.ts';
import { register, unregisterUris } from './effects/announce-instance.ts';
import { startInstance, stopInstance } from './instances.ts';
import { Filter, FindMessage, StagingMessage, StagingStop, StartMessage, UpdateMessage } from './messages.ts';
import { type Instance, stateOf } from './registry.ts';
import { advertise, hello, status } from './reports.ts';
import { startStaging, stopStaging } from './staging.ts';

/** Subscribes to everything a DEA answers. Answers how to end it. */
export function respond(deps: DeaDeps): () => void {
  const { bus, settings } = deps;
  const actor = deaActor(settings);
  const subs: ReturnType<Bus['subscribe']>[] = [];
  const on = <S extends z.ZodType>(
    subject: string,
    schema: S,
    handle: (message: z.infer<S>, delivery: Delivery) => void | Promise<void>,
    options: { queue?: string; background?: boolean } = {},
  ) => {
    subs.push(
      bus.subscribe(subject, { actor, ...options }, (json, delivery) => {
        const parsed = schema.safeParse(json);
        if (parsed.success) return handle(parsed.data, delivery);
        const issue = parsed.error.issues[0];
        const text = `dropped ${subject}: ${issue?.path.join('.') || 'message'}: ${issue?.message}`;
        deps.lab.rec.record({ type: 'note', actor, text }, delivery.trail.cause);
      }),
    );
  };
  const always = (subject: string, handle: (delivery: Delivery) => void, options: { background?: boolean } = {}) => {
    subs.push(bus.subscribe(subject, { actor, ...options }, (_json, delivery) => handle(delivery)));
  };

  on(`staging.${settings.id}.start`, StagingMessage, (message, delivery) => startStaging(deps, message, delivery));
  on('staging', StagingMessage, (message, delivery) => startStaging(deps, message, delivery), { queue: 'staging' });
  on('staging.stop', StagingStop, (message, { trail }) => stopStaging(deps, message.app_id, trail.cause));
  on(`dea.${settings.id}.start`, StartMessage, (message, { trail }) => startInstance(deps, message, trail));
  on('dea.stop', Filter, async (filter, { trail }) => {
    await Promise.all(deps.registry.find(filter).map((one) => stopInstance(one, trail)));
  });
  on('dea.update', UpdateMessage, (message, { trail }) => {
    for (const one of deps.registry.find({ droplet: message.droplet })) update(deps, one, message, trail.cause);
    deps.snapshot.save();
  });
  // Asked with every poll of a client: background, so that a paused lab still says how its instances are.
  const find = (message: z.infer<typeof FindMessage>, delivery: Delivery) => {
    for (const one of deps.registry.find(message)) {
      delivery.reply(found(deps, one, message.include_stats === true), delivery.trail.cause);
    }
  };
  on('dea.find.droplet', FindMessage, find, { background: true });
  always('dea.status', (delivery) => delivery.reply(status(deps), delivery.trail.cause));
  always('dea.locate', ({ trail }) => advertise(deps, trail.cause, 'dea.advertise'), { background: true });
  always('staging.locate', ({ trail }) => advertise(deps, trail.cause, 'staging.advertise'), { background: true });
  always('healthmanager.start', ({ trail }) => deps.heartbeat(trail));
  bus.publish('dea.start', hello(settings), null, { actor });
  return () => {
    for (const sub of subs) sub.unsubscribe();
  };
}

/** Routes changed: only the difference is told to the router, and the instance gets a new id and version (behaviour 6). */
function update(
  deps: DeaDeps,
  one: Instance,
  message: z.infer<typeof UpdateMessage>,
  cause: Delivery['trail']['cause'],
): void {
  const added = message.uris.filter((uri) => !one.uris.includes(uri));
  const removed = one.uris.filter((uri) => !message.uris.includes(uri));
  one.uris = message.uris;
  one.version = message.version;
  one.instanceId = randomBytes(16).toString('hex');
  if (!['RUNNING', 'EVACUATING'].includes(stateOf(one))) return;
  register(deps, one, added, cause);
  unregisterUris(deps, one, removed, cause);
}

/** One reply of `dea.find.droplet`. */
function found(deps: DeaDeps, one: Instance, includeStats: boolean) {
  const state = stateOf(one);
  const { limits, name } = one.message;
  const usage = one.usage ?? { cpuTime: 0, cpu: 0, memoryBytes: 0, diskBytes: 0 };
  const stats = {
    name,
    uris: one.uris,
    host: deps.settings.address,
    port: one.hostPort,
    uptime: Math.max(0, Date.now() / 1000 - (one.startingTimestamp ?? one.stateTimestamp)),
    mem_quota: limits.mem * MB,
    disk_quota: limits.disk * MB,
    fds_quota: limits.fds,
    usage: { time: usage.cpuTime, cpu: usage.cpu, mem: usage.memoryBytes, disk: usage.diskBytes },
  };
  return {
    dea: deps.settings.id,
    droplet: one.message.droplet,
    version: one.version,
    instance: one.instanceId,
    index: one.message.index,
    state,
    state_timestamp: one.stateTimestamp,
    staged: `/${one.instanceId}`,
    ...(includeStats && state === 'RUNNING' ? { stats } : {}),
  };
}

const MB = 1024 * 1024;
