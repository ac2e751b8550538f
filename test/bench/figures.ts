// Series of times and the table that is printed of them.

export type Series = Map<string, number[]>;

/** Runs `what` and adds its milliseconds to the series of that name. */
export async function timed<T>(series: Series, name: string, what: () => Promise<T> | T): Promise<T> {
  const began = performance.now();
  const value = await what();
  add(series, name, performance.now() - began);
  return value;
}

export function add(series: Series, name: string, value: number): void {
  series.set(name, [...(series.get(name) ?? []), value]);
}

/** The value below which `share` of all are; NaN of nothing. */
export function quantile(values: readonly number[] | undefined, share: number): number {
  const sorted = [...(values ?? [])].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[] | undefined) => quantile(values, 0.5);

export interface Row {
  what: string;
  /** The figure with its unit. */
  measured: string;
  beside?: string;
  goal?: string;
  /** Undefined where there is no goal. */
  met?: boolean;
}

/** One aligned line for each row; a goal that is missed is said, never a failure. */
export function table(rows: readonly Row[]): string {
  const cells = [
    ['what', 'measured', 'beside', 'goal', 'verdict'],
    ...rows.map((r) => [r.what, r.measured, r.beside ?? '', r.goal ?? '', verdict(r.met)]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

function verdict(met: boolean | undefined): string {
  if (met === undefined) return '';
  return met ? 'met' : 'missed';
}

export const ms = (value: number) => `${value.toFixed(value < 100 ? 2 : 0)} ms`;
export const seconds = (value: number) => `${(value / 1000).toFixed(2)} s`;
