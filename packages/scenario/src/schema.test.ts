import { readFileSync } from 'node:fs';
import type { NetworkDescription } from '@netarium/stack/network/description';
import { expect, it } from 'vitest';
import type { z } from 'zod';
import { scenarioJsonSchema, type scenarioSchema } from './schema.ts';

it('is what editors are given (else: node packages/scenario/scripts/write-schema.mjs)', () => {
  const given = readFileSync(new URL('../schema/scenario.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(given)).toEqual(scenarioJsonSchema());
});

/** The words of the stack's description and those of the file are the same, in both directions. */
type Read = z.output<typeof scenarioSchema>;
export const readIsDescription = (read: Read): NetworkDescription => read;

type Words<T> = T extends readonly (infer Item)[]
  ? Words<Item>
  : T extends object
    ? { [Key in keyof T]-?: true }
    : never;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Node<T extends { nodes: Record<string, { kind: string }> }, Kind> = Extract<T['nodes'][string], { kind: Kind }>;
type Values<T> = T extends Record<string, infer Value> ? Value : never;
type Interface<T extends { interfaces?: object }> = Exclude<Values<Required<T>['interfaces']>, string>;
type D = Required<NetworkDescription>;
type R = Required<Read>;
export const sameWords: [
  Same<Words<D>, Words<R>>,
  Same<Words<Node<D, 'host'>>, Words<Node<R, 'host'>>>,
  Same<Words<Node<D, 'router'>>, Words<Node<R, 'router'>>>,
  Same<Words<Node<D, 'gateway'>>, Words<Node<R, 'gateway'>>>,
  Same<Words<Required<Node<D, 'gateway'>>['outside']>, Words<Required<Node<R, 'gateway'>>['outside']>>,
  Same<Words<D['wires']>, Words<R['wires']>>,
  Same<Words<D['wires'][number]['vxlan']>, Words<R['wires'][number]['vxlan']>>,
  Same<Words<D['wires'][number]['websocket']>, Words<R['wires'][number]['websocket']>>,
  Same<Words<Node<D, 'switch'>>, Words<Node<R, 'switch'>>>,
  Same<Words<Node<D, 'hub'>>, Words<Node<R, 'hub'>>>,
  Same<Words<Required<Node<D, 'host'>>['routes']>, Words<Required<Node<R, 'host'>>['routes']>>,
  Same<Words<Interface<Node<D, 'host'>>>, Words<Interface<Node<R, 'host'>>>>,
  Same<Words<D['links']>, Words<R['links']>>,
  Same<Words<Required<D['links'][number]>['forward']>, Words<Required<R['links'][number]>['forward']>>,
  Same<Words<Required<D['links'][number]>['burst']>, Words<Required<R['links'][number]>['burst']>>,
  Same<Words<D['services']>, Words<R['services']>>,
  Same<Words<D['files']>, Words<R['files']>>,
  Same<Words<D['faults']>, Words<R['faults']>>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true];
