// Draws the scene into an svg: ground, sky, houses, containers, messages, bar and legend. It writes the DOM and reads
// nothing back from it.
import { select } from 'd3';
import { drawContainers } from './draw-container.ts';
import { drawHouses } from './draw-houses.ts';
import { drawMessages } from './draw-messages.ts';
import { SKY, type SkyName } from './parts.ts';
import { markOf, type Scene } from './scene.ts';
import { fitted, type Group, one, outline, widthOf, write } from './svg.ts';
import { gateOf } from './ways.ts';

export interface Dispatch {
  /** A message was chosen. */
  seek(seq: number): void;
  /** A container was entered. */
  enter(handle: string): void;
}

const STATIONS: Record<SkyName, { glyph: string; name: string; short: string }> = {
  you: { glyph: '☻', name: 'you', short: 'you' },
  router: { glyph: '▲', name: 'router', short: 'router' },
  cc: { glyph: '◆', name: 'Cloud Controller', short: 'CC' },
  hm: { glyph: '✚', name: 'health manager', short: 'HM' },
};

/** Brings the svg in line with the scene. Idempotent. */
export function drawStage(svg: SVGSVGElement, scene: Scene, dispatch: Dispatch): void {
  const { layout } = scene;
  const root = select(svg) as unknown as Group;
  root.attr('viewBox', `0 0 ${layout.width} ${layout.height}`);
  root
    .classed('holding', scene.held !== null && !scene.paced)
    .classed('paced', scene.held !== null && scene.paced)
    .classed('host-view', scene.host)
    .classed('near', scene.zoom !== null);
  ground(one(root, 'g', 'ground'), scene);
  sky(one(root, 'g', 'sky'), scene);
  drawHouses(one(root, 'g', 'houses'), scene);
  drawContainers(one(root, 'g', 'containers'), scene, dispatch);
  drawMessages(one(root, 'g', 'messages'), scene, dispatch);
  bar(one(root, 'g', 'held-bar'), scene);
  legend(one(root, 'g', 'legend'), scene);
}

export function isLit(scene: Scene, place: string): boolean {
  return scene.held?.place === place || scene.focus.places.includes(place);
}

/** The two lines that cross the whole picture: NATS above, the kernel below. */
function ground(g: Group, { layout, say }: Scene): void {
  const { width, height, kernel, nats, line, small } = layout;
  one(g, 'rect', 'earth')
    .attr('x', 0)
    .attr('y', kernel)
    .attr('width', width)
    .attr('height', Math.max(0, height - kernel));
  one(g, 'line', 'bus')
    .attr('x1', nats.x)
    .attr('x2', nats.x + nats.w)
    .attr('y1', nats.y)
    .attr('y2', nats.y);
  // In a narrow close-up it stands between two stations, else where its line begins.
  const between = layout.near && layout.narrow;
  const x = between ? width * 0.75 : nats.x;
  // Low as well, the stations stand on the bus itself and leave it no room.
  const bus = between && layout.low ? '' : 'NATS';
  write(g, 'bus-name', { x, y: nats.y - line * 0.45, text: bus, anchor: between ? 'middle' : 'start' });
  one(g, 'line', 'calls').attr('x1', 0).attr('x2', width).attr('y1', kernel).attr('y2', kernel);
  // In a narrow close-up the other tree waits where its name would be: it stands at the other end then.
  const [end, anchor] = between ? ([8, 'start'] as const) : ([width - 12, 'end'] as const);
  write(g, 'calls-name', { x: end, y: kernel - line * 0.35, text: say('systemCalls'), anchor });
  write(g, 'kernel-name', { x: width - 12, y: height - small * 0.7, text: say('kernel'), anchor: 'end' });
}

function sky(g: Group, scene: Scene): void {
  const { layout, view, held } = scene;
  const { line, text, small } = layout;
  const column = layout.width / SKY.length;
  const brief = column < line * 9;
  g.selectAll<SVGGElement, SkyName>('g.station')
    .data(SKY, (name) => name)
    .join('g')
    .attr('class', (name) => `station ${isLit(scene, name) ? 'lit' : ''}`)
    .attr('data-place', (name) => name)
    .each(function (name) {
      const at = layout.sky[name] ?? { x: 0, y: 0 };
      const station = select(this) as unknown as Group;
      const { glyph, name: full, short } = STATIONS[name];
      const says = name === 'you' ? scene.say('you') : brief ? short : full;
      one(station, 'title', 'meaning').text(scene.meaning(name));
      station.style('--who', `var(--${name === 'you' ? 'ink' : name})`);
      one(station, 'line', 'stub')
        .attr('x1', at.x)
        .attr('x2', at.x)
        .attr('y1', at.y + line * 0.55)
        .attr('y2', name === 'you' ? at.y + line * 0.55 : layout.nats.y);
      const label = write(station, 'name', { x: at.x, y: at.y + line * 0.35, text: '', anchor: 'middle' });
      one(label, 'tspan', 'glyph').text(glyph);
      one(label, 'tspan', 'word').text(` ${says}`);
      const half = widthOf(`${glyph}  ${says}`, text, 'sans') / 2 + 4;
      const box = { x: at.x - half, y: at.y - line * 0.6, w: half * 2, h: line * 1.25 };
      outline(station, scene, held?.place === name ? 'coming' : '', box, null);
      const note = layout.near || layout.narrow ? { text: '', mark: '' as const } : noteOf(scene, name);
      const room = column - line * 2.4;
      const words = fitted(note.text, small, room, 'sans');
      const y = at.y + line * 1.5;
      // Beside the bar, where something is held in front of it.
      const x = at.x + line * (held?.place === name ? 1.7 : 0.5);
      write(station, 'note', { x, y, text: words, mark: note.mark });
      const w = widthOf(words, small, 'sans');
      const under = one(station, 'g', 'noted');
      outline(under, scene, words ? note.mark : '', { x, y: y - small, w, h: small * 1.3 });
    });

  function noteOf({ ahead }: Scene, name: SkyName): { text: string; mark: ReturnType<typeof markOf> } {
    const app = name === 'cc' ? view.apps.at(-1) : undefined;
    if (app) {
      const mark = markOf(scene, `cc ${app.guid}`);
      const will = mark === 'coming' ? ahead?.apps.find((a) => a.guid === app.guid)?.state : undefined;
      return { text: `${app.name}: ${app.state}${will ? ` → ${will}` : ''}${others(view.apps.length)}`, mark };
    }
    const uri = name === 'router' ? view.routes.at(-1) : undefined;
    return uri === undefined
      ? { text: '', mark: '' }
      : { text: `${uri}${others(view.routes.length)}`, mark: markOf(scene, `router ${uri}`) };
  }

  function others(all: number): string {
    return all > 1 ? `  +${all - 1}` : '';
  }
}

/** What the lines and the hatching mean: below the kernel's line, beside the gauges, where nothing else ever stands. */
function legend(g: Group, { layout, zoom, say, ghosts, fresh, held, paced }: Scene): void {
  const { width, height, kernel, line, small } = layout;
  const box = zoom === null ? undefined : layout.containers[zoom];
  const x = box ? box.x + box.w + 30 : 0;
  const room = Math.floor((height - kernel - small * 1.9) / (line * 1.15));
  // The card of what somebody has stopped reaches down here.
  const free = held === null || paced;
  const shown = free && box !== undefined && width - x > line * 8 && room > 1;
  const rows = shown
    ? ([
        ['own', say('own')],
        ['hosts', say('hostsNamespace')],
        ['files', say('hostFiles')],
        ...(ghosts.size > 0 ? [['coming', say('ghost')]] : []),
        ...(fresh.size > 0 ? [['new', say('marked')]] : []),
      ].slice(0, room) as [string, string][])
    : [];
  const y = (i: number) => kernel + line * (0.95 + i * 1.15);
  g.selectAll<SVGGElement, [string, string]>('g')
    .data(rows)
    .join('g')
    .attr('class', ([name]) => name)
    .each(function ([name, text], i) {
      const row = select(this) as unknown as Group;
      const isLine = name === 'own' || name === 'hosts';
      one(row, 'line', 'segment')
        .attr('x1', x)
        .attr('x2', x + 26)
        .attr('y1', y(i))
        .attr('y2', y(i))
        .attr('display', isLine ? null : 'none');
      one(row, 'rect', 'patch')
        .attr('class', `patch ${name === 'files' ? '' : `outline ${name}`}`)
        .attr('x', x)
        .attr('y', y(i) - 6)
        .attr('width', 26)
        .attr('height', isLine ? 0 : 12)
        .attr('display', isLine ? 'none' : null)
        .attr('fill', name === 'files' ? 'url(#hatched)' : 'none');
      write(row, 'note', { x: x + 36, y: y(i) + 5, text: fitted(text, small, width - x - 44, 'sans') });
    });
}

/** A closed, striped bar in front of what somebody has stopped: before the place for a message, on the kernel's line for a call. */
function bar(g: Group, { layout, held, paced }: Scene): void {
  const at = held && !paced && gateOf(layout, held);
  const { line } = layout;
  const step = held?.point.kind === 'step';
  const upright = held?.point.transport === 'warden';
  const [w, h] = upright ? [12, line * (layout.near || layout.low ? 0.9 : 1.3)] : [line * 2.8, 12];
  const [x, y] = at ? [at[0] - w / 2, (step ? layout.kernel : at[1]) - h / 2] : [0, 0];
  one(g, 'rect', 'closed')
    .attr('x', x)
    .attr('y', y)
    .attr('width', at ? w : 0)
    .attr('height', h)
    .attr('fill', 'url(#closed)')
    .attr('display', at ? null : 'none');
}
