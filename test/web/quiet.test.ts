// A picture is written whole at each moment; what says the same as before is left alone.
import { select } from 'd3';
import { describe, expect, it } from 'vitest';
import '../../web/quiet.ts';

/** As much of an element as an attribute needs, which counts what is written. */
function element() {
  const attributes = new Map<string, string>();
  const written: string[] = [];
  let says = '';
  const node = {
    getAttribute: (name: string) => attributes.get(name) ?? null,
    setAttribute(name: string, value: string) {
      attributes.set(name, value);
      written.push(`${name}=${value}`);
    },
    removeAttribute(name: string) {
      attributes.delete(name);
      written.push(`no ${name}`);
    },
    get textContent() {
      return says;
    },
    set textContent(text: string) {
      says = text;
      written.push(text);
    },
  };
  return { node: node as unknown as Element, written };
}

describe('a quiet selection', () => {
  it('writes an attribute when it says something else, and takes it away once', () => {
    const { node, written } = element();
    const draw = (x: number, shown: string | null) => select(node).attr('x', x).attr('display', shown);
    draw(1, null);
    draw(1, null);
    expect(written).toEqual(['x=1']);
    draw(2, 'none');
    draw(2, 'none');
    draw(2, null);
    expect(written).toEqual(['x=1', 'x=2', 'display=none', 'no display']);
    expect(select(node).attr('x')).toBe('2');
  });

  it('asks a function for each datum, as d3 does', () => {
    const { node, written } = element();
    const draw = (seq: number) =>
      select(node)
        .datum(seq)
        .attr('data-seq', (d) => d)
        .attr('class', (d, i) => `bead ${d % 2 === 0 ? 'even' : 'odd'} ${i}`);
    draw(4);
    draw(6);
    expect(written).toEqual(['data-seq=4', 'class=bead even 0', 'data-seq=6']);
  });

  it('writes a text when it is another, and empties it for none', () => {
    const { node, written } = element();
    select(node).text('pid');
    select(node).text('pid');
    select(node).text(null);
    expect(written).toEqual(['pid', '']);
    expect(select(node).text()).toBe('');
  });
});
