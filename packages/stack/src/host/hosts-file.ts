import type { IpAddress } from '../base/ip-address.ts';

/**
 * Names and addresses as in `/etc/hosts`: what a host knows without asking anybody. A network keeps one for all of
 * its hosts until they have DNS.
 */
export class HostsFile {
  /** Another number whenever something changes: who makes something of it makes it anew. */
  generation = 0;
  private readonly byName = new Map<string, IpAddress[]>();
  private readonly byAddress = new Map<string, string>();

  /** `names[0]` is the canonical name: what a reverse look-up gives. */
  add(address: IpAddress, ...names: string[]): void {
    this.generation++;
    for (const name of names) {
      const key = name.toLowerCase();
      const known = this.byName.get(key);
      if (known === undefined) this.byName.set(key, [address]);
      else if (!known.some((other) => other.equals(address))) known.push(address);
    }
    const text = address.toString();
    if (names.length > 0 && !this.byAddress.has(text)) this.byAddress.set(text, names[0]!);
  }

  /** Takes an address out, with all its names. */
  remove(address: IpAddress): void {
    this.generation++;
    this.byAddress.delete(address.toString());
    for (const [name, addresses] of this.byName) {
      const left = addresses.filter((other) => !other.equals(address));
      if (left.length === 0) this.byName.delete(name);
      else if (left.length < addresses.length) this.byName.set(name, left);
    }
  }

  /** All addresses of a name (case does not matter); empty when it is unknown. */
  lookup(name: string): IpAddress[] {
    return this.byName.get(name.toLowerCase()) ?? [];
  }

  /** The canonical name of an address, or null. */
  reverse(address: IpAddress): string | null {
    return this.byAddress.get(address.toString()) ?? null;
  }

  /** Each address with its names, the canonical one first. */
  entries(): [address: IpAddress, names: string[]][] {
    const lines = new Map<string, [IpAddress, string[]]>();
    for (const [name, addresses] of this.byName) {
      for (const address of addresses) {
        const text = address.toString();
        const line = lines.get(text);
        if (line === undefined) lines.set(text, [address, [name]]);
        else if (this.byAddress.get(text)?.toLowerCase() === name) line[1].unshift(name);
        else line[1].push(name);
      }
    }
    return [...lines.values()];
  }

  /** As the file reads: an address and its names on each line. */
  toString(): string {
    return this.entries()
      .map(([address, names]) => `${address}\t${names.join(' ')}\n`)
      .join('');
  }
}
