// The lane of `npm test` that runs lessons:check: what it counts of what was said.
import { describe, expect, it } from 'vitest';
// @ts-expect-error: a script without types
import { countLines } from '../../scripts/lessons-lane.mjs';

describe('the lane of the lessons', () => {
  it('counts what is proved, what is wrong by file and line, and says why solutions were not played', () => {
    const output = [
      'proved: what lessons/a/README.md names exists, and its start fails the goal',
      'lessons/b/README.md:12: no predicate runing',
      'solutions not played: containers need Linux and root',
      '2 lessons, 19 scenes, 1 mistakes',
    ];
    expect(countLines(output.join('\n'), 1)).toEqual({
      passed: ['what lessons/a/README.md names exists, and its start fails the goal'],
      failed: [{ what: 'lessons/b/README.md:12', why: 'no predicate runing' }],
      skipped: 'containers need Linux and root',
    });
  });

  it('fails when the check ended badly without a mistake, and when it proved nothing', () => {
    const proved = 'proved: the solution of lessons/a/README.md reaches its goal\n';
    expect(countLines(proved, 0)).toMatchObject({ failed: [] });
    expect(countLines(`${proved}Error: waited 120 s in vain\n`, 1).failed[0].why).toContain('waited 120 s in vain');
    expect(countLines('', 0).failed).toHaveLength(1);
  });
});
