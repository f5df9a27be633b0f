import type { Dissection } from './dissection.ts';

/** Bytes that no dissector claims: the data that the layers above the last known one carry. */
export function dissectData(dissection: Dissection, start: number, end: number): boolean {
  if (start >= end) return false;
  const bytes = end - start;
  const layer = dissection.layer(7, 'data', 'Data', start, end, `${bytes} byte${bytes === 1 ? '' : 's'}`);
  dissection.raw(layer, 'data.data', 'Data', start, end);
  dissection.generate(layer, 'data.len', 'Length', bytes);
  return true;
}
