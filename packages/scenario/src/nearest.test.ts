import { describe, expect, it } from 'vitest';
import { editDistance, listed, nearest, oneOf } from './nearest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['switch', 'switch', 0],
    ['swich', 'switch', 1],
    ['hots', 'host', 1], // neighbours swapped
    ['gatway', 'gateway', 1],
    ['', 'hub', 3],
    ['kitten', 'sitting', 3],
  ])('%j to %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe('nearest', () => {
  const known = ['host', 'router', 'switch', 'hub'];
  it.each([
    ['swich', 'switch'],
    ['Switch', 'switch'],
    ['hst', 'host'],
    ['ruoter', 'router'],
    ['printer', undefined],
    ['', undefined],
    ['s'.repeat(100_000), undefined],
  ])('of %j is %j', (word, answer) => {
    expect(nearest(word, known)).toBe(answer);
  });
});

it('lists words, and not too many', () => {
  expect(listed(['a', 'b'])).toBe('a, b');
  expect(
    listed(
      Array.from({ length: 40 }, (_, index) => `h${index}`),
      4,
    ),
  ).toBe('h0, h1, ... (40 in all)');
  expect(oneOf(['a'])).toBe('a');
  expect(oneOf(['a', 'b'])).toBe('one of a, b');
});
