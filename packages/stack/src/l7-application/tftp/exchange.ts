import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import type { SocketAddress } from '../../l5-session/addresses.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { TftpLimits } from './limits.ts';
import type { TftpTerms } from './options.ts';
import { ErrorCode, errorPacket, Op, parseTftp, type TftpPacket } from './packet.ts';
import { TftpReceiver, TftpSender } from './transfer.ts';

/** Why a transfer failed: a code of RFC 1350 5 and a message, ours or the peer's. */
export class TftpError extends Error {
  readonly code: number;
  /** The peer said so, and must not be told again. */
  readonly remote: boolean;

  constructor(code: number, message: string, remote = false) {
    super(message);
    this.code = code;
    this.remote = remote;
  }
}

const DATAGRAM_BYTES = 65_535;

/**
 * One end of a transfer: a socket of its own, whose port is this end's transfer identifier, and the peer, whose port is
 * fixed by its first packet. Waits, sends again, and gives up. Fails with a TftpError, or a NetError of the socket.
 */
export class TftpExchange {
  /** Packets that were sent because the time was up. */
  timeouts = 0;
  private readonly socket: Socket;
  private readonly clock: Clock;
  private readonly limits: TftpLimits;
  private peer: SocketAddress;
  private peerKnown: boolean;
  /** Sends in their order; the datagram's fate is the network's. */
  private sending: Promise<unknown> = Promise.resolve();

  constructor(socket: Socket, clock: Clock, limits: TftpLimits, peer: SocketAddress, peerKnown: boolean) {
    this.socket = socket;
    this.clock = clock;
    this.limits = limits;
    this.peer = peer;
    this.peerKnown = peerKnown;
  }

  readonly send = (bytes: Uint8Array): void => this.sendTo(bytes, this.peer);

  private sendTo(bytes: Uint8Array, to: SocketAddress): void {
    this.sending = this.sending
      .then(() => this.socket.sendto(bytes, to))
      .catch((error) => {
        if (!(error instanceof NetError)) throw error;
      });
  }

  /** What has been sent is on its way. */
  async flush(): Promise<void> {
    await this.sending;
  }

  /** Sends a request until it is answered: the client's beginning. */
  async ask(request: Uint8Array): Promise<TftpPacket> {
    this.send(request);
    let first: TftpPacket | null = null;
    await this.until(
      null,
      () => first !== null,
      () => this.send(request),
      (packet) => {
        first = packet;
        return true;
      },
    );
    return first!;
  }

  /** Sends a file, after `hello` (an OACK) has been acknowledged. */
  async sendFile(data: Uint8Array, terms: TftpTerms, hello: Uint8Array | null): Promise<TftpSender> {
    const sender = new TftpSender(data, terms.blockBytes, terms.windowBlocks, this.send);
    let begun = hello === null;
    const again = () => (begun ? sender.sendWindow() : this.send(hello!));
    again();
    await this.until(
      terms.timeoutSeconds,
      () => sender.done,
      again,
      (packet) => {
        if (packet.op === Op.Ack && begun) return sender.acknowledge(packet.block);
        if (packet.op === Op.Ack && packet.block === 0) {
          begun = true;
          sender.sendWindow();
          return true;
        }
        // The peer has not heard that we have: its OACK once more.
        if (packet.op === Op.Ack || packet.op === Op.Oack) return false;
        throw unexpected(packet);
      },
    );
    return sender;
  }

  /**
   * Gets a file; `first` is its first block, where that was the answer to a request. `keep` stores it: only then is the
   * last block acknowledged. Then, for as long as the peer might send that block again, it is acknowledged again.
   */
  async receiveFile(
    terms: TftpTerms,
    hello: Uint8Array,
    first: TftpPacket | null,
    keep: (data: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const receiver = new TftpReceiver(terms.blockBytes, terms.windowBlocks, hello, this.send);
    const take = (packet: TftpPacket): boolean => {
      if (packet.op === Op.Oack) {
        if (receiver.size === 0) receiver.acknowledge();
        return false;
      }
      if (packet.op !== Op.Data) throw unexpected(packet);
      const news = receiver.take(packet.block, packet.data);
      if (news === null) throw new TftpError(ErrorCode.IllegalOperation, `A block of ${packet.data.length} bytes`);
      if (receiver.size > this.limits.fileBytes) throw new TftpError(ErrorCode.DiskFull, 'File too large');
      return news;
    };
    if (first === null) receiver.acknowledge();
    else take(first);
    const again = () => receiver.acknowledge();
    await this.until(terms.timeoutSeconds, () => receiver.complete, again, take);
    await keep(receiver.file());
    receiver.finish();
    await this.dally(receiver, terms.timeoutSeconds ?? this.limits.timeoutSeconds);
  }

  /** RFC 1350 6: "the host acknowledging the final DATA packet may wait for a while before terminating". */
  private async dally(receiver: TftpReceiver, timeoutSeconds: number): Promise<void> {
    for (let end = this.clock.now + 3.5e9 * timeoutSeconds; ; ) {
      const packet = await this.next(end);
      if (packet === null || packet.op === Op.Error) return;
      if (packet.op === Op.Data) receiver.take(packet.block, packet.data);
      // Whoever had to send it again waits longer the next time.
      end = Math.max(
        end,
        Math.min(this.clock.now + 2.5e9 * this.limits.timeoutMostSeconds, end + 2e9 * timeoutSeconds),
      );
    }
  }

  /** Takes packets until `done`; whenever nothing new has come in time, `again`. */
  private async until(
    fixedSeconds: number | null,
    done: () => boolean,
    again: () => void,
    take: (packet: TftpPacket) => boolean,
  ): Promise<void> {
    const { clock, limits } = this;
    const firstNs = (fixedSeconds ?? limits.timeoutSeconds) * 1e9;
    const giveUpNs = Math.max(limits.giveUpSeconds * 1e9, 5 * (fixedSeconds ?? 0) * 1e9);
    let waitNs = firstNs;
    let progressAt = clock.now;
    let againAt = clock.now + waitNs;
    while (!done()) {
      const packet = await this.next(againAt);
      if (packet === null) {
        if (clock.now - progressAt >= giveUpNs) throw new TftpError(ErrorCode.NotDefined, 'Transfer timed out');
        this.timeouts++;
        again();
        if (fixedSeconds === null) waitNs = Math.min(waitNs * 2, limits.timeoutMostSeconds * 1e9);
        againAt = clock.now + waitNs;
        continue;
      }
      if (packet.op === Op.Error) throw new TftpError(packet.code, packet.message, true);
      if (!take(packet)) continue;
      waitNs = firstNs;
      progressAt = clock.now;
      againAt = clock.now + waitNs;
    }
  }

  /** The next packet of the peer; null: none by `deadlineNs`. */
  private async next(deadlineNs: number): Promise<TftpPacket | null> {
    const { socket, clock } = this;
    for (;;) {
      if (clock.now >= deadlineNs) return null;
      socket.settimeout((deadlineNs - clock.now) / 1e9);
      let bytes: Uint8Array;
      let from: SocketAddress | null;
      try {
        [bytes, from] = await socket.recvfrom(DATAGRAM_BYTES);
      } catch (error) {
        if (error instanceof NetError && (error.code === 'ETIMEDOUT' || error.code === 'EAGAIN')) return null;
        if (error instanceof NetError && error.code === 'ECONNREFUSED') continue;
        throw error;
      }
      if (from === null || from[0] !== this.peer[0] || (this.peerKnown && from[1] !== this.peer[1])) {
        // Another's, perhaps of an earlier transfer: it is told, and this one goes on (RFC 1350 4).
        if (from !== null) this.sendTo(errorPacket(ErrorCode.UnknownTransferId, 'Unknown transfer ID'), from);
        continue;
      }
      const packet = parseTftp(bytes);
      if (typeof packet === 'string') throw new TftpError(ErrorCode.IllegalOperation, `Malformed packet: ${packet}`);
      if (!this.peerKnown) {
        this.peer = from;
        this.peerKnown = true;
      }
      return packet;
    }
  }
}

function unexpected(packet: TftpPacket): TftpError {
  return new TftpError(ErrorCode.IllegalOperation, `Unexpected packet with opcode ${packet.op}`);
}
