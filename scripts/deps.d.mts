/** See deps.mjs. */
export function nodeTooOld(version?: string): string | undefined;
