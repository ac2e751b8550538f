// The charts that were laid out at build time, and which of their states a recorded value lights.
import charts from 'virtual:charts';
import type { MachineGraph } from '../machines/graph.ts';
import type { Geometry } from './layout/chart-layout.ts';

export interface Chart {
  hash: string;
  graph: MachineGraph;
  geometry: Geometry;
}

export const CHARTS: readonly Chart[] = charts;

let others: readonly Chart[] = [];

/** Draws these machines as somebody else's program knew them: a recorded run brings its own along. */
export function drawAlso(charts: readonly Chart[]): void {
  others = charts;
}

export function chartOf(machine: string): Chart | undefined {
  return [...others, ...CHARTS].find((c) => c.graph.machine === machine);
}
