import { NetError } from '../../../base/errors.ts';
import { utf8Decode, utf8Encode } from '../../../base/utf8.ts';
import { leasesText, readLeases } from '../../../l7-application/dhcp/lease-file.ts';
import type { Lease } from '../../../l7-application/dhcp/leases.ts';
import { resolvePath } from '../../files.ts';
import type { Process } from '../../process.ts';

/** The file in which a DHCP server keeps its leases; none: it forgets them when it ends. */
export class LeaseStore {
  private readonly process: Process;
  private readonly file: string | null;
  private next: string | null = null;
  private writing = false;

  constructor(process: Process, file: string | null) {
    this.process = process;
    this.file = file === null ? null : resolvePath('/', file);
  }

  /** What is there; what cannot be read of it is told. */
  async read(): Promise<Lease[]> {
    if (this.file === null) return [];
    try {
      const { leases, problems } = readLeases(utf8Decode(await this.process.host.files.read(this.file)));
      for (const { line, what } of problems) this.process.complain(`dhcpd: ${this.file}:${line}: ${what}\n`);
      return leases;
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      // The first time there is none.
      if (error.code !== 'ENOENT') this.complain(error);
      return [];
    }
  }

  /** Stores them all; while one version is being written only the last of the next ones counts. */
  write(leases: readonly Lease[]): void {
    if (this.file === null) return;
    this.next = leasesText(leases);
    if (!this.writing) void this.writeAll(this.file);
  }

  private async writeAll(file: string): Promise<void> {
    this.writing = true;
    try {
      while (this.next !== null) {
        const text = this.next;
        this.next = null;
        await this.process.host.files.write(file, utf8Encode(text));
      }
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      this.complain(error);
    } finally {
      this.writing = false;
    }
  }

  private complain(error: NetError): void {
    this.process.complain(`dhcpd: ${this.file}: ${error.text}\n`);
  }
}
