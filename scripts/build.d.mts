/** Builds what is stale. See build.mjs. */
export function build(options?: { say?: (text: string) => void; wshd?: boolean; web?: boolean }): Promise<void>;
export function hashOf(paths: string[]): string;
