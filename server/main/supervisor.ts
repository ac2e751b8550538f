// Starts a lab's processes, keeps them alive, adds and removes nodes, and ends everything in order. Owns no flow: what
// the processes do with each other is not its business.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cause, Lab } from '../lab/types.ts';
import type { FaultReport, Order, Report } from './child.ts';
import { type Child, keepChild } from './children.ts';
import { type ProcessConfig, wardenSocket } from './config.ts';
import type { LabConfig } from './plan.ts';
import { tidyLab } from './tidy.ts';

/** A node is a dea and a warden. */
interface Node {
  node: number;
  warden: Child;
  /** Made once the warden is ready. */
  dea?: Child;
}

export interface Supervisor {
  /** Starts control and `count` nodes; resolves when all are ready, rejects with one line. */
  start(count: number): Promise<void>;
  /** Ends everything, containers too, and leaves nothing in the kernel. */
  end(): Promise<void>;
  /** The second Ctrl-C: kills the processes and removes what they leave. */
  force(): Promise<void>;
}

/** Real milliseconds that a warden has to destroy all its containers before main does it by force. */
const DESTROY_MS = 20_000;
const NODES_MAX = 16;

export interface SupervisorDeps {
  config: LabConfig;
  /** The folder with the bundles. */
  bundles: string;
  /** Where main's own entries go; undefined until the lab link is up. */
  lab(): Lab | undefined;
  say(text: string): void;
}

export function createSupervisor({ config, bundles, lab, say }: SupervisorDeps): Supervisor {
  const { dir } = config;
  const nodes = new Map<number, Node>();
  let control: Child | undefined;
  let ending = false;

  // Who was killed by a fault: its death and its new start follow from that.
  const killed = new Map<string, Cause>();

  function note(text: string, data: unknown, cause: Cause = null): void {
    lab()?.rec.record({ type: 'note', actor: 'main', text, data }, cause);
  }

  function keep(role: ProcessConfig['role'], node: number): Child {
    const proc = role === 'control' ? role : `${role}/${node}`;
    return keepChild({
      config: { ...config, proc, role, node },
      script: join(bundles, `${role}.js`),
      onReport: (report) => onReport(proc, report),
      onDeath: ({ pid, how, againMs }) => {
        const when = againMs === 0 ? 'at once' : `in ${againMs / 1000} s`;
        say(`${proc} (pid ${pid}) died: ${how}; started again ${when}`);
        note(`${proc} died (${how}) and is started again`, { proc, pid, how, againMs }, killed.get(proc));
        tellNodes();
      },
      onStart: (pid) => {
        note(`${proc} was started`, { proc, pid }, killed.get(proc));
        killed.delete(proc);
        setImmediate(tellNodes);
      },
    });
  }

  function tellNodes(): void {
    const list = [...nodes.values()].map(({ node, dea, warden }) => ({ node, dea: dea?.pid ?? 0, warden: warden.pid }));
    control?.order({ type: 'nodes', nodes: list } satisfies Order);
  }

  function onReport(proc: string, report: Report): void {
    if (report.type === 'ready') tellNodes();
    if (ending) return;
    if (report.type === 'add-node') void addNode().catch((error: unknown) => say(String(error)));
    if (report.type === 'fault') fault(report);
    if (report.type === 'faulted') control?.order({ ...report, proc });
    if (report.type === 'remove-node') void removeNode(report.node).catch((error: unknown) => say(String(error)));
  }

  /** What if: kills a component with SIGKILL, or lets a warden do something to a container. Answers control. */
  function fault({ ask, proc, fault }: FaultReport): void {
    const target = everything().find((child) => child.proc === proc);
    if (!target?.pid) {
      control?.order({ type: 'faulted', ask, proc: 'main', error: `${proc} is not running` });
    } else if (fault) {
      target.order({ type: 'fault', ask, fault });
    } else {
      const said = { type: 'fault', actor: 'main', what: 'kill', target: proc, begins: `fault ${ask}` } as const;
      const ref = lab()?.rec.record(said, null);
      killed.set(proc, ref ?? null);
      control?.order({ type: 'faulted', ask, proc: 'main', n: ref?.n });
      process.kill(target.pid, 'SIGKILL');
    }
  }

  function begin(node: number): Node {
    mkdirSync(`${dir}/nodes/${node}`, { recursive: true, mode: 0o700 });
    const made: Node = { node, warden: keep('warden', node) };
    nodes.set(node, made);
    return made;
  }

  async function complete(made: Node): Promise<void> {
    await made.warden.ready();
    if (ending) return;
    made.dea = keep('dea', made.node);
    await made.dea.ready();
  }

  async function addNode(): Promise<void> {
    const free = Array.from({ length: NODES_MAX }, (_, k) => k).find((k) => !nodes.has(k));
    if (free === undefined) return say(`no more than ${NODES_MAX} nodes are possible`);
    await complete(begin(free));
    note(`node ${free} was added`, { node: free });
    tellNodes();
  }

  /** The node's apps run elsewhere soon: its DEA says goodbye, then its containers go. */
  async function removeNode(node: number): Promise<void> {
    const leaving = nodes.get(node);
    if (!leaving) return;
    nodes.delete(node);
    tellNodes();
    await leaving.dea?.stop();
    await leaving.warden.answer({ type: 'destroy-all' }, 'destroyed', DESTROY_MS);
    await leaving.warden.stop();
    rmSync(`${dir}/nodes/${node}`, { recursive: true, force: true });
    note(`node ${node} was removed`, { node });
    tellNodes();
  }

  /** Nodes of an earlier start that are not asked for now: their wardens come once more, to destroy what they left. */
  async function retire(count: number): Promise<void> {
    if (!existsSync(`${dir}/nodes`)) return;
    const known = readdirSync(`${dir}/nodes`).map(Number);
    for (const node of known.filter((k) => k >= count && existsSync(wardenSocket(dir, k)))) {
      const { warden } = begin(node);
      await warden.ready();
      await removeNode(node);
    }
  }

  const everything = () => [
    ...[...nodes.values()].flatMap((n) => (n.dea ? [n.dea, n.warden] : [n.warden])),
    ...(control ? [control] : []),
  ];

  return {
    start: async (count) => {
      control = keep('control', 0);
      const wanted = Array.from({ length: count }, (_, k) => begin(k));
      await control.ready();
      await Promise.all(wanted.map(complete));
      tellNodes();
      void retire(count).catch((error: unknown) => say(String(error)));
    },
    end: async () => {
      ending = true;
      const all = [...nodes.values()];
      control?.order({ type: 'open-gates' });
      await Promise.all(all.map(({ dea }) => dea?.stop()));
      await Promise.all(all.map(({ warden }) => warden.answer({ type: 'destroy-all' }, 'destroyed', DESTROY_MS)));
      await Promise.all(all.map(({ warden }) => warden.stop()));
      await lab()?.close();
      await control?.stop();
      await tidyLab(config.lab, dir);
    },
    force: async () => {
      ending = true;
      for (const child of everything()) child.kill();
      await tidyLab(config.lab, dir);
    },
  };
}
