/**
 * The receiver's side of selective acknowledgement (RFC 2018, D-SACK: RFC 2883): which blocks to tell, newest first.
 * A connection has one of these only once something came out of order.
 */
import { seqLessEq } from './sequence.ts';

/** Four blocks fit in the options, three beside timestamps (RFC 2018 3). */
export const MAX_BLOCKS = 4;

export class SackBlocks {
  /** Blocks to tell: left and right edges in turn; a D-SACK block, if there is one, is put first by `write`. */
  count = 0;
  readonly edges: Int32Array = new Int32Array(MAX_BLOCKS * 2);
  private duplicate = false;
  private duplicateLeft = 0;
  private duplicateRight = 0;
  private readonly out = new Int32Array(MAX_BLOCKS * 2);

  /**
   * RFC 2018 4: "the first SACK block MUST specify the contiguous block of data containing the segment which triggered
   * this ACK", then the most recently told ones that are no part of it.
   */
  record(left: number, right: number): void {
    const { edges } = this;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const l = edges[i * 2]!;
      const r = edges[i * 2 + 1]!;
      const touches = seqLessEq(l, right) && seqLessEq(left, r);
      if (touches) continue;
      edges[kept * 2] = l;
      edges[kept * 2 + 1] = r;
      kept++;
    }
    if (kept === MAX_BLOCKS) kept--;
    edges.copyWithin(2, 0, kept * 2);
    edges[0] = left;
    edges[1] = right;
    this.count = kept + 1;
  }

  /** RFC 2883 4: these bytes came a second time; told once. */
  recordDuplicate(left: number, right: number): void {
    this.duplicate = true;
    this.duplicateLeft = left;
    this.duplicateRight = right;
  }

  /** The cumulative acknowledgement went on: blocks at or below it are no news. */
  advance(rcvNxt: number): void {
    const { edges } = this;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (seqLessEq(edges[i * 2 + 1]!, rcvNxt)) continue;
      edges[kept * 2] = edges[i * 2]!;
      edges[kept * 2 + 1] = edges[i * 2 + 1]!;
      kept++;
    }
    this.count = kept;
  }

  /** How many blocks there are to tell, of at most `most`. */
  pending(most: number): number {
    return Math.min(most, this.count + (this.duplicate ? 1 : 0));
  }

  /** The edges to write, for the `count` that `pending` returned; the D-SACK block is thereby told. */
  take(count: number): Int32Array {
    if (!this.duplicate) return this.edges;
    this.duplicate = false;
    const { out } = this;
    out[0] = this.duplicateLeft;
    out[1] = this.duplicateRight;
    for (let i = 2; i < count * 2; i++) out[i] = this.edges[i - 2]!;
    return out;
  }
}
