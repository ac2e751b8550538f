// A terminal's colours, from the page's own tokens, so that it is as light or as dark as everything else.
import type { ITheme } from '@xterm/xterm';

const ANSI = {
  black: '--ink',
  red: '--failure',
  green: '--dea',
  yellow: '--wshd',
  blue: '--cc',
  magenta: '--warden',
  cyan: '--router',
  white: '--soft',
} as const;

/** Reads the tokens as they are now. */
export function themeNow(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const ansi = Object.entries(ANSI).flatMap(([colour, name]) => [
    [colour, token(name)],
    [`bright${colour[0]?.toUpperCase()}${colour.slice(1)}`, token(name)],
  ]);
  return {
    background: token('--sunken'),
    foreground: token('--ink'),
    cursor: token('--accent'),
    cursorAccent: token('--accent-ink'),
    selectionBackground: token('--accent'),
    selectionForeground: token('--accent-ink'),
    ...Object.fromEntries(ansi),
  };
}

/** Calls back when the page turns light or dark, by the reader's choice or the system's. */
export function onTheme(listener: () => void): () => void {
  const watch = new MutationObserver(listener);
  watch.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', listener);
  return () => {
    watch.disconnect();
    system.removeEventListener('change', listener);
  };
}
