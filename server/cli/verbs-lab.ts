// The debugger's verbs and what there is to see, over the lab's HTTP API: the same that the page's bar does.
import { z } from 'zod';
import { doctorTable, examine } from '../doctor/index.ts';
import { projectRoot } from '../main/project-root.ts';
import { Refusal } from '../main/refusal.ts';
import { tidyDeadLabs } from '../main/tidy.ts';
import { findLab, runningLabs } from './lab-client.ts';
import type { Verb } from './verb.ts';

const HeldList = z.array(
  z.object({
    gate: z.string(),
    by: z.string(),
    point: z.object({
      kind: z.string(),
      proc: z.string(),
      actor: z.string(),
      name: z.string(),
      when: z.string().optional(),
      handle: z.string().optional(),
      file: z.string().optional(),
      line: z.number().optional(),
    }),
  }),
);
export type HeldGate = z.infer<typeof HeldList>[number];

export const LabState = z.object({
  lab: z.string(),
  lt: z.number(),
  running: z.boolean(),
  paused: z.boolean(),
  held: HeldList,
  breakpoints: z.array(z.looseObject({ id: z.string() })),
  procs: z.array(z.object({ proc: z.string(), pid: z.number() })),
  head: z.number(),
});

/** A held gate as one line: where, what, and its name for `open`. */
export function heldLine({ gate, by, point }: HeldGate): string {
  const place = point.file ? ` at ${point.file}:${point.line}` : '';
  const inside = point.handle ? ` in ${point.handle}` : '';
  return `${gate}  ${point.proc} ${point.actor}: ${point.kind} ${point.when ?? ''} ${point.name}${place}${inside} (by ${by})`;
}

const StepReport = z.object({
  opened: z.string().nullable(),
  outcome: z.string(),
  held: HeldList.element.optional(),
  finishing: z.array(z.string()),
});

/** What a step came to, for people: where it is held now, or what goes on without a gate. */
function stepLine(done: unknown): string {
  const { opened, outcome, held, finishing } = StepReport.parse(done);
  const lines = opened ? [`opened ${opened}`] : ['nothing was held'];
  if (held) return [...lines, `held ${heldLine(held)}`].join('\n');
  if (outcome === 'skipped') return [...lines, 'lab time was skipped to the next thing that waits'].join('\n');
  if (outcome === 'quiet') return [...lines, 'nothing more happens now'].join('\n');
  return [...lines, `still at it: ${finishing.join(', ')}`].join('\n');
}

function openedLine(done: unknown): string {
  const { opened } = z.object({ opened: z.array(z.string()) }).parse(done);
  return opened.length === 0 ? 'nothing was held; everything runs' : `opened ${opened.join(', ')}; everything runs`;
}

function pausedLine(done: unknown): string {
  const { missing } = z.object({ missing: z.array(z.string()) }).parse(done);
  const but = missing.length === 0 ? '' : `, but ${missing.join(', ')} did not answer yet`;
  return `paused: everything stops at its next gate${but}`;
}

function skippedLine(done: unknown): string {
  const { from, to, stopped } = z.object({ from: z.number(), to: z.number(), stopped: z.string() }).parse(done);
  return `lab time went from ${(from / 1000).toFixed(1)} s to ${(to / 1000).toFixed(1)} s (${stopped})`;
}

/** A verb that is one POST; `line` says its answer to people, `--json` to programs. */
const post = (name: string, says: string, line: (done: unknown) => string): Verb => ({
  name,
  usage: '',
  says,
  run: async ({ data, json }) => {
    const done = await findLab(data).call('POST', `/lab/${name}`, {});
    return json ? JSON.stringify(done) : line(done);
  },
});

export const labVerbs: Verb[] = [
  {
    name: 'state',
    usage: '',
    says: 'what is held, which breakpoints there are, which processes run',
    run: async ({ data, json }) => {
      const client = findLab(data);
      const state = LabState.parse(await client.call('GET', '/lab/state'));
      if (json) return JSON.stringify(state, null, 2);
      const time = `lab time ${(state.lt / 1000).toFixed(1)} s, ${state.running ? 'running' : 'standing still'}${state.paused ? ', paused' : ''}`;
      return [
        `lab ${state.lab} at ${client.lab.url} (data in ${client.lab.dir})`,
        `${time}; ${state.head} entries`,
        `processes: ${state.procs.map(({ proc, pid }) => `${proc} ${pid}`).join(', ')}`,
        ...state.breakpoints.map((b) => `breakpoint ${JSON.stringify(b)}`),
        ...(state.held.length === 0 ? ['nothing is held'] : state.held.map((held) => `held ${heldLine(held)}`)),
      ].join('\n');
    },
  },
  post('pause', 'closes all gates: everything stops at its next one', pausedLine),
  post('continue', 'opens all gates; breakpoints stay', openedLine),
  {
    name: 'step',
    usage: '[GATE]',
    says: 'opens the oldest gate, or this one, until the next one closes',
    run: async ({ data, json, args: [gate] }) => {
      const done = await findLab(data).call('POST', '/lab/step', gate ? { gate } : {});
      return json ? JSON.stringify(done) : stepLine(done);
    },
  },
  {
    name: 'over',
    usage: '[GATE]',
    says: 'steps until the same actor is held again',
    run: async ({ data, json, args: [gate] }) => {
      const done = await findLab(data).call('POST', '/lab/over', gate ? { gate } : {});
      return json ? JSON.stringify(done) : stepLine(done);
    },
  },
  {
    name: 'open',
    usage: 'GATE',
    says: 'opens one gate; the others stay closed',
    run: async ({ data, json, args: [gate] }) => {
      if (!gate) throw new Refusal('Which gate? wardenscope state lists them.');
      const done = await findLab(data).call('POST', '/lab/open', { gate });
      return json ? JSON.stringify(done) : `opened ${gate}`;
    },
  },
  {
    name: 'break',
    usage: 'KEY=VALUE…',
    says: 'holds what fits: kind proc actor machine name when transport handle app file line state edge (* fits anything)',
    run: async ({ data, json, args }) => {
      const pairs = args.map((pair) => pair.split(/=(.*)/s));
      if (pairs.length === 0 || pairs.some(([, value]) => value === undefined))
        throw new Refusal(
          'A breakpoint is KEY=VALUE…, such as: wardenscope break kind=step name=pivot_root when=before',
        );
      const fields = Object.fromEntries(pairs.map(([key = '', value = '']) => [key, fieldOf(key, value)]));
      const made = await findLab(data).call('POST', '/lab/breakpoints', fields);
      return json ? JSON.stringify(made) : `breakpoint ${z.object({ id: z.string() }).parse(made).id}`;
    },
  },
  {
    name: 'clear',
    usage: '[ID]',
    says: 'removes one breakpoint, or all',
    run: async ({ data, args: [id] }) => {
      const client = findLab(data);
      const { breakpoints } = LabState.parse(await client.call('GET', '/lab/state'));
      const these = id ? [id] : breakpoints.map((b) => b.id);
      for (const one of these) await client.call('DELETE', `/lab/breakpoints/${encodeURIComponent(one)}`);
      return `${these.length} removed`;
    },
  },
  {
    name: 'skip',
    usage: 'SECONDS|next',
    says: 'lets lab time pass at once, up to the next thing that waits',
    run: async ({ data, json, args: [to = 'next'] }) => {
      const seconds = Number(to);
      if (to !== 'next' && !(seconds > 0)) throw new Refusal(`How long is ${to}? Seconds, or next.`);
      const done = await findLab(data).call('POST', '/lab/skip', to === 'next' ? { to } : { ms: seconds * 1000 });
      return json ? JSON.stringify(done) : skippedLine(done);
    },
  },
  {
    name: 'labs',
    usage: '',
    says: 'the labs that run on this machine',
    run: async () =>
      runningLabs()
        .map((lab) => `${lab.lab}  ${lab.url}/  ${lab.dir}`)
        .join('\n') || 'no lab runs here',
  },
  {
    name: 'doctor',
    usage: '',
    says: 'tries what this machine can do and says what to type for the rest',
    run: async ({ json }) => {
      const found = await examine({ dir: projectRoot(), wshd: `${projectRoot()}/dist/wshd/wshd` });
      return json ? JSON.stringify(found, null, 2) : doctorTable(found);
    },
  },
  {
    name: 'clean',
    usage: '',
    says: 'removes what labs that are gone left in the kernel (after a power cut); running labs are left alone',
    run: async () => {
      const said: string[] = [];
      await tidyDeadLabs((text) => said.push(text));
      return said.join('\n') || 'nothing to clean';
    },
  },
];

function fieldOf(key: string, value: string): unknown {
  if (key === 'line') return Number(value);
  return key === 'once' ? value !== 'false' : value;
}
