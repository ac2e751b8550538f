// The list of panels: where each stands, what it is called and how it is loaded. One line makes a panel.
import type { Word } from './words.ts';

/** `dock`: right of the stage, above; `under`: right of the stage, below; `drawer`: under the stage, may be folded. */
export type Slot = 'dock' | 'under' | 'drawer';

export type PanelId =
  | 'record'
  | 'sequence'
  | 'apps'
  | 'lesson'
  | 'article'
  | 'inspector'
  | 'breakpoints'
  | 'chart'
  | 'timeline'
  | 'source'
  | 'terminal'
  | 'browser'
  | 'whatif';

export interface Panel {
  id: PanelId;
  place: Slot;
  title: Word;
  tag: string;
  load(): Promise<unknown>;
  /** Takes the whole height of the dock: nothing stands under it. */
  tall?: boolean;
}

export const PANELS: readonly Panel[] = [
  { id: 'record', place: 'dock', title: 'record', tag: 'ws-record', load: () => import('./views/record.ts') },
  {
    id: 'sequence',
    place: 'dock',
    title: 'panelSequence',
    tag: 'ws-sequence',
    load: () => import('./sequence/sequence.ts'),
  },
  { id: 'apps', place: 'dock', title: 'panelApps', tag: 'ws-apps', load: () => import('./apps/apps.ts'), tall: true },
  {
    id: 'lesson',
    place: 'dock',
    title: 'panelLesson',
    tag: 'ws-lesson',
    load: () => import('./lesson/reader.ts'),
    tall: true,
  },
  {
    id: 'article',
    place: 'dock',
    title: 'panelArticle',
    tag: 'ws-article',
    load: () => import('./article/article.ts'),
    tall: true,
  },
  {
    id: 'inspector',
    place: 'under',
    title: 'entry',
    tag: 'ws-inspector',
    load: () => import('./inspector/inspector.ts'),
  },
  {
    id: 'breakpoints',
    place: 'under',
    title: 'breakpoints',
    tag: 'ws-breakpoints',
    load: () => import('./breakpoints/breakpoints.ts'),
  },
  { id: 'chart', place: 'drawer', title: 'chart', tag: 'ws-chart-panel', load: () => import('./chart/panel.ts') },
  {
    id: 'timeline',
    place: 'drawer',
    title: 'panelTimeline',
    tag: 'ws-timeline',
    load: () => import('./timeline/timeline.ts'),
  },
  { id: 'source', place: 'drawer', title: 'panelSource', tag: 'ws-source', load: () => import('./source/source.ts') },
  {
    id: 'terminal',
    place: 'drawer',
    title: 'panelTerminal',
    tag: 'ws-terminals',
    load: () => import('./terminal/panel.ts'),
  },
  {
    id: 'browser',
    place: 'drawer',
    title: 'panelBrowser',
    tag: 'ws-browser',
    load: () => import('./faults/browser.ts'),
  },
  { id: 'whatif', place: 'drawer', title: 'panelWhatIf', tag: 'ws-whatif', load: () => import('./faults/faults.ts') },
];

export function panelOf(id: PanelId): Panel | undefined {
  return PANELS.find((p) => p.id === id);
}

/** A panel's name in an URL, or null if it stands somewhere else or is none. */
export function panelNamed(name: string | null, place: Slot): PanelId | null {
  return PANELS.find((p) => p.id === name && p.place === place)?.id ?? null;
}
