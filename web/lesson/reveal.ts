// Brings what has just come into a panel into its view: an answer below the fold is no answer.

/** The last match, as soon as it and what is in it are drawn; what can be seen already does not move. */
export function reveal(panel: Element, selector: string): void {
  requestAnimationFrame(() => {
    [...panel.querySelectorAll(selector)].at(-1)?.scrollIntoView({ block: 'nearest' });
  });
}
