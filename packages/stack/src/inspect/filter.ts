import { FilterCompiler } from './filter-compile.ts';
import { type FilterNames, isFilterError, parseFilter } from './filter-parser.ts';
import type { FilterError, FilterNode } from './filter-tree.ts';
import { LinkType } from './link-types.ts';

/**
 * Capture filters in tcpdump's language (pcap-filter(7)): `tcp port 80 and host 10.0.1.10`, `icmp or arp`,
 * `tcp[tcpflags] & tcp-syn != 0`, `not (udp portrange 33434-33534)`, `ether host 02:00:00:00:00:01`, `greater 1000`.
 */
export interface CaptureFilter {
  readonly text: string;
  /** The filter as a tree, for those who make something else of it. */
  readonly tree: FilterNode;
  /**
   * Does the packet in `bytes[0, captured)` match? `length` is how long it was on the wire. Never fails: a test that
   * would read beyond what was captured is false.
   */
  readonly matches: (bytes: Uint8Array, captured: number, length?: number) => boolean;
}

export interface FilterOptions {
  /** What the packets begin with, one of `LinkType`; default Ethernet. */
  linkType?: number;
  names?: FilterNames;
}

/** Compiles a filter's text; on a mistake says where it is. */
export function compileFilter(text: string, options: FilterOptions = {}): CaptureFilter | FilterError {
  const tree = parseFilter(text, options.names);
  if (isFilterError(tree)) return tree;
  const test = new FilterCompiler(options.linkType ?? LinkType.Ethernet).compile(tree);
  return { text, tree, matches: (bytes, captured, length = captured) => test(bytes, captured, length) };
}

export function isMistaken(result: CaptureFilter | FilterError): result is FilterError {
  return 'message' in result;
}

/**
 * A mistake as a terminal shows it:
 *
 *     tpc port 80
 *     ^^^ "tpc" is no word of the filter language, no address and no known host; did you mean "tcp"?
 */
export function formatFilterError(text: string, error: FilterError): string {
  const hint = error.nearest === undefined ? '' : `; did you mean "${error.nearest}"?`;
  return `${text}\n${' '.repeat(error.position)}${'^'.repeat(error.length)} ${error.message}${hint}`;
}
