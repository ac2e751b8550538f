// Vite plugin: `virtual:charts` is every machine's graph with its geometry, laid out while building, so that neither
// XState nor ELK is sent to the browser. Fails the build, naming the machine, where a layout fails.
import type { Plugin } from 'vite';
import { graphHash, machineGraph } from '../../machines/graph.ts';
import { MACHINES } from '../../machines/index.ts';
import type { Chart } from '../charts.ts';
import { layoutChart } from './chart-layout.ts';

const NAME = 'virtual:charts';

export function charts(): Plugin {
  let drawn = '[]';
  return {
    name: 'wardenscope-charts',
    // Beside the page, for run files: they carry the charts of the program that recorded them.
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'charts.json', source: drawn });
    },
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: async (id) => {
      if (id !== `\0${NAME}`) return undefined;
      drawn = JSON.stringify(await allCharts());
      return `export default JSON.parse(${JSON.stringify(drawn)});`;
    },
  };
}

/** One chart a machine, in the order of `MACHINES`. The hash names the definition that was drawn. */
export async function allCharts(): Promise<Chart[]> {
  return Promise.all(
    Object.values(MACHINES).map(async (machine) => {
      const graph = machineGraph(machine);
      return { hash: graphHash(graph), graph, geometry: await layoutChart(graph) };
    }),
  );
}
