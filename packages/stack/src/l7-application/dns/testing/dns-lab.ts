import { IpAddress } from '../../../base/ip-address.ts';
import { utf8Decode } from '../../../base/utf8.ts';
import type { Host } from '../../../host/host.ts';
import { MemoryFiles } from '../../../host/memory-files.ts';
import type { Process } from '../../../host/process.ts';
import { Network } from '../../../network/network.ts';
import { FakePlatform } from '../../../network/testing/fake-platform.ts';

/** What a command said and how it ended. */
export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

const soa = (origin: string, server: string) =>
  `$TTL 1h\n${origin} SOA ${server} hostmaster.${origin === '.' ? '' : origin} 1 1h 15m 1w 5m\n${origin} NS ${server}\n`;

export const FILES: Readonly<Record<string, string>> = {
  '/root.zone': `${soa('.', 'root.')}root. A 10.0.0.2
example. NS ns.example.
ns.example. A 10.0.0.3
`,
  '/example.zone': `${soa('example.', 'ns.example.')}ns A 10.0.0.3
shop NS ns.shop
ns.shop A 10.0.0.4
moved CNAME www.shop
`,
  '/shop.example.zone': `${soa('shop.example.', 'ns.shop.example.')}ns A 10.0.0.4
www A 10.0.0.80
www A 10.0.0.81
alias CNAME www
@ MX 10 mail
mail A 10.0.0.25
@ TXT "v=spf1 -all" "two"
_http._tcp SRV 0 5 80 www
long TXT ${Array.from({ length: 10 }, (_, i) => `"${String(i).repeat(200)}"`).join(' ')}
odd TYPE731 \\# 3 0a0B0C
`,
  '/root.hints': '. 1d NS root.\nroot. 1d A 10.0.0.2\n',
};

/**
 * The root, a top-level domain, a zone below it, a resolver and a client, on one switch:
 *
 *     root 10.0.0.2 --.                  .-- resolver 10.0.0.53
 *     tld 10.0.0.3  --+---- sw ----------+
 *     shop 10.0.0.4 --'                  '-- alice 10.0.0.10
 */
export class DnsLab {
  readonly network: Network;
  readonly alice: Host;
  readonly resolver: Host;

  constructor(start = true, more: Readonly<Record<string, string>> = {}) {
    const network = new Network({ platform: new FakePlatform() });
    this.network = network;
    network.pool.track();
    network.switch('sw');
    const machines = { root: 2, tld: 3, shop: 4, resolver: 53, alice: 10 };
    for (const [name, number] of Object.entries(machines)) {
      const host = network.host(name, { interfaces: { eth0: `10.0.0.${number}/24` } });
      network.link([`${name}:eth0`, 'sw'], { delay: '1ms' });
      host.files.mount('/', new MemoryFiles({ ...FILES, ...more }));
    }
    this.alice = network.hostNamed('alice');
    this.resolver = network.hostNamed('resolver');
    this.alice.nameServers.set('test', [IpAddress.parse('10.0.0.53')!], 'example');
    if (!start) return;
    this.start('root', 'dnsd root.zone');
    this.start('tld', 'dnsd example.zone');
    this.start('shop', 'dnsd shop.example.zone');
    this.start('resolver', 'dnsd -r -H root.hints');
  }

  /** Starts a service; what it complains of fails the test. */
  start(host: string, line: string): Process {
    return this.network.hostNamed(host).start(line, {
      stderr: {
        write: (bytes) => {
          throw new Error(`${host}: ${line}: ${utf8Decode(bytes)}`);
        },
      },
    });
  }

  async run(host: string, line: string): Promise<Ran> {
    let out = '';
    let err = '';
    const code = await this.network.run(
      () =>
        this.network.hostNamed(host).start(line, {
          stdout: { write: (bytes) => void (out += utf8Decode(bytes)) },
          stderr: { write: (bytes) => void (err += utf8Decode(bytes)) },
        }).exited,
    );
    return { out, err, code };
  }

  /** What a command at alice's prompt prints. */
  async says(line: string): Promise<string> {
    const { out, err } = await this.run('alice', line);
    return out + err;
  }
}
