import { LsaType } from './constants.ts';
import { LSA_HEADER_LENGTH } from './lsa-header.ts';

/**
 * What stands behind the header of a link state advertisement (RFC 2328 A.4.2 to A.4.5).
 *
 * Router: the links of one router in one area. Network: the routers on one network with a designated router. Summary:
 * one network (type 3) or one border router (type 4) of another area. AS-external: one network of another world.
 *
 *     router     | 0 0 0 0 0|V|E|B |      0      |          number of links          |
 *                |                             Link ID                               |
 *                |                            Link data                              |
 *                |     Type        | # other TOS |              metric               |
 *     network    |                           network mask                            |
 *                |                         attached router                       ... |
 *     summary    |                           network mask                            |
 *                |       0         |                     metric                      |
 *     external   |                           network mask                            |
 *                |E|      0        |                     metric                      |
 *                |                        forwarding address                         |
 *                |                        external route tag                         |
 */

/** Kinds of links in a router's advertisement. */
export const LinkType = { PointToPoint: 1, Transit: 2, Stub: 3, Virtual: 4 } as const;
export type LinkType = (typeof LinkType)[keyof typeof LinkType];

/** Flags of a router: at the border of areas, at the border of the autonomous system, end of a virtual link. */
export const FLAG_AREA_BORDER = 0x01;
export const FLAG_AS_BORDER = 0x02;
export const FLAG_VIRTUAL = 0x04;

export interface RouterLink {
  readonly type: number;
  /** The neighbour's router ID; the designated router's address; a stub's network. */
  readonly id: number;
  /** The own interface's address; a stub's mask. */
  readonly data: number;
  readonly metric: number;
}

export interface RouterBody {
  readonly flags: number;
  readonly links: readonly RouterLink[];
}

export interface NetworkBody {
  readonly mask: number;
  readonly routers: readonly number[];
}

/** Of types 3 and 4; the mask of type 4 says nothing. */
export interface SummaryBody {
  readonly mask: number;
  readonly metric: number;
}

export interface ExternalBody {
  readonly mask: number;
  /** The metric counts for more than any way inside (RFC 2328 2.3). */
  readonly type2: boolean;
  readonly metric: number;
  /** To whom to send instead of to the advertising router; 0: to the latter. */
  readonly forwarding: number;
  readonly tag: number;
}

export type LsaBody = RouterBody | NetworkBody | SummaryBody | ExternalBody;

const ROUTER_LINKS = LSA_HEADER_LENGTH + 4;
const ROUTER_LINK_LENGTH = 12;
const TOS_LENGTH = 4;
const SUMMARY_LENGTH = LSA_HEADER_LENGTH + 8;
const EXTERNAL_LENGTH = LSA_HEADER_LENGTH + 16;
const TYPE2 = 0x80000000;

/** Reads the body of a whole advertisement of `length` bytes at `at`; null: it contradicts itself, or is of no type known. */
export function readLsaBody(view: DataView, at: number, length: number, type: number): LsaBody | null {
  switch (type) {
    case LsaType.Router:
      return readRouter(view, at, length);
    case LsaType.Network:
      return readNetwork(view, at, length);
    case LsaType.Summary:
    case LsaType.AsbrSummary:
      if (length < SUMMARY_LENGTH) return null;
      return { mask: view.getUint32(at + LSA_HEADER_LENGTH), metric: view.getUint32(at + 24) & 0xffffff };
    case LsaType.External:
      return readExternal(view, at, length);
    default:
      return null;
  }
}

function readRouter(view: DataView, at: number, length: number): RouterBody | null {
  if (length < ROUTER_LINKS) return null;
  const count = view.getUint16(at + 22);
  const links: RouterLink[] = [];
  let link = ROUTER_LINKS;
  for (let i = 0; i < count; i++) {
    if (link + ROUTER_LINK_LENGTH > length) return null;
    const more = view.getUint8(at + link + 9);
    links.push({
      type: view.getUint8(at + link + 8),
      id: view.getUint32(at + link),
      data: view.getUint32(at + link + 4),
      metric: view.getUint16(at + link + 10),
    });
    link += ROUTER_LINK_LENGTH + more * TOS_LENGTH;
    if (link > length) return null;
  }
  return { flags: view.getUint8(at + LSA_HEADER_LENGTH), links };
}

function readNetwork(view: DataView, at: number, length: number): NetworkBody | null {
  if (length < LSA_HEADER_LENGTH + 4 || length % 4 !== 0) return null;
  const routers: number[] = [];
  for (let each = LSA_HEADER_LENGTH + 4; each < length; each += 4) routers.push(view.getUint32(at + each));
  return { mask: view.getUint32(at + LSA_HEADER_LENGTH), routers };
}

function readExternal(view: DataView, at: number, length: number): ExternalBody | null {
  if (length < EXTERNAL_LENGTH) return null;
  const metric = view.getUint32(at + 24);
  return {
    mask: view.getUint32(at + LSA_HEADER_LENGTH),
    type2: (metric & TYPE2) !== 0,
    metric: metric & 0xffffff,
    forwarding: view.getUint32(at + 28),
    tag: view.getUint32(at + 32),
  };
}

/** The bytes of a body of this type, behind room for a header. */
export function writeLsaBody(type: number, body: LsaBody): Uint8Array {
  switch (type) {
    case LsaType.Router:
      return writeRouter(body as RouterBody);
    case LsaType.Network:
      return writeNetwork(body as NetworkBody);
    case LsaType.Summary:
    case LsaType.AsbrSummary: {
      const { mask, metric } = body as SummaryBody;
      const bytes = new Uint8Array(SUMMARY_LENGTH);
      const view = new DataView(bytes.buffer);
      view.setUint32(LSA_HEADER_LENGTH, mask);
      view.setUint32(24, metric);
      return bytes;
    }
    default: {
      const { mask, type2, metric, forwarding, tag } = body as ExternalBody;
      const bytes = new Uint8Array(EXTERNAL_LENGTH);
      const view = new DataView(bytes.buffer);
      view.setUint32(LSA_HEADER_LENGTH, mask);
      view.setUint32(24, (metric | (type2 ? TYPE2 : 0)) >>> 0);
      view.setUint32(28, forwarding);
      view.setUint32(32, tag);
      return bytes;
    }
  }
}

/** Links that one router advertises at most: what 65,535 bytes hold. */
export const MAX_ROUTER_LINKS = Math.floor((0xffff - ROUTER_LINKS) / ROUTER_LINK_LENGTH);

function writeRouter(body: RouterBody): Uint8Array {
  const bytes = new Uint8Array(ROUTER_LINKS + body.links.length * ROUTER_LINK_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint8(LSA_HEADER_LENGTH, body.flags);
  view.setUint16(22, body.links.length);
  let at = ROUTER_LINKS;
  for (const link of body.links) {
    view.setUint32(at, link.id);
    view.setUint32(at + 4, link.data);
    view.setUint8(at + 8, link.type);
    view.setUint16(at + 10, link.metric);
    at += ROUTER_LINK_LENGTH;
  }
  return bytes;
}

function writeNetwork(body: NetworkBody): Uint8Array {
  const bytes = new Uint8Array(LSA_HEADER_LENGTH + 4 + body.routers.length * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(LSA_HEADER_LENGTH, body.mask);
  let at = LSA_HEADER_LENGTH + 4;
  for (const router of body.routers) {
    view.setUint32(at, router);
    at += 4;
  }
  return bytes;
}
