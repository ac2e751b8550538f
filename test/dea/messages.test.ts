import { describe, expect, it } from 'vitest';
import { holes } from '../../server/dea/effects/create-container.ts';
import { EgressRule, Filter, matches } from '../../server/dea/messages.ts';
import { expired } from '../../server/dea/reapers.ts';
import { parseStagingInfo, pluginConfig } from '../../server/dea/staging-info.ts';
import { NetOutProtocol } from '../../server/warden/protocol/index.ts';

const one = { app: 'a', version: 'v1', index: 1, instanceId: 'i1', state: 'RUNNING' };
const fits = (filter: object) => matches(Filter.parse({ droplet: 'a', ...filter }), one);

describe('the filter of dea.stop and dea.find.droplet', () => {
  it('needs everything given to match', () => {
    expect(fits({})).toBe(true);
    expect(fits({ version: 'v1', indices: [0, 1], instances: ['i1'], states: ['RUNNING'] })).toBe(true);
    expect(fits({ version: 'v1', indices: [0] })).toBe(false);
    expect(fits({ states: ['CRASHED'] })).toBe(false);
    expect(matches(Filter.parse({ droplet: 'b' }), one)).toBe(false);
  });

  it('takes a missing version as any, and an empty list as no filter', () => {
    expect(fits({ version: null, indices: [], instances: [], states: [] })).toBe(true);
  });

  it('takes instances and instance_ids for the same', () => {
    expect(fits({ instance_ids: ['i1'] })).toBe(true);
    expect(fits({ instance_ids: ['i2'] })).toBe(false);
  });
});

describe('an egress rule', () => {
  const rule = (r: object) => holes(EgressRule.parse({ destination: '10.0.0.0/8', ...r }));

  it('becomes one NetOut for each port entry, a range with a colon', () => {
    expect(rule({ ports: '80, 8000-8010' })).toEqual([
      { network: '10.0.0.0/8', protocol: NetOutProtocol.TCP, port: 80 },
      { network: '10.0.0.0/8', protocol: NetOutProtocol.TCP, portRange: '8000:8010' },
    ]);
  });

  it('carries type and code for icmp', () => {
    expect(rule({ protocol: 'icmp', type: 8, code: 0 })).toEqual([
      { network: '10.0.0.0/8', protocol: NetOutProtocol.ICMP, icmpType: 8, icmpCode: 0 },
    ]);
  });
});

describe('staging_info.yml', () => {
  it('gives back what the runner wrote', () => {
    const text = '---\nbuildpack_path: "/b/nodejs"\ndetected_buildpack: "Node \\"x\\""\nstart_command: null\n';
    expect(parseStagingInfo(text)).toEqual({
      buildpackPath: '/b/nodejs',
      detectedBuildpack: 'Node "x"',
      startCommand: null,
      error: null,
    });
  });

  it('names the error of a failed staging', () => {
    const text = '---\nstaging_error:\n  type: "BuildpackCompileFailed"\n  message: "bin/compile: ended"\n';
    expect(parseStagingInfo(text).error).toEqual({ type: 'BuildpackCompileFailed', message: 'bin/compile: ended' });
  });

  it('tells the runner any text unharmed', () => {
    expect(pluginConfig({ a: "it's $HOME", b: ['x y', ''] })).toBe("a='it'\\''s $HOME'\nb=('x y' '')\n");
  });
});

describe('the crash reaper', () => {
  it('keeps the newest crash of each app, and that only for its lifetime', () => {
    const crashes = [
      { id: '1', app: 'a', crashedAt: 100 },
      { id: '2', app: 'a', crashedAt: 200 },
      { id: '3', app: 'b', crashedAt: 50 },
    ];
    expect(expired(crashes, 210, 1000)).toEqual(['1']);
    expect(expired(crashes, 1100, 1000)).toEqual(['1', '3']);
  });
});
