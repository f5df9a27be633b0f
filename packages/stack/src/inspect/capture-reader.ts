import type { CaptureFile } from './capture-file.ts';
import { isPcap, readPcap } from './pcap-reader.ts';
import { isPcapng, readPcapng } from './pcapng-reader.ts';

/** Reads a capture file of either format, in either byte order. Never fails: `problems` tells what is wrong. */
export function readCapture(bytes: Uint8Array): CaptureFile {
  if (isPcapng(bytes)) return readPcapng(bytes);
  if (isPcap(bytes)) return readPcap(bytes);
  return {
    format: 'unknown',
    interfaces: [],
    packets: [],
    names: new Map(),
    comments: [],
    hardware: '',
    operatingSystem: '',
    application: '',
    problems: ['not a capture file: it begins with no magic number of pcapng or pcap'],
  };
}
