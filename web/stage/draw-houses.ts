// Draws the street: a house for each node with two rooms, dea and warden, joined by a hatch, the Unix socket.
import { select } from 'd3';
import { COMING } from './ahead.ts';
import { isLit } from './draw.ts';
import type { House } from './layout.ts';
import type { NodePart, Work } from './parts.ts';
import { markOf, type Scene } from './scene.ts';
import { fitted, type Group, one, outline, widthOf, write } from './svg.ts';

export function drawHouses(g: Group, scene: Scene): void {
  const { layout, view } = scene;
  g.selectAll<SVGGElement, NodePart>('g.house')
    .data(view.nodes, (n) => String(n.node))
    .join('g')
    .attr('class', ({ node }) => {
      const size = layout.houses[node]?.size ?? 'small';
      return `house ${size} ${isLit(scene, `dea/${node}`) || isLit(scene, `warden/${node}`) ? 'lit' : ''}`;
    })
    .attr('data-node', ({ node }) => node)
    .each(function (part) {
      const at = layout.houses[part.node];
      if (at) house(select(this) as unknown as Group, part, at, scene);
    });
}

function house(g: Group, part: NodePart, at: House, scene: Scene): void {
  const { layout, view, say, held } = scene;
  const { line, small } = layout;
  const little = at.size === 'small';
  g.attr('display', at.w <= 0 ? 'none' : null);
  write(g, 'title', { x: at.x, y: at.y + line, text: little ? fitted(`⌂ dea ${part.node}`, small, at.w) : '' });
  one(g, 'path', 'walls').attr('d', little ? '' : `M${at.x},${at.y}h${at.w}v${at.h}h${-at.w}z`);
  one(g, 'path', 'roof').attr('d', little ? '' : `M${at.x - 8},${at.y}L${at.x + at.w + 8},${at.y}`);
  // One row: no room for lines of notes, and the middle is kept free for the name of what goes through the hatch.
  const tight = at.h < line * 3.2;
  const gap = line * (tight ? 0.35 : 0.5);
  const [up, down] = [`V${at.hatch - gap}`, `M${at.wall},${at.hatch + gap}V${at.y + at.h}`];
  one(g, 'path', 'wall').attr('d', little ? '' : `M${at.wall},${at.y}${up}${down}`);
  const jambs = `M${at.wall - 6},${at.hatch - gap}h12M${at.wall - 6},${at.hatch + gap}h12`;
  one(g, 'path', 'hatch').attr('d', little ? '' : jambs);
  const busy = scene.focus.bead?.path === `warden:${part.node}`;
  const free = part.memory === null ? '' : `${part.memory} MB ${say('free')}`;
  const work = part.work.at(-1);
  const mark = work ? markOf(scene, `dea/${part.node} ${work.actor}`) : '';
  const mine = view.containers.filter((c) => c.node === part.node);
  const there = mine.filter((c) => c.handle !== COMING).length;
  const count = mine.length > there ? `${there} → ${mine.length}` : `${there}`;
  const x = line * 0.6;
  const rooms = [
    { place: 'dea', glyph: '■', from: at.x, to: at.wall, notes: [workText(scene, work, mark), free], mark },
    {
      place: 'warden',
      glyph: '●',
      from: at.wall,
      to: at.x + at.w,
      notes: [`${say('containers')}: ${count}`],
      mark: '' as const,
    },
  ];
  for (const room of rooms) {
    const inside = one(g, 'g', room.place).attr('display', little ? 'none' : null);
    one(inside, 'title', 'meaning').text(scene.meaning(room.place));
    const y = at.y + line * (tight ? 0.95 : 1.15);
    const ends = tight && room.place === 'warden';
    const label = write(inside, 'name', {
      x: ends ? room.to - x : room.from + x,
      y,
      text: '',
      anchor: ends ? 'end' : 'start',
    });
    one(label, 'tspan', 'glyph').text(room.glyph);
    one(label, 'tspan', 'word').text(` ${room.place}${layout.narrow ? '' : ` ${part.node}`}`);
    const after = room.from + x + widthOf(`${room.glyph} ${room.place} 0  `, layout.text, 'sans');
    const notes = room.notes.filter(Boolean);
    const fits = (i: number) => at.h * 0.72 > line * (3.5 + i * 1.05);
    [0, 1].forEach((i) => {
      const beside = !fits(0) && i === 0 && !busy;
      const shown = (fits(i) || beside) && !(layout.narrow && !layout.near) ? (notes[i] ?? '') : '';
      const spot =
        beside && ends
          ? { x: room.from + x, y }
          : beside
            ? { x: after, y }
            : { x: room.from + x, y: at.y + line * (2.2 + i * 1.05) };
      const word = room.mark === 'new' && shown === room.notes[0] ? widthOf(scene.say('isNew'), small, 'sans') + 14 : 0;
      const taken = ends ? after - room.from : beside && tight ? line : 8;
      const words = fitted(shown, small, room.to - spot.x - taken - word, 'sans');
      const note = one(inside, 'g', `line${i}`);
      write(note, 'note', { ...spot, text: words });
      const box = { ...spot, y: spot.y - small, w: widthOf(words, small, 'sans'), h: small * 1.3 };
      outline(note, scene, words && notes[i] === room.notes[0] ? room.mark : '', box);
    });
    const here = held?.place === `${room.place}/${part.node}`;
    const box = { x: room.from + 5, y: at.y + 5, w: room.to - room.from - 10, h: at.h - 10 };
    outline(one(inside, 'g', 'receiver'), scene, here ? 'coming' : '', box, null);
  }
  const label = at.w > line * 22 && !little && at.h > line * 6.2 ? say('socket') : '';
  write(g, 'socket', { x: at.wall + line * 0.5, y: at.hatch + gap + line * 0.95, text: label });
}

/** `staging-task setup.container`, and behind an arrow what it is about to become. */
function workText({ ahead }: Scene, work: Work | undefined, mark: string): string {
  if (!work) return '';
  const will = ahead?.nodes.flatMap((n) => n.work).find((w) => w.actor === work.actor)?.state;
  const arrow = mark === 'coming' && will && will !== work.state ? ` → ${will}` : '';
  return `${work.actor.split(':')[0]} ${work.state}${arrow}`.trim();
}
