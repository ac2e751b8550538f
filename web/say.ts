// Says a word of a room's own table in the page's language. Each room has its table beside it; how it is said is here once.
import type { Language } from './model.ts';

/** Values by place (`{0}`, `{1}` …), or one object with values by name (`{what}`). What is not given is empty. */
type Values = readonly (string | number)[] | readonly [values?: object];

/** The `say` of this table. */
export function speaker<K extends string>(words: Readonly<Record<K, readonly [en: string, ja: string]>>) {
  return (language: Language, key: K, ...values: Values): string => {
    const [first] = values;
    const known = new Map<string, unknown>(Object.entries(typeof first === 'object' ? first : values));
    return words[key][language === 'ja' ? 1 : 0].replace(/\{(\w+)\}/g, (_, name: string) =>
      String(known.get(name) ?? ''),
    );
  };
}
