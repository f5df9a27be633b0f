import { IpAddress } from '@netarium/stack';
import { MemoryFiles } from '@netarium/stack/host/memory-files';
import { expect } from 'vitest';
import type { Network } from './network.ts';
import { Conversations } from './testing/conversation.ts';

const conversations = new Conversations();

const soa = (origin: string) => `$TTL 1h\n${origin} SOA ns.${origin} hostmaster.${origin} 1 1h 15m 1w 5m\n`;
const FILES = {
  '/root.zone':
    '$TTL 1h\n. SOA root. hostmaster. 1 1h 15m 1w 5m\n. NS root.\nroot. A 10.0.0.2\nlab. NS ns.lab.\nns.lab. A 10.0.0.3\n',
  '/lab.zone': `${soa('lab.')}@ NS ns\nns A 10.0.0.3\nwww A 10.0.0.80\nwww AAAA 2001:db8::80\nalias CNAME www
@ MX 10 mail\n@ TXT "v=spf1 -all" "ä"\n_http._tcp SRV 0 5 80 www\nodd TYPE731 \\# 3 0a0b0c\nh HINFO PC Linux\n* TXT any
long TXT ${Array.from({ length: 10 }, () => `"${'x'.repeat(200)}"`).join(' ')}\n`,
  '/root.hints': '. 1d NS root.\nroot. 1d A 10.0.0.2\n',
};

/** A root, a domain, a resolver and a client on one switch. */
function build(network: Network): (line: string) => Promise<string> {
  network.switch('sw');
  for (const [name, number] of Object.entries({ root: 2, lab: 3, resolver: 53, alice: 10 })) {
    const host = network.host(name, { interfaces: { eth0: `10.0.0.${number}/24` } });
    network.link([`${name}:eth0`, 'sw'], { delay: '1ms' });
    host.files.mount('/', new MemoryFiles(FILES));
  }
  network.hostNamed('root').start('dnsd root.zone');
  network.hostNamed('lab').start('dnsd lab.zone');
  network.hostNamed('resolver').start('dnsd -r -H root.hints');
  const alice = network.hostNamed('alice');
  alice.useNameServers([IpAddress.parse('10.0.0.53')!], 'lab');
  return async (line) => {
    let text = '';
    const write = (bytes: Uint8Array) => void (text += new TextDecoder().decode(bytes));
    await network.run(() => alice.start(line, { stdout: { write }, stderr: { write } }).exited);
    return text;
  };
}

conversations.it('DNS: every type that is known, and one that is not', {}, async (network, start) => {
  const says = build(network);
  start();
  for (const type of ['a', 'aaaa', 'mx', 'ns', 'soa', 'txt', 'any']) {
    expect(await says(`dig ${type.length < 3 || type === 'aaaa' ? 'www.lab' : 'lab'} ${type}`)).toContain(
      'status: NOERROR',
    );
  }
  expect(await says('dig +short alias.lab')).toBe('www.lab.\n10.0.0.80\n');
  expect(await says('dig +short _http._tcp.lab srv')).toBe('0 5 80 www.lab.\n');
  expect(await says('dig +short odd.lab type731')).toBe('\\# 3 0A0B0C\n');
  expect(await says('dig +short h.lab hinfo')).toBe('"PC" "Linux"\n');
  expect(await says('dig +short whatever.lab txt')).toBe('"any"\n');
  expect(await says('dig +noedns +short -x 10.0.0.80')).toBe('');
});

conversations.it('DNS: over TCP, truncated, refused, and by the sockets of a host', {}, async (network, start) => {
  const says = build(network);
  start();
  expect(await says('dig +tcp www.lab')).toContain('(TCP)');
  expect(await says('dig @10.0.0.3 long.lab txt')).toContain('Truncated, retrying in TCP mode');
  expect(await says('dig +short long.lab txt')).toContain('xxx');
  expect(await says('dig @10.0.0.3 lab axfr')).toContain('Transfer failed');
  expect(await says('dig @10.0.0.3 elsewhere')).toContain('status: REFUSED');
  expect(await says('ping -c 1 -W 1 www')).toContain('PING www (10.0.0.80)');
});

conversations.judge();
