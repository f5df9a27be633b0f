import { expect, it } from 'vitest';
import { testNode } from '../testing/test-node.ts';
import { withoutTap, withTap } from './tap-list.ts';
import type { FrameTap } from './trace.ts';

it('lets several see through one field, in order, and none when all are gone', () => {
  const { pool } = testNode();
  const seen: string[] = [];
  const tap = (name: string): FrameTap => ({
    frame: (_packet, direction, reason) => seen.push(name + direction + reason),
  });
  const [a, b, c] = [tap('a'), tap('b'), tap('c')];
  const packet = pool.acquire(60);

  let field: FrameTap | null = withTap(null, a);
  expect(field).toBe(a);
  field = withTap(withTap(field, b), c);
  field.frame(packet, 1, 7);
  expect(seen.splice(0)).toEqual(['a17', 'b17', 'c17']);

  field = withoutTap(field, b);
  field?.frame(packet, 0, 0);
  expect(seen.splice(0)).toEqual(['a00', 'c00']);

  field = withoutTap(withoutTap(field, b), a);
  expect(field).toBe(c);
  expect(withoutTap(field, c)).toBeNull();
  expect(withoutTap(null, c)).toBeNull();
  packet.release();
});
