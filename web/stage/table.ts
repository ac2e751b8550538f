// The same facts as the picture, as tables: for who cannot see it, or would rather read it.
import { html, nothing, type TemplateResult } from 'lit';
import type { Language } from '../model.ts';
import { mebibytes } from './draw-gauges.ts';
import type { Marks } from './marks.ts';
import type { ContainerPart, StageView } from './parts.ts';
import { shortIds } from './svg.ts';
import { type StageWord, stageWord } from './words.ts';

type Cell = string | number | null;

export function stageTables(language: Language, view: StageView, ghosts: Marks, fresh: Marks): TemplateResult {
  const say = (key: StageWord) => stageWord(language, key);
  const table = (caption: string, heads: StageWord[], rows: Cell[][]): TemplateResult | typeof nothing =>
    rows.length === 0
      ? nothing
      : html`<table><caption>${caption}</caption>
          <thead><tr>${heads.map((head) => html`<th scope="col">${say(head)}</th>`)}</tr></thead>
          <tbody>${rows.map(
            ([first, ...rest]) =>
              html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell ?? '–'}</td>`)}</tr>`,
          )}</tbody></table>`;
  const flying = view.paths.flatMap(({ path, flying }) => flying.map((b) => [shortIds(b.name), b.from, path]));
  return html`
    ${table(say('change'), ['name', 'change'], marked(say, ghosts, fresh))}
    ${table(say('onWay'), ['message', 'name', 'path'], flying)}
    ${table(
      say('apps'),
      ['name', 'state'],
      view.apps.map((app) => [app.name, app.state]),
    )}
    ${table(
      say('routes'),
      ['name'],
      view.routes.map((uri) => [uri]),
    )}
    ${table(
      say('node'),
      ['node', 'free', 'state', 'containers'],
      view.nodes.map(({ node, memory, work }) => [
        node,
        memory === null ? null : `${memory} MB`,
        work.map((w) => `${w.actor} ${w.state}`).join(', ') || null,
        view.containers.filter((c) => c.node === node).length,
      ]),
    )}
    ${view.containers.map((c) => container(c, say, table))}`;
}

function marked(say: (key: StageWord) => string, ghosts: Marks, fresh: Marks): Cell[][] {
  return [
    ...[...ghosts].map(([key, mark]) => [key, say(mark === 'going' ? 'goes' : 'ghost')]),
    ...[...fresh].filter(([key]) => !ghosts.has(key)).map(([key]) => [key, say('marked')]),
  ];
}

type Table = (caption: string, heads: StageWord[], rows: Cell[][]) => unknown;

function container(c: ContainerPart, say: (key: StageWord) => string, table: Table): TemplateResult {
  const { memory, cpu, pids } = c.gauges;
  const bytes = (value: number | null) => (value === null ? null : mebibytes(value));
  const processes = [...(c.wshd ? [{ ...c.wshd }] : []), ...c.processes];
  const { floor } = c;
  return html`<section><h2>⬢ ${[c.app, c.purpose, c.handle, c.state].filter(Boolean).join(' · ')}</h2>
    ${table(
      say('namespace'),
      ['namespace', 'inode', 'whose', 'gives'],
      c.walls.map((w) => [w.namespace, w.inode, say(w.own ? 'own' : 'hostsNamespace'), w.fact || null]),
    )}
    ${table(
      say('process'),
      ['name', 'inside', 'outside'],
      processes.map((p) => [p.name, p.inside, p.host]),
    )}
    ${table(
      say('gauge'),
      ['gauge', 'used', 'limit'],
      [
        [say('memory'), bytes(memory.usage), bytes(memory.limit)],
        [
          say('cpu'),
          cpu.load === null ? null : `${Math.round(cpu.load * 100)} %`,
          cpu.shares === null ? null : `${cpu.shares} ${cpu.unit}`,
        ],
        [say('pids'), pids.now, pids.max],
      ],
    )}
    ${table(
      say('floor'),
      ['name', 'whose', 'gives'],
      [
        [
          '/',
          floor.of === 'host' ? say('hosts') : c.handle,
          `${floor.mount} ${floor.names.map((n) => n.name).join(' ')}`.trim(),
        ],
        ...(floor.other
          ? [[floor.other.at, floor.other.of === 'host' ? say('hosts') : c.handle, floor.other.names.join(' ')]]
          : []),
      ],
    )}
    ${table(
      say('doors'),
      ['outside', 'inside'],
      c.doors.map((d) => [d.host, d.container]),
    )}</section>`;
}
