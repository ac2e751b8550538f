// The words that may stand behind a predicate's name: a misspelt one would never be true, and the lesson would wait for it
// for ever. Pure; lesson-check.ts asks.
import type { PREDICATES } from './lesson-predicates.ts';
import { BOOT_STEPS, JOB_STEPS } from './wshd-boot.ts';

/** What is wrong with the words behind a name; undefined when nothing is. */
type Takes = (args: readonly string[]) => string | undefined;

/** Whether wshd has a step of this name, in its boot or for a job. */
export const isStep = (name: string): boolean => [...BOOT_STEPS, ...JOB_STEPS].some((s) => s.name === name);

const nothing: Takes = (args) => (args.length === 0 ? undefined : `takes no words, not "${args.join(' ')}"`);

const one =
  (fits: (arg: string) => boolean, wanted: string): Takes =>
  (args) =>
    args.length === 1 && fits(args[0] ?? '') ? undefined : `needs ${wanted}, not "${args.join(' ')}"`;

const oneOf = (...words: string[]): Takes => one((arg) => words.includes(arg), `one of ${words.join(', ')}`);
const aStep = one(isStep, 'a step of wshd');
const aCount = one((arg) => /^[1-9]\d*$/.test(arg), 'a number from 1 on');

const TAKES: Record<keyof typeof PREDICATES, Takes> = {
  pushed: nothing,
  'bits-arrived': nothing,
  'start-wanted': nothing,
  'dea-asked': nothing,
  'first-order': oneOf('stage', 'start', 'create'),
  'warden-asked': nothing,
  'step-done': aStep,
  'step-reached': aStep,
  'floor-was': oneOf('host', 'container', 'nothing'),
  'host-floor-gone': nothing,
  'put-answered': nothing,
  'script-ran': oneOf('detect', 'compile', 'release'),
  'droplet-named': nothing,
  'instance-starting': nothing,
  'started-by': oneOf('cc', 'hm', 'self'),
  'containers-made': aCount,
  'containers-begun': aCount,
  'port-given': nothing,
  running: nothing,
  'route-registered': nothing,
  'app-answered': nothing,
  'app-told': one((arg) => arg.startsWith('/'), 'a path'),
  crashed: nothing,
  returning: nothing,
  returned: nothing,
  'thrown-away': nothing,
  'memory-limited': nothing,
  'memory-limited-later': nothing,
  'outlived-warden': nothing,
  'app-deleted': nothing,
  'lab-reset': nothing,
  always: nothing,
};

/** What is wrong with a predicate as it is written; undefined when it can come true. */
export function mistakeIn(name: string, args: readonly string[]): string | undefined {
  const takes: Takes | undefined = Object.entries(TAKES).find(([known]) => known === name)?.[1];
  if (!takes) return `no predicate ${name === '' ? '(empty)' : name}`;
  const wrong = takes(args);
  return wrong && `${name} ${wrong}`;
}
