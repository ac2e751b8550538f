// How long a C file is without blank lines and comments, as anybody would count who argues about it. Pure.

/** Lines with something on them that is neither blank nor part of a comment; strings may contain what looks like one. */
export function netLines(source: string): number {
  const bare = source.replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (found) =>
    found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found,
  );
  return bare.split('\n').filter((line) => line.trim() !== '').length;
}
