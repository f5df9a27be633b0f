import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { ServiceLab } from '../../l7-application/testing/service-lab.ts';
import { MemoryFiles } from '../memory-files.ts';

const ZONE = `$TTL 1h
example. SOA ns.example. root.example. 1 1h 15m 1w 5m
example. NS ns.example.
ns.example. A 10.0.0.1
shop.example. MX 20 backup.example.
shop.example. MX 10 mx.example.
mx.example. A 10.0.0.3
backup.example. A 10.0.0.99
none.example. MX 0 .
`;

/** The server sends on for alice, and bob is the server of shop.example. */
function lab(): ServiceLab {
  const made = new ServiceLab({ '/example.zone': ZONE });
  made.serve('dnsd example.zone');
  for (const host of [made.server, made.alice]) host.nameServers.set('test', [IpAddress.parse('10.0.0.1')!]);
  return made;
}

const text = async (made: ServiceLab, host: 'server' | 'bob', command: string) => (await made.run(host, command)).out;

describe('mail', () => {
  it('goes by MX from server to server into a mailbox, where it is read', async () => {
    const made = lab();
    made.serve('smtpd -v');
    made.bob.start('smtpd -d shop.example sales');
    const sent = await made.run(
      'alice',
      'mail -S 10.0.0.1 -s hello -r alice@server sales@shop.example',
      'Hi.\n.\nFrom me\n',
    );
    expect(sent).toEqual({ out: '', err: '', code: 0 });
    await made.pass(5);
    expect(await text(made, 'bob', 'mail -u sales')).toMatch(/^ {3}1 alice@server .* hello\n$/);
    expect(await text(made, 'bob', 'mail -u sales 1')).toMatch(
      /^Return-Path: <alice@server>\nReceived: from server .*\n\tby shop\.example[\s\S]*\n\nHi\.\n\.\nFrom me\n$/,
    );
    expect(await text(made, 'bob', 'cat /var/mail/sales')).toMatch(/^From alice@server [\s\S]*\n>From me\n\n$/);
    await made.run('bob', 'mail -u sales -d 1');
    expect(await text(made, 'bob', 'mail -u sales')).toBe('No mail for sales\n');
    expect(made.said).toMatch(/to=<sales@shop\.example> sent: 250 OK/);
    await made.pass(300);
    expect(made.network.pool.outstanding).toBe(0);
  });

  it('waits for a server that is not there, and comes back when it never is', async () => {
    const made = lab();
    made.serve('smtpd -v -r 60 -g 3600 root');
    const send = (to: string) => made.run('alice', `mail -S 10.0.0.1 -m text -r root@server ${to}`);
    expect((await send('sales@shop.example')).code).toBe(0);
    await made.pass(30);
    expect(made.said).toMatch(/sales@shop\.example> deferred/);
    made.bob.start('smtpd -d shop.example');
    await made.pass(1000);
    expect(await text(made, 'bob', 'mail -u sales')).toContain('root@server');
    // No such domain, a domain without mail, and a server that never comes.
    for (const to of ['x@nowhere.example', 'x@none.example', 'x@[10.0.0.77]']) expect((await send(to)).code).toBe(0);
    await made.pass(7200);
    const list = await text(made, 'server', 'mail -u root');
    expect(list.match(/Undelivered Mail Returned to Sender/g)).toHaveLength(3);
    const report = await text(made, 'server', 'mail -u root 3');
    expect(report).toContain('Return-Path: <>\n');
    expect(report).toContain('Final-Recipient: rfc822; x@[10.0.0.77]\nAction: failed\n');
    await made.pass(300);
    expect(made.network.pool.outstanding).toBe(0);
  });

  it('is refused for whom there is not, and for others from elsewhere', async () => {
    const made = lab();
    made.serve('smtpd -n 192.0.2.0/24 root');
    const said = async (to: string) => (await made.run('alice', `mail -S server -m x ${to}`)).err;
    expect(await said('nobody@server')).toBe('mail: nobody@server: 550 No such user here\n');
    expect(await said('x@shop.example')).toBe('mail: x@shop.example: 550 Relaying denied\n');
    expect((await made.run('alice', 'mail -m x -S 10.0.0.2 a@b')).err).toContain('Connection refused');
    expect((await made.run('alice', 'mail')).code).toBe(2);
    expect((await made.run('alice', 'mail "a b@c"')).code).toBe(2);
    expect((await made.run('server', 'smtpd')).err).toContain('Address already in use');
  });

  it('without a server of its own a host sends to that of the receiver, and files may hold a mailbox', async () => {
    const made = lab();
    made.bob.files.mount('/var/mail', new MemoryFiles({ '/sales': 'From x@y Thu\nSubject: old\n\nhi\n\n' }));
    made.bob.start('smtpd -d shop.example sales');
    expect(await made.run('alice', 'mail -v -s new -m x sales@shop.example')).toMatchObject({ code: 0, err: '' });
    expect((await text(made, 'bob', 'mail -u sales')).split('\n')).toEqual([
      expect.stringContaining('old'),
      expect.stringContaining('new'),
      '',
    ]);
  });

  it('is fetched over POP3', async () => {
    const made = lab();
    made.serve('smtpd bob');
    made.serve('pop3d bob:secret');
    for (const n of [1, 2]) await made.run('alice', `mail -S server -s no${n} -m text${n} bob@server`);
    const fetch = (words: string) => made.run('alice', `mail -f pop3://bob:secret@server ${words}`);
    expect((await fetch('')).out).toMatch(/^ {3}1 .*no1\n {3}2 .*no2\n$/);
    expect((await fetch('2')).out).toMatch(/Subject: no2\n[\s\S]*\n\ntext2\n$/);
    expect((await fetch('-d 1')).code).toBe(0);
    expect((await made.run('server', 'mail -u bob')).out).toMatch(/^ {3}1 .*no2\n$/);
    expect((await fetch('7')).err).toBe('mail: server: no such message\n');
    expect((await made.run('alice', 'mail -f pop3://bob:wrong@server')).err).toContain('wrong user or password');
    expect((await made.run('alice', 'mail -f pop3://bob:x@alice')).err).toContain('Connection refused');
    expect((await made.run('alice', 'pop3d')).code).toBe(2);
    const pop2 = await made.run('alice', 'nc -q 1 server 109', 'HELO bob secret\r\nREAD\r\nQUIT\r\n');
    expect(pop2.out).toMatch(/^\+ POP2 server server\r\n#1 messages\r\n=[0-9]+ characters\r\n\+ bye\r\n$/);
    await made.pass(300);
    expect(made.network.pool.outstanding).toBe(0);
    expect(made.said).toBe('');
  });
});
