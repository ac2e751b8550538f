// Which names are the lab's own: nothing that a foreign page or an app could choose.
import { describe, expect, it } from 'vitest';
import { hostOf, isSystemHost } from '../../server/router/index.ts';

describe('the Host header', () => {
  it.each([
    ['web.localhost:8080', 'web.localhost'],
    [' WEB.Localhost ', 'web.localhost'],
    ['web.localhost.', 'web.localhost'],
    ['[::1]:8080', '::1'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['web.localhost:', 'web.localhost'],
    [undefined, ''],
  ])('%s names %s', (header, host) => expect(hostOf(header)).toBe(host));
});

describe("the lab's own names", () => {
  it.each([
    '',
    'localhost',
    'lab.test',
    'api.lab.test',
    'uaa.lab.test',
    'login.lab.test',
    '127.0.0.1',
    '::1',
    '10.1.2.3',
    'my-listen',
  ])('are: %s', (host) => expect(isSystemHost(host, 'lab.test', 'my-listen')).toBe(true));
  it.each([
    'web.lab.test',
    'api.evil.test',
    'api.x.lab.test',
    'xapi.lab.test',
    'evil.test',
    '127.0.0.1.evil.test',
    'localhost.evil.test',
  ])('are not: %s', (host) => expect(isSystemHost(host, 'lab.test', 'my-listen')).toBe(false));
});
