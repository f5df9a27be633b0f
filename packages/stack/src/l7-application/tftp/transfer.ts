import { ackPacket, dataPacket } from './packet.ts';

/** Takes a packet for the peer. */
export type SendPacket = (bytes: Uint8Array) => void;

/**
 * The end that has the file. Blocks are counted from 1 and on past 65,535, of which 16 bits are on the wire.
 *
 * An acknowledgement of something older than the last one is a duplicate, and nothing is sent because of it: who sends
 * DATA for each ACK that comes sends everything twice from the first delayed packet on (the Sorcerer's Apprentice,
 * RFC 1123 4.2.3.1). Only time sends again.
 */
export class TftpSender {
  /** All blocks have been acknowledged. */
  done = false;
  /** DATA packets that were sent, those that were sent again included. */
  sent = 0;
  private readonly data: Uint8Array;
  private readonly blockBytes: number;
  private readonly windowBlocks: number;
  private readonly blocks: number;
  private readonly send: SendPacket;
  /** The last block that was acknowledged, and the last that was sent. */
  private acknowledged = 0;
  private last = 0;

  constructor(data: Uint8Array, blockBytes: number, windowBlocks: number, send: SendPacket) {
    this.data = data;
    this.blockBytes = blockBytes;
    this.windowBlocks = windowBlocks;
    // A block that is not full ends the file: after a whole number of blocks comes an empty one.
    this.blocks = Math.floor(data.length / blockBytes) + 1;
    this.send = send;
  }

  /** Sends the window after what has been acknowledged: to begin with, and when the time is up. */
  sendWindow(): void {
    const end = Math.min(this.acknowledged + this.windowBlocks, this.blocks);
    for (let block = this.acknowledged + 1; block <= end; block++) {
      const from = (block - 1) * this.blockBytes;
      this.send(dataPacket(block, this.data.subarray(from, from + this.blockBytes)));
      this.sent++;
    }
    this.last = end;
  }

  /** True: it was news. One in the middle of a window says that what follows was lost (RFC 7440 4). */
  acknowledge(block: number): boolean {
    const news = (block - this.acknowledged) & 0xffff;
    if (news === 0 || news > this.last - this.acknowledged) return false;
    this.acknowledged += news;
    if (this.acknowledged === this.blocks) this.done = true;
    else this.sendWindow();
    return true;
  }
}

/**
 * The end that gets the file. It acknowledges the last block of each window, the last one before a gap, and, when the
 * sender begins its window again, the end of what the sender sends then: so each window has one answer.
 */
export class TftpReceiver {
  /** The last block has come; it is `finish` that acknowledges it. */
  complete = false;
  /** Bytes so far. */
  size = 0;
  private readonly pieces: Uint8Array[] = [];
  private readonly blockBytes: number;
  private readonly windowBlocks: number;
  private readonly send: SendPacket;
  /** What stands for the acknowledgement of block 0: ACK 0, or an OACK. */
  private readonly hello: Uint8Array;
  private received = 0;
  /** The block that ends the sender's window, as far as this end can know. */
  private windowEnd: number;
  private lastSeen = 0;
  private gapTold = false;
  private finished = false;

  constructor(blockBytes: number, windowBlocks: number, hello: Uint8Array, send: SendPacket) {
    this.blockBytes = blockBytes;
    this.windowBlocks = windowBlocks;
    this.hello = hello;
    this.send = send;
    this.windowEnd = windowBlocks;
  }

  /** Says how far it has got: to begin with, and when the time is up. */
  acknowledge(): void {
    if (this.complete && !this.finished) return; // the file is being written
    this.send(this.received === 0 ? this.hello : ackPacket(this.received));
    this.windowEnd = this.received + this.windowBlocks;
    this.gapTold = false;
  }

  /** A block. True: it was the next one. Null: it is longer than blocks are. The bytes are kept, not copied. */
  take(block: number, data: Uint8Array): boolean | null {
    if (data.length > this.blockBytes) return null;
    // The count nearest to what has come, of those with these 16 bits.
    const ahead = ((block - this.received + 0x8000) & 0xffff) - 0x8000;
    const count = this.received + ahead;
    if (ahead === 1 && !this.complete) {
      this.received = count;
      this.lastSeen = count;
      this.gapTold = false;
      this.pieces.push(data);
      this.size += data.length;
      if (data.length < this.blockBytes) this.complete = true;
      else if (count >= this.windowEnd) this.acknowledge();
      return true;
    }
    if (ahead > 1) {
      // Lost in between. The rest of the window says nothing new.
      if (ahead <= this.windowBlocks && !this.gapTold) {
        this.acknowledge();
        this.gapTold = true;
      }
      return false;
    }
    if (count <= 0) return false;
    if (count <= this.lastSeen) this.windowEnd = count + this.windowBlocks - 1; // begins again
    this.lastSeen = count;
    if (count === this.windowEnd || this.complete) this.acknowledge();
    return false;
  }

  /** The file is safe: the last block is acknowledged, now and whenever it comes again. */
  finish(): void {
    this.finished = true;
    this.acknowledge();
  }

  /** All that has come. */
  file(): Uint8Array {
    const whole = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
