import { describe, expect, it } from 'vitest';
import { Drop, dropReasons } from './drop-reasons.ts';

describe('drop reasons', () => {
  it('are numbered by their place, 0 for none', () => {
    dropReasons.forEach((reason, index) => {
      expect(reason.number).toBe(index);
      expect(Drop[reason.name]).toBe(index);
    });
    expect(Drop.NONE).toBe(0);
    expect(Object.keys(Drop).length).toBe(dropReasons.length);
  });

  it('have a name in capitals, a layer, and a clause that goes on after a colon', () => {
    for (const { name, layer, text, number } of dropReasons) {
      expect(name).toMatch(/^[A-Z0-9]+(_[A-Z0-9]+)*$/);
      if (number > 0) expect(layer >= 1 && layer <= 7, name).toBe(true);
      expect(text, name).toMatch(/^[A-Za-z0-9].*[^.\s]$/);
    }
  });

  it('say different things under different names', () => {
    expect(new Set(dropReasons.map(({ text }) => text)).size).toBe(dropReasons.length);
  });

  it('cite a standard, or say nothing of where they come from', () => {
    for (const { name, source } of dropReasons) expect(source, name).toMatch(/^$|^(RFC \d|IEEE 802|ITU|POSIX|draft-)/);
  });
});
