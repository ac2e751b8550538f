// Lines of apps and buildpacks as `log` entries. It keeps nothing: late readers get what wshd's rings still have, and a
// source that is too fast is thinned by the recorder (server/lab).
import type { Cause, Lab } from '../lab/types.ts';

export interface LogSource {
  /** `STG`, `App` or `DEA`. */
  source: string;
  /** Instance index or task id. */
  index: string;
  app: string;
  actor: string;
}

export interface AppLog {
  line(from: LogSource, stream: 'out' | 'err', text: string, cause: Cause): void;
}

export function createAppLog(lab: Lab): AppLog {
  return {
    line: (from, stream, text, cause) => void lab.rec.record({ type: 'log', ...from, stream, text }, cause),
  };
}

/** Cuts a byte stream into lines; the rest without a newline comes with `end`. Lines over 8 KiB are cut. */
export function lineSplitter(onLine: (text: string) => void): { push(bytes: Uint8Array): void; end(): void } {
  const decoder = new TextDecoder();
  let rest = '';
  const cut = (text: string) => {
    rest += text;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (rest.length > LONGEST) {
      onLine(rest);
      rest = '';
    }
  };
  return {
    push: (bytes) => cut(decoder.decode(bytes, { stream: true })),
    end: () => {
      cut(decoder.decode());
      if (rest) onLine(rest);
      rest = '';
    },
  };
}

const LONGEST = 8192;
