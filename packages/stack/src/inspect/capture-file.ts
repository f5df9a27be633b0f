import type { Direction } from '../base/trace.ts';

/** One packet of a capture file. */
export interface CapturedPacket {
  /** From 1, in the file's order, as Wireshark counts. */
  readonly number: number;
  /** Into `CaptureFile.interfaces`. */
  readonly interfaceIndex: number;
  readonly linkType: number;
  /** Time of day: seconds since 1970 (or since whatever the writer's clock began) and nanoseconds below them. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Nanoseconds since the file's first packet; negative when the file is not in order. */
  readonly timeNs: number;
  /** What was kept of it: a view into the file. */
  readonly bytes: Uint8Array;
  /** How long it was on the wire. */
  readonly originalLength: number;
  readonly comments: readonly string[];
  /** Null when the file does not say. */
  readonly direction: Direction | null;
  /** Names the packet on every interface that it passed; 0 when the file does not say. */
  readonly packetId: number;
  /** The file says that the frame check sequence did not match. */
  readonly crcError: boolean;
}

export interface CaptureInterface {
  readonly name: string;
  readonly description: string;
  readonly linkType: number;
  /** 0: unlimited. */
  readonly snapLength: number;
  /** 0 when the file does not say. */
  readonly speedBps: number;
  /** Bytes of frame check sequence at the end of each packet: 0 when there is none, -1 when the file does not say. */
  readonly fcsLength: number;
  readonly filter: string;
}

export interface CaptureFile {
  readonly format: 'pcapng' | 'pcap' | 'unknown';
  readonly interfaces: CaptureInterface[];
  readonly packets: CapturedPacket[];
  /** Names by address, both as text. */
  readonly names: Map<string, string[]>;
  readonly comments: string[];
  readonly hardware: string;
  readonly operatingSystem: string;
  readonly application: string;
  /** What is wrong with the file, each with the offset; reading goes as far as the file makes sense. */
  readonly problems: string[];
}
