// d3 that writes only what has changed: an attribute that is set anew costs the style and the layout of its element, even
// where it says what it said before, and a picture of a thousand parts is written whole at each moment. Importing this file
// is enough; the meaning of `attr`, `style` and `text` stays what it was.
import { selection } from 'd3';

type Value = string | number | boolean | null | undefined;
type Given = Value | ((this: Element, datum: unknown, index: number, all: ArrayLike<Element>) => Value);
interface Each {
  each(what: (this: Element, datum: unknown, index: number, all: ArrayLike<Element>) => void): this;
}

const loud: Record<'attr' | 'text' | 'style', (...given: unknown[]) => unknown> = { ...methodsOf(selection.prototype) };

Object.assign(selection.prototype, {
  attr(this: Each, ...said: [name: string, value?: Given]): unknown {
    const [name, value] = said;
    // Asked, not told; or a name with a namespace, which nobody of ours has.
    if (said.length < 2 || name.includes(':')) return loud.attr.apply(this, said);
    return this.each(function (datum, index, all) {
      const now = textOf(typeof value === 'function' ? value.call(this, datum, index, all) : value);
      const before = this.getAttribute(name);
      if (now === null) {
        if (before !== null) this.removeAttribute(name);
      } else if (now !== before) this.setAttribute(name, now);
    });
  },

  text(this: Each, ...said: [value?: Given]): unknown {
    const [value] = said;
    if (said.length === 0) return loud.text.apply(this, said);
    return this.each(function (datum, index, all) {
      const now = textOf(typeof value === 'function' ? value.call(this, datum, index, all) : value) ?? '';
      if (this.textContent !== now) this.textContent = now;
    });
  },

  style(this: Each, ...said: [name: string, value?: Given, priority?: string]): unknown {
    const [name, value] = said;
    // Only the plain case: with a priority, or to take one away, it is d3's own.
    if (said.length !== 2 || value === null || typeof value === 'function') return loud.style.apply(this, said);
    return this.each(function () {
      if (!(this instanceof HTMLElement || this instanceof SVGElement)) return;
      if (this.style.getPropertyValue(name) !== String(value)) this.style.setProperty(name, String(value));
    });
  },
});

function methodsOf({ attr, text, style }: typeof loud): typeof loud {
  return { attr, text, style };
}

function textOf(value: Value): string | null {
  return value === null || value === undefined ? null : String(value);
}
