// Every machine has a drawing in which nothing lies on top of anything else and every edge is to be seen.
import { beforeAll, describe, expect, it } from 'vitest';
import { machineGraph } from '../../machines/graph.ts';
import { MACHINES } from '../../machines/index.ts';
import { isLine, stateLines } from '../../web/chart-text.ts';
import { type Box, type Geometry, layoutChart } from '../../web/layout/chart-layout.ts';

function inside(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function apart(a: Box, b: Box): boolean {
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}

for (const [name, machine] of Object.entries(MACHINES)) {
  describe(`the chart of ${name}`, () => {
    const graph = machineGraph(machine);
    let geometry: Geometry;
    beforeAll(async () => {
      geometry = await layoutChart(graph);
    }, 30_000);

    it('is listed under the name that its entries carry', () => {
      expect(machine.id).toBe(name);
    });

    it('has every state inside its parent and apart from its siblings', () => {
      for (const s of graph.states) {
        const box = geometry.states[s.id]!;
        expect(box.width, s.id).toBeGreaterThan(0);
        if (s.parent) expect(inside(box, geometry.states[s.parent]!), s.id).toBe(true);
        for (const other of graph.states) {
          if (other.parent === s.parent && other.id !== s.id) {
            expect(apart(box, geometry.states[other.id]!), `${s.id} and ${other.id}`).toBe(true);
          }
        }
      }
    });

    it('draws every edge, as a line to each of its targets or as a row of its state', () => {
      const rows = new Set(graph.states.flatMap((s) => stateLines(graph, s).rows.flatMap((r) => r.edges)));
      for (const e of graph.edges) {
        expect(rows.has(e.id), e.id).toBe(!isLine(graph, e));
        if (!isLine(graph, e)) continue;
        expect(geometry.edges[e.id]?.lines.length ?? 0, e.id).toBe(e.targets.length);
        for (const line of geometry.edges[e.id]?.lines ?? []) expect(line.length, e.id).toBeGreaterThan(1);
      }
    });

    it('comes out the same when it is drawn again', async () => {
      expect(await layoutChart(graph)).toEqual(geometry);
    }, 30_000);
  });
}
