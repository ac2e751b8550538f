// What a browser's trace says about its main thread: script, style and layout by frame, and tasks that were long. Pure.

export interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds. */
  ts: number;
  dur?: number;
  /** Of that, microseconds in which the thread really ran: what else the machine did is not in it. */
  tdur?: number;
  args?: { data?: { name?: string }; name?: string };
}

export interface MainThread {
  /** Milliseconds of script, style and layout between two frames. */
  frames: number[];
  /** Milliseconds of each task. */
  tasks: number[];
  /** Milliseconds of script, style and layout from each mark of the one name to the next of the other. */
  between(from: string, to: string): number[];
}

const WORK = new Set([
  ...[
    'FunctionCall',
    'EvaluateScript',
    'v8.compile',
    'FireAnimationFrame',
    'TimerFire',
    'EventDispatch',
    'RunMicrotasks',
  ],
  ...['UpdateLayoutTree', 'Layout', 'HitTest', 'MajorGC', 'MinorGC', 'V8.GCScavenger', 'ResizeObserver', 'PrePaint'],
]);

/** Reads the main thread of the page whose script ran longest. */
export function mainThread(events: readonly TraceEvent[]): MainThread {
  const busy = new Map<string, number>();
  for (const e of events)
    if (e.ph === 'X' && WORK.has(e.name)) busy.set(threadOf(e), (busy.get(threadOf(e)) ?? 0) + (e.dur ?? 0));
  const [thread] = [...busy].sort((a, b) => b[1] - a[1])[0] ?? [''];
  const mine = events.filter((e) => threadOf(e) === thread).sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const work = outermost(mine.filter((e) => e.ph === 'X' && WORK.has(e.name)));
  const frames = mine.filter((e) => e.name === 'BeginMainThreadFrame').map((e) => e.ts);
  return {
    frames: sums(work, frames).slice(1),
    tasks: mine.filter((e) => e.name === 'RunTask' && e.ph === 'X').map((e) => (e.tdur ?? e.dur ?? 0) / 1000),
    between: (from, to) => {
      const marks = mine.filter((e) => e.name === from || e.name === to);
      const all = sums(
        work,
        marks.map((e) => e.ts),
      );
      return all.filter((_, i) => marks[i]?.name === from);
    },
  };
}

const threadOf = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`;

/** Without those that lie in another one. */
function outermost(events: readonly TraceEvent[]): TraceEvent[] {
  let end = 0;
  return events.filter((e) => {
    if (e.ts < end) return false;
    end = e.ts + (e.dur ?? 0);
    return true;
  });
}

/** Milliseconds of work from each point of time to the next. */
function sums(work: readonly TraceEvent[], points: readonly number[]): number[] {
  const all = points.map(() => 0);
  let at = -1;
  for (const e of work) {
    while (at + 1 < points.length && (points[at + 1] ?? 0) <= e.ts) at += 1;
    if (at >= 0) all[at] = (all[at] ?? 0) + (e.tdur ?? e.dur ?? 0) / 1000;
  }
  return all;
}
