// A child's side of the line to main: says when it is ready, obeys, and leaves when main is gone.
// What is done on an order belongs to the child; starting and restarting is main's (server/main/children.ts).
import { z } from 'zod';

/** A fault in one container, done by its warden. `job` where one is meant. */
export const ContainerFault = z.object({
  what: z.enum(['kill-job', 'freeze', 'thaw']),
  handle: z.string(),
  job: z.number().optional(),
});
export type ContainerFault = z.infer<typeof ContainerFault>;

/** What came of a fault: the number of its entry in the journal of `proc`, or why it could not be. */
const Outcome = z.object({ ask: z.number(), proc: z.string(), n: z.number().optional(), error: z.string().optional() });
export type FaultOutcome = z.infer<typeof Outcome>;

/** From main to a child. `stop`: end in order, leave containers alone. `destroy-all` (warden): every container goes. */
export const Order = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stop') }),
  z.object({ type: z.literal('destroy-all') }),
  z.object({ type: z.literal('open-gates') }),
  z.object({
    type: z.literal('nodes'),
    nodes: z.array(z.object({ node: z.number(), dea: z.number(), warden: z.number() })),
  }),
  z.object({ type: z.literal('fault'), ask: z.number(), fault: ContainerFault }),
  Outcome.extend({ type: z.literal('faulted') }),
]);
export type Order = z.infer<typeof Order>;
/** What control asks main to do: kill a component, or pass an order to a warden. */
export type FaultReport = Extract<z.infer<typeof Report>, { type: 'fault' }>;

/**
 * From a child to main. `ready` once; control asks for nodes and faults (of a container, else
 * the process `proc` is killed); `destroyed` answers `destroy-all`, `faulted` a fault.
 */
export const Report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('destroyed') }),
  z.object({ type: z.literal('add-node') }),
  z.object({ type: z.literal('remove-node'), node: z.number().int() }),
  z.object({ type: z.literal('fault'), ask: z.number(), proc: z.string(), fault: ContainerFault.optional() }),
  Outcome.extend({ type: z.literal('faulted') }),
]);
export type Report = z.infer<typeof Report>;

export interface ChildHandlers {
  /** Ends in order; the process exits 0 when this resolves. Also called when main is gone. */
  stop(): Promise<void> | void;
  /** warden: destroys every container; main is told when it resolves. */
  destroyAll?(): Promise<void>;
  /** control: the lab ends; nothing may stay held, or nobody could obey. */
  openGates?(): void;
  /** control: the nodes that main keeps, with the pids of their processes (0 while one is down). */
  nodes?(nodes: Extract<Order, { type: 'nodes' }>['nodes']): void;
  /** warden: does it and returns the number of its entry. Throws why it cannot be done. */
  fault?(fault: ContainerFault): number;
  /** control: what came of a fault that it asked for. */
  faulted?(outcome: FaultOutcome): void;
}

/**
 * Puts this process under main's orders. A lost line means that main died: the child stops at once, containers live on
 * and are adopted at the next start. Without a line (started by hand) SIGTERM and SIGINT stop it.
 */
export function obeyMain(handlers: ChildHandlers): { report(report: Report): void } {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), 4000).unref();
    try {
      await handlers.stop();
    } finally {
      process.exit(0);
    }
  };
  process.on('disconnect', stop);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('message', async (message) => {
    const order = Order.safeParse(message);
    if (!order.success) return;
    if (order.data.type === 'stop') return stop();
    if (order.data.type === 'open-gates') return handlers.openGates?.();
    if (order.data.type === 'nodes') return handlers.nodes?.(order.data.nodes);
    if (order.data.type === 'faulted') return handlers.faulted?.(order.data);
    if (order.data.type === 'fault')
      return process.send?.({ type: 'faulted', proc: '', ...tried(handlers, order.data) } satisfies Report);
    await handlers.destroyAll?.();
    process.send?.({ type: 'destroyed' } satisfies Report);
  });
  // A line that was lost before the listener was set tells nobody.
  if (process.send && !process.connected) void stop();
  return { report: (report) => void process.send?.(report) };
}

function tried(handlers: ChildHandlers, { ask, fault }: Extract<Order, { type: 'fault' }>) {
  try {
    if (!handlers.fault) throw new Error('this process knows no faults');
    return { ask, n: handlers.fault(fault) };
  } catch (error) {
    return { ask, error: error instanceof Error ? error.message : String(error) };
  }
}
