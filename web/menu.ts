// The page's menu of rarer things. A room adds its own line; the header only shows them.
import type { Model } from './model.ts';
import type { PageActions } from './panel.ts';
import type { Word } from './words.ts';

export interface MenuItem {
  title: Word;
  run(page: PageActions, model: Model): void;
  /** Why it cannot be done now, in the page's language; empty when it can. */
  off?(model: Model): string;
  /** Items of one group stand together; a line is between groups. */
  group: 'learn' | 'run' | 'lab';
}

export const MENU: MenuItem[] = [];

const GROUPS = ['learn', 'run', 'lab'] as const;

/** Adds an item to its group. */
export function addToMenu(item: MenuItem): void {
  MENU.push(item);
  MENU.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
}
