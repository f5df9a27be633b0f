import { Errno, NetError } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import { utf8Encode } from '../base/utf8.ts';
import type { FileStat, Files } from './files.ts';
import type { HostsFile } from './hosts-file.ts';
import type { Mounts } from './mounts.ts';
import type { NameServers } from './name-servers.ts';

/** What a host knows of names. */
export interface NameKnowledge {
  readonly files: Mounts;
  readonly names: HostsFile;
  readonly nameServers: NameServers;
  /** Whether it knows an address of the hosts file by heart. */
  readonly resolver: { isKnown(address: IpAddress): boolean };
}

const OWN = ['hosts', 'resolv.conf'];

/**
 * What a host knows of names as the files that people look for: `/etc/hosts`, `/etc/resolv.conf`. Made when they are read.
 * Whatever else is in `/etc`, and files of these names too, may be mounted with the root.
 */
export class EtcFiles implements Files {
  private readonly host: NameKnowledge;

  constructor(host: NameKnowledge) {
    this.host = host;
  }

  get immediate(): boolean {
    return this.root === null || this.root.immediate === true;
  }

  async stat(path: string): Promise<FileStat | null> {
    const stat = (await this.root?.stat(`/etc${path}`)) ?? null;
    if (stat !== null) return stat;
    if (path === '/') return { kind: 'directory', size: 0, modifiedMs: 0 };
    const text = this.text(path);
    return text === null ? null : { kind: 'file', size: utf8Encode(text).length, modifiedMs: 0 };
  }

  async read(path: string): Promise<Uint8Array> {
    const text = this.text(path);
    if (this.root !== null && (text === null || (await this.root.stat(`/etc${path}`)) !== null)) {
      return this.root.read(`/etc${path}`);
    }
    if (text === null) throw new NetError(path === '/' ? Errno.EISDIR : Errno.ENOENT, 'open', path);
    return utf8Encode(text);
  }

  async list(path: string): Promise<string[]> {
    const there = (await this.root?.stat(`/etc${path}`)) ?? null;
    if (path !== '/') {
      if (there !== null) return this.root!.list(`/etc${path}`);
      throw new NetError(this.text(path) === null ? Errno.ENOENT : Errno.ENOTDIR, 'scandir', path);
    }
    const others = there?.kind === 'directory' ? await this.root!.list('/etc') : [];
    return [...new Set([...OWN, ...others])].sort();
  }

  /** Our own say what is so: to write there would change nothing. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    if (this.root === null) throw new NetError(Errno.EACCES, 'open', path);
    return this.root.write(`/etc${path}`, bytes);
  }

  private get root(): Files | null {
    return this.host.files.mountedAt('/');
  }

  private text(path: string): string | null {
    if (path === '/resolv.conf') return String(this.host.nameServers);
    if (path !== '/hosts') return null;
    const known = this.host.names.entries().filter(([address]) => this.host.resolver.isKnown(address));
    const lines = known.map(([address, names]) => `${address}\t${names.join(' ')}\n`);
    return `127.0.0.1\tlocalhost\n::1\tlocalhost\n${lines.join('')}`;
  }
}
