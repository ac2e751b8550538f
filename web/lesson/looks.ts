// Where the page shows what a lesson points at: for each name of machines/lesson.ts how close the camera goes and which
// part lights up. Every selector here is proved against a real page by test/browser/lesson.test.ts.
import type { Look } from '../../machines/lesson.ts';

export interface LookAt {
  /** The whole platform, or the container that the step is about. */
  camera: 'platform' | 'container';
  /** The first of these that is on the page lights up; none for a look at the whole. */
  light: string[];
}

const platform = (...light: string[]): LookAt => ({ camera: 'platform', light });
const container = (...light: string[]): LookAt => ({ camera: 'container', light: light.map((s) => `${LARGE} ${s}`) });
const LARGE = 'ws-stage .container.large';

export const LOOKS_AT = {
  platform: platform(),
  sky: platform('ws-stage .sky'),
  street: platform('ws-stage .houses'),
  memory: platform('ws-stage .house:nth-child(1) .dea .note', 'ws-stage .house .dea .note'),
  wish: platform('ws-stage .sky .station:nth-of-type(3)'),
  held: platform('ws-stage .held .oldest', 'ws-stage .held-bar'),
  hatch: platform('ws-stage .house.lit:not(.small)', 'ws-stage .house:not(.small)'),
  container: container('.room'),
  walls: container('.walls'),
  ours: container('.namespace.ours'),
  floor: container('.floor'),
  token: container('.process.init'),
  call: container('.call .words', '.call'),
  door: container('.door'),
  gauges: container('.gauges'),
  /** The log is part of the sheet itself. */
  log: platform(),
} satisfies Record<Look, LookAt>;
