// The lab's own HTTP API, mounted at /lab: the same verbs for page, keys, CLI and tests. It is never journaled or held,
// and it decides nothing: it parses, calls the debugger and answers.
import express, { type NextFunction, type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Entry } from '../../machines/journal.ts';
import type { ClockOwner } from '../clock/owner.ts';
import type { Skipper } from '../clock/skip.ts';
import type { InFlight } from '../journal/in-flight.ts';
import type { Journal } from '../journal/journal.ts';
import type { Debugger } from './debugger.ts';
import { breakpointFields } from './settings.ts';
import { type StreamDeps, streamEntries } from './stream.ts';

export interface DebuggerApiDeps {
  journal: Journal;
  clock: ClockOwner;
  skipper: Skipper;
  inFlight: InFlight;
  debugger: Debugger;
  /** Who of several pages drives; without it nobody is told. */
  join?: StreamDeps['join'];
}

const PAGE = 1000;
const gateBody = z.object({ gate: z.string().min(1) });
const stepBody = z.object({ gate: z.string().min(1).optional() }).default({});
const skipBody = z.union([z.strictObject({ ms: z.number().positive() }), z.strictObject({ to: z.literal('next') })]);
const breakpointBody = breakpointFields.refine(
  (b) => Object.entries(b).some(([key, value]) => value !== undefined && key !== 'once' && key !== 'disabled'),
  { message: 'say at least one of kind, proc, actor, machine, name, transport, handle, app, file, line, state, edge' },
);
const journalQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(PAGE),
  type: z.string().optional(),
  run: z.string().optional(),
  actor: z.string().optional(),
});

/** The router to mount at `/lab`, before anything that is traced. Errors are `{ error: text }` with 400, 403, 404 or 409. */
export function debuggerRouter(deps: DebuggerApiDeps): Router {
  const { journal, skipper, debugger: dbg } = deps;
  const router = Router();
  router.use(sameOrigin, express.json({ limit: '100kb' }));

  router.get('/state', (_req, res) => void res.json(stateOf(deps)));
  router.post('/pace', async (req, res) => {
    const { pace } = z.strictObject({ pace: z.enum(['real', 'beat', 'hand']) }).parse(req.body);
    res.json({ pace, ...(await dbg.setPace(pace)) });
  });
  // A report that comes after the two seconds finds nothing to open, and that is no error.
  router.post('/motion-ended', (req, res) => {
    const { gate } = gateBody.parse(req.body);
    res.json({ opened: dbg.motionEnded(gate) ? [gate] : [] });
  });
  router.post('/pause', async (_req, res) => void res.json(await dbg.pause()));
  router.post('/continue', async (_req, res) => void res.json(await dbg.continue()));
  router.post('/step', async (req, res) => {
    const { gate } = stepBody.parse(req.body);
    if (gate !== undefined) mustBeHeld(dbg, gate);
    res.json(await dbg.step(gate));
  });
  for (const how of ['over', 'into', 'out'] as const) {
    router.post(`/${how}`, async (req, res) => void res.json(await dbg.run(how, stepBody.parse(req.body).gate)));
  }
  router.post('/open', (req, res) => {
    const { gate } = gateBody.parse(req.body);
    mustBeHeld(dbg, gate);
    dbg.open(gate);
    res.json({ opened: [gate] });
  });
  router.post('/run-to', async (req, res) => void res.json(await dbg.runTo(breakpointBody.parse(req.body))));
  router.post('/skip', async (req, res) => void res.json(await dbg.skip(skipBody.parse(req.body))));
  router.get('/timers', async (_req, res) => void res.json(await skipper.timers()));
  router.post('/kernel-recording', async (req, res) => {
    const { on } = z.object({ on: z.boolean() }).parse(req.body);
    await dbg.kernelRecording(on);
    res.json({ on });
  });

  router.get('/breakpoints', (_req, res) => void res.json(dbg.rules().breakpoints));
  router.post('/breakpoints', async (req, res) => {
    res.status(201).json(await dbg.addBreakpoint(breakpointBody.parse(req.body)));
  });
  router.get('/breakpoints/:id', (req, res) => void res.json(found(breakpoint(dbg, req), 'breakpoint', req.params.id)));
  router.patch('/breakpoints/:id', async (req, res) => {
    const change = z.strictObject({ disabled: z.boolean() }).parse(req.body);
    res.json(found(await dbg.changeBreakpoint(req.params.id, change), 'breakpoint', req.params.id));
  });
  router.delete('/breakpoints/:id', async (req, res) => {
    found((await dbg.removeBreakpoint(req.params.id)) || undefined, 'breakpoint', req.params.id);
    res.status(204).end();
  });

  router.get('/journal', async (req, res) => {
    const query = journalQuery.parse(req.query);
    res.json({ entries: await search(journal, query), head: journal.head });
  });
  router.get('/entries/:seq', (req, res) => {
    const seq = z.coerce.number().int().positive().parse(req.params.seq);
    res.json(found(journal.entry(seq), 'entry', req.params.seq));
  });
  router.get('/stream', (req, res) =>
    streamEntries({ journal, state: () => stateOf(deps), onState: dbg.onChange, join: deps.join }, req, res),
  );

  router.use((_req, res) => void res.status(404).json({ error: 'no such thing in /lab' }));
  router.use(answerError);
  return router;
}

/** What `GET /lab/state` answers, and `event: state` of the stream says. */
function stateOf({ journal, clock, inFlight, debugger: dbg }: DebuggerApiDeps) {
  const { paused, breakpoints, kernelRecording, version, disabled } = dbg.rules();
  return {
    lab: journal.lab,
    lt: clock.lt(),
    running: clock.running,
    paused,
    pace: dbg.pace(),
    held: dbg.held(),
    breakpoints,
    kernelRecording,
    gatesDisabled: disabled,
    version,
    finishing: inFlight.all().filter((effect) => effect.run !== null),
    procs: journal.peers().map(({ proc, pid, role, life, version: applied }) => ({ proc, pid, role, life, applied })),
    head: journal.head,
  };
}

/** An answer other than 200, for `answerError`. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

const breakpoint = (dbg: Debugger, req: Request<{ id: string }>) =>
  dbg.rules().breakpoints.find((b) => b.id === req.params.id);

function found<T>(value: T | undefined, what: string, name: string): T {
  if (value === undefined) throw new ApiError(404, `no ${what} ${name}`);
  return value;
}

function mustBeHeld(dbg: Debugger, gate: string): void {
  if (!dbg.held().some((held) => held.gate === gate)) throw new ApiError(404, `nothing is held at ${gate} (any more)`);
}

/** Entries after `after` that fit, at most `limit`; lets others have their turn while it reads a long journal. */
async function search(journal: Journal, query: z.infer<typeof journalQuery>): Promise<Entry[]> {
  const { after, limit, type, run, actor } = query;
  const fits = (e: Entry): boolean =>
    (type === undefined || e.type === type) &&
    (run === undefined || e.run === run) &&
    (actor === undefined || e.actor === actor);
  const result: Entry[] = [];
  for (let cursor = after; result.length < limit; ) {
    const batch = journal.read(cursor, limit);
    const last = batch.at(-1);
    if (!last) break;
    cursor = last.seq;
    result.push(...batch.filter(fits));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return result.slice(0, limit);
}

/** A page of another origin must not drive this lab, whatever the browser sends along. */
export function sameOrigin(req: Request, _res: Response, next: NextFunction): void {
  const origin = req.headers.origin;
  const host = origin !== undefined && URL.canParse(origin) ? new URL(origin).host : undefined;
  if (origin !== undefined && host !== req.headers.host) {
    next(new ApiError(403, `requests of ${origin} are not answered here`));
    return;
  }
  next();
}

/** The last middleware of a router of the lab's own API: `{ error: text }`. */
export function answerError(error: unknown, _req: Request, res: Response, next: NextFunction): void {
  if (res.headersSent) {
    next(error);
    return;
  }
  if (error instanceof z.ZodError) {
    res.status(400).json({ error: error.issues.map((i) => `${i.path.join('.') || 'body'}: ${i.message}`).join('; ') });
    return;
  }
  const status = error instanceof ApiError ? error.status : statusOf(error);
  res.status(status).json({ error: error instanceof Error ? error.message : String(error) });
}

/** express.json's own errors carry a status; what the debugger refuses is a conflict with what is going on. */
function statusOf(error: unknown): number {
  if (typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number') {
    return error.status;
  }
  return error instanceof Error && /^\[(debugger|clock)\]/.test(error.message) ? 409 : 500;
}
