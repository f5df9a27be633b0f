import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { describe, expect, it } from 'vitest';
import { assert, Errno, type ErrnoName, errnoName, errnoText, NetError } from './errors.ts';

const entries = Object.entries(Errno) as [ErrnoName, number][];

describe('error numbers', () => {
  it('are those of the system', (context) => {
    if (process.platform !== 'linux') context.skip('needs Linux');
    const system: Record<string, number> = constants.errno;
    let compared = 0;
    for (const [name, number] of entries) {
      if (system[name] === undefined) continue; // Node leaves a few out
      expect(number, name).toBe(system[name]);
      compared++;
    }
    expect(compared).toBeGreaterThan(35);
  });

  it('are named as Node names them', (context) => {
    if (process.platform !== 'linux') context.skip('needs Linux');
    for (const [name, number] of entries) {
      const node = getSystemErrorName(-number);
      // 95 has two names on Linux: libuv chose the other.
      if (!node.startsWith('Unknown') && node !== 'ENOTSUP') expect(name).toBe(node);
      expect(errnoName(number)).toBe(name);
      expect(errnoName(-number)).toBe(name);
    }
  });

  it('are different, and positive', () => {
    expect(new Set(entries.map(([, number]) => number)).size).toBe(entries.length);
    expect(entries.every(([, number]) => number > 0)).toBe(true);
  });

  it('have words', () => {
    for (const [, number] of entries) expect(errnoText(-number)).toMatch(/^[A-Z][A-Za-z/ -]+$/);
    expect(errnoText(Errno.ECONNREFUSED)).toBe('Connection refused');
  });

  it('that nobody knows are told as they are', () => {
    expect([errnoName(999), errnoName(-999), errnoText(-999)]).toEqual(['E999', 'E999', 'Unknown error 999']);
  });
});

describe('NetError', () => {
  it('says what failed, how and why', () => {
    const error = new NetError(-Errno.ECONNREFUSED, 'connect', '10.0.1.1:80');
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe('connect ECONNREFUSED 10.0.1.1:80: Connection refused');
    expect(error).toMatchObject({ code: 'ECONNREFUSED', errno: 111, syscall: 'connect', text: 'Connection refused' });
    expect(String(error)).toMatch(/^NetError: connect/);
    expect(new NetError(Errno.EBADF, 'close').message).toBe('close EBADF: Bad file descriptor');
  });
});

describe('assert', () => {
  it('is silent for the true and loud for the false', () => {
    assert(true, 'nothing');
    expect(() => assert(false, 'two owners')).toThrow('netarium bug: two owners');
  });
});
