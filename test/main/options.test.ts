// What a user may ask of `npm start`, as rows.
import { describe, expect, it } from 'vitest';
import { FLAGS, helpForFlags, readOptions } from '../../server/main/options.ts';

describe('flags and environment', () => {
  it('is the documented default when nothing is said', () => {
    expect(readOptions([], {})).toMatchObject({
      port: 8080,
      listen: '127.0.0.1',
      data: '.wardenscope',
      deas: 2,
      nats: '',
      domain: 'localhost',
      tier: 'auto',
      stack: '',
      gatesDisabled: false,
    });
  });

  it('takes the environment, and a flag wins over it', () => {
    const env = { WARDENSCOPE_PORT: '9000', WARDENSCOPE_DEAS: '3' };
    expect(readOptions([], env)).toMatchObject({ port: 9000, deas: 3 });
    expect(readOptions(['--port', '9001'], env)).toMatchObject({ port: 9001, deas: 3 });
  });

  it.each([
    [['--port', 'abc'], /--port abc is not possible/],
    [['--port', '70000'], /--port 70000 is not possible/],
    [['--deas', '0'], /--deas 0 is not possible/],
    [['--deas', '17'], /--deas 17 is not possible/],
    [['--tier', 'best'], /--tier best is not possible/],
    [['--listen', 'example.com'], /--listen example.com is not possible/],
    [['--nats', 'http://x'], /--nats http:\/\/x is not possible/],
    [['--prot', '1'], /prot.*--help lists the flags/],
    [['--port'], /port.*--help lists the flags/],
    [['extra'], /extra.*--help lists the flags/],
  ])('refuses %j in one sentence', (argv, sentence) => {
    expect(() => readOptions(argv, {})).toThrow(sentence);
    try {
      readOptions(argv, {});
    } catch (error) {
      expect(String(error)).not.toContain('\n');
    }
  });

  it('lists every flag with its environment variable in the help', () => {
    for (const name of Object.keys(FLAGS)) {
      expect(helpForFlags()).toContain(`--${name} `);
      expect(helpForFlags()).toContain(`WARDENSCOPE_${name.toUpperCase()}`);
    }
  });
});
