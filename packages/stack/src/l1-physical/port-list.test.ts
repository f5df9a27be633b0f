import { describe, expect, it } from 'vitest';
import type { LinkEnd } from '../base/link.ts';
import { type NumberedPort, PortList } from './port-list.ts';

const LINK: LinkEnd = { up: true, rateBps: 1, transmit() {}, attach() {}, detach() {} };

function list(count: number, max = 100): PortList<NumberedPort & { link: LinkEnd | null }> {
  return new PortList(count, max, (number) => ({ number, link: null as LinkEnd | null }));
}

describe('a fixed number of ports', () => {
  it('is numbered from 1, and no more can be had', () => {
    const ports = list(3);
    expect(ports.ports.map((port) => port.number)).toEqual([1, 2, 3]);
    expect(ports.port(3)).toBe(ports.ports[2]);
    for (const number of [0, 4, -1, 1.5, Number.NaN]) expect(ports.port(number)).toBeNull();
  });

  it('runs out of free ones', () => {
    const ports = list(2);
    ports.ports[0].link = LINK;
    expect(ports.freePort()).toBe(2);
    ports.ports[1].link = LINK;
    expect(ports.freePort()).toBe(0);
  });
});

describe('as many ports as cables', () => {
  it('come into being when they are asked for', () => {
    const ports = list(0);
    expect([ports.ports.length, ports.freePort()]).toEqual([0, 1]);
    const seven = ports.port(7);
    const two = ports.port(2);
    expect(ports.ports).toEqual([two, seven]);
    expect(ports.port(7)).toBe(seven);
    expect(ports.freePort()).toBe(1);
  });

  it('are filled in order, gaps first', () => {
    const ports = list(0);
    for (const number of [1, 2, 4]) ports.port(number)!.link = LINK;
    expect(ports.freePort()).toBe(3);
    ports.port(3)!.link = LINK;
    expect(ports.freePort()).toBe(5);
    ports.port(2)!.link = null;
    expect(ports.freePort()).toBe(2);
  });

  it('have a limit', () => {
    const ports = list(0, 2);
    expect(ports.port(3)).toBeNull();
    for (const number of [1, 2]) ports.port(number)!.link = LINK;
    expect(ports.freePort()).toBe(0);
  });
});
