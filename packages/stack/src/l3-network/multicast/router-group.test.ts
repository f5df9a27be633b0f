import { expect, test } from 'vitest';
import { RecordType } from './igmp-header.ts';
import { RouterGroup } from './router-group.ts';

const LASTS = 260;

/** A group after these records, each `[type, sources]`, one a time unit apart. */
function after(...records: [type: number, sources: number[]][]): RouterGroup {
  const group = new RouterGroup(0xef010203);
  for (const [i, [type, sources]] of records.entries()) group.record(type, sources, i, LASTS);
  return group;
}

const { IsInclude, IsExclude, ToInclude, ToExclude, Allow, Block } = RecordType;

function wanted(group: RouterGroup, now = 10): string {
  const list = [1, 2, 3, 4].filter((source) => group.wants(source, now));
  return `${group.exclude ? 'EXCLUDE' : 'INCLUDE'} ${list.join('')}`;
}

/** RFC 3376 6.4.1 and 6.4.2, row by row: the state, and what the querier asks. */
test.each([
  ['INCLUDE (1) + IS_IN (2)', [[IsInclude, [1]]], [IsInclude, [2]], 'INCLUDE 12', [], false],
  ['INCLUDE (1 2) + IS_EX (2 3)', [[IsInclude, [1, 2]]], [IsExclude, [2, 3]], 'EXCLUDE 124', [], false],
  ['INCLUDE (1) + ALLOW (2)', [[IsInclude, [1]]], [Allow, [2]], 'INCLUDE 12', [], false],
  ['INCLUDE (1 2) + BLOCK (2 3)', [[IsInclude, [1, 2]]], [Block, [2, 3]], 'INCLUDE 12', [2], false],
  ['INCLUDE (1 2) + TO_EX (2 3)', [[IsInclude, [1, 2]]], [ToExclude, [2, 3]], 'EXCLUDE 124', [2], false],
  ['INCLUDE (1 2) + TO_IN (2 3)', [[IsInclude, [1, 2]]], [ToInclude, [2, 3]], 'INCLUDE 123', [1], false],
  ['EXCLUDE ({}, 3) + IS_IN (3)', [[IsExclude, [3]]], [IsInclude, [3]], 'EXCLUDE 1234', [], false],
  ['EXCLUDE ({}, 3 4) + IS_EX (4)', [[IsExclude, [3, 4]]], [IsExclude, [4]], 'EXCLUDE 123', [], false],
  ['EXCLUDE ({}, 3) + ALLOW (3)', [[IsExclude, [3]]], [Allow, [3]], 'EXCLUDE 1234', [], false],
  ['EXCLUDE ({}, 3) + BLOCK (2 3)', [[IsExclude, [3]]], [Block, [2, 3]], 'EXCLUDE 124', [2], false],
  ['EXCLUDE ({}, 3) + TO_EX (2 3)', [[IsExclude, [3]]], [ToExclude, [2, 3]], 'EXCLUDE 124', [2], false],
  [
    'EXCLUDE (1, 3) + TO_IN (2)',
    [
      [IsInclude, [1]],
      [IsExclude, [1, 3]],
    ],
    [ToInclude, [2]],
    'EXCLUDE 124',
    [1],
    true,
  ],
] as const)('%s', (_name, before, [type, sources], state, asked, wholeGroup) => {
  const group = after(...(before as unknown as [number, number[]][]));
  const questions = group.record(type, sources as unknown as number[], 5, LASTS);
  expect([questions.sources, questions.wholeGroup]).toEqual([asked, wholeGroup]);
  expect(wanted(group)).toBe(state);
});

test('time ends what nobody says again', () => {
  const group = after([IsExclude, []]);
  expect(wanted(group, 259)).toBe('EXCLUDE 1234');
  expect(group.expire(260)).toBe(false);
  expect(wanted(group, 260)).toBe('INCLUDE ');
  const named = after([IsInclude, [1]], [IsInclude, [2]]);
  expect(named.nextChange(5)).toBe(260);
  expect(named.expire(260)).toBe(true);
  expect(wanted(named, 260)).toBe('INCLUDE 2');
});

test('whoever does not answer a question is gone early', () => {
  const group = after([IsExclude, []]);
  group.record(ToInclude, [], 10, LASTS);
  group.lower(null, 12);
  expect(group.wants(1, 11)).toBe(true);
  expect(group.wants(1, 12)).toBe(false);
  const named = after([IsInclude, [1, 2]]);
  named.lower([2], 12);
  expect(wanted(named, 13)).toBe('INCLUDE 1');
});

test('what is to be asked upstream', () => {
  const text = (group: RouterGroup): string => {
    const { exclude, sources } = group.filter(5);
    return `${exclude ? 'all but' : 'only'} ${[...sources].join('')}`;
  };
  expect(text(after([IsExclude, [3]]))).toBe('all but 3');
  expect(text(after([IsInclude, [1, 2]]))).toBe('only 12');
});
