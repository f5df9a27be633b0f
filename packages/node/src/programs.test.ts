import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RealFiles } from './real-files.ts';
import { SmallLab } from './testing/small-lab.ts';

describe('ping', () => {
  it('asks through a switch and a router, by name', async () => {
    const lab = new SmallLab();
    expect(await lab.run('alice', 'ping -c 3 web')).toEqual({
      out: `PING web (10.0.2.10) 56(84) bytes of data.
64 bytes from web (10.0.2.10): icmp_seq=1 ttl=63 time=4.05 ms
64 bytes from web (10.0.2.10): icmp_seq=2 ttl=63 time=2.03 ms
64 bytes from web (10.0.2.10): icmp_seq=3 ttl=63 time=2.03 ms

--- web ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 2000ms
rtt min/avg/max/mdev = 2.025/2.699/4.049/0.954 ms
`,
      err: '',
      code: 0,
    });
  });

  it('tells who could not pass it on, and why', async () => {
    const lab = new SmallLab();
    const neighbour = await lab.run('alice', 'ping -c 2 10.0.1.77');
    expect(neighbour.code).toBe(1);
    expect(neighbour.out).toBe(`PING 10.0.1.77 (10.0.1.77) 56(84) bytes of data.
From 10.0.1.10 icmp_seq=1 Destination Host Unreachable
From 10.0.1.10 icmp_seq=2 Destination Host Unreachable

--- 10.0.1.77 ping statistics ---
2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1000ms
pipe 2
`);
    expect((await lab.run('alice', 'ping -c 1 10.0.2.77')).out).toContain(
      'From 10.0.1.1 icmp_seq=1 Destination Host Unreachable',
    );
    expect((await lab.run('alice', 'ping -c 1 10.0.9.9')).out).toContain(
      'From 10.0.1.1 icmp_seq=1 Destination Net Unreachable',
    );
    expect((await lab.run('alice', 'ping -c 1 -t 1 web')).out).toContain(
      'From r (10.0.1.1) icmp_seq=1 Time to live exceeded',
    );
  });

  it('ends with the words of iputils where there is nothing to ping', async () => {
    const lab = new SmallLab();
    expect(await lab.run('alice', 'ping nowhere')).toEqual({
      out: '',
      err: 'ping: nowhere: Name or service not known\n',
      code: 2,
    });
    lab.network.host('island');
    expect(await lab.run('island', 'ping 10.0.1.1')).toEqual({
      out: '',
      err: 'ping: connect: Network is unreachable\n',
      code: 2,
    });
    expect((await lab.run('alice', 'ping -c 1 10.0.1.255')).err).toMatch(
      /^ping: Do you want to ping broadcast\? Then -b/,
    );
    expect((await lab.run('alice', 'ping -c 1 -M do -s 2000 bob')).err).toBe(
      'ping: local error: message too long, mtu=1500\n',
    );
    for (const line of ['ping', 'ping -c x bob', 'ping -c 0 bob', 'ping -t 256 bob', 'ping -z bob', 'ping alice bob']) {
      const { err, code } = await lab.run('alice', line);
      expect([code, err]).toEqual([2, expect.stringMatching(/^ping: .*\nTry 'ping --help'\.\n$/)]);
    }
  });

  it('loses what the line loses, and waits no longer than it was told', async () => {
    const lab = new SmallLab();
    lab.network.fault({ at: 1.5, for: 2, link: 'far', set: { loss: '100%' } });
    const { out, code } = await lab.run('alice', 'ping -q -c 5 -W 1 10.0.2.10');
    expect(code).toBe(0);
    expect(out).toMatch(/\n5 packets transmitted, 3 received, 40% packet loss, time 4000ms\nrtt min/);
    expect(out.match(/\n/g)).toHaveLength(5);
  });

  it('has last words after Ctrl-C', async () => {
    const lab = new SmallLab();
    const started = lab.start('alice', 'ping 10.0.1.20');
    await lab.pass(2.5);
    started.process.kill('SIGINT');
    const { out, code } = await lab.end(started);
    expect(code).toBe(0);
    expect(out).toContain('3 packets transmitted, 3 received, 0% packet loss, time 2000ms\nrtt min/avg/max/mdev = ');
  });

  it('has 28 bytes of headers around its data, which may be fragments', async () => {
    const lab = new SmallLab();
    const large = await lab.run('alice', 'ping -c 1 -s 4000 web');
    expect(large.out).toContain('PING web (10.0.2.10) 4000(4028) bytes of data.\n4008 bytes from web');
    const small = await lab.run('alice', 'ping -n -c 1 -s 4 web');
    expect(small.out).toContain('12 bytes from 10.0.2.10: icmp_seq=1 ttl=63\n');
    expect(small.out).not.toContain('rtt');
  });
});

describe('nc', () => {
  it('carries bytes both ways, and half-closes at the end of its input', async () => {
    const lab = new SmallLab();
    const server = lab.start('web', 'nc -lv 5000');
    const client = lab.start('alice', 'nc -v web 5000', 'hello\n');
    await lab.pass(1);
    expect(server.out).toBe('hello\n');
    server.type('welcome\n');
    await lab.pass(1);
    expect(client.out).toBe('welcome\n');
    client.type(null);
    expect(await lab.end(server)).toMatchObject({ code: 0 });
    expect(await lab.end(client)).toMatchObject({ code: 0, out: 'welcome\n' });
    expect(client.err).toBe('Connection to web (10.0.2.10) 5000 port [tcp/*] succeeded!\n');
    expect(server.err).toMatch(/^Listening on 0\.0\.0\.0 5000\nConnection received on alice [0-9]+\n$/);
  });

  it('receives what comes after its own end', async () => {
    const lab = new SmallLab();
    const server = lab.start('web', 'nc -l 5000');
    const client = lab.start('alice', 'nc web 5000', 'bye');
    client.type(null);
    await lab.pass(1);
    expect(server.out).toBe('bye');
    // The listener has seen the end of its peer and is gone, as netcat's is.
    expect(await lab.end(server)).toMatchObject({ code: 0 });
    expect(await lab.end(client)).toMatchObject({ code: 0 });
  });

  it('ends with the server where somebody types, who would type into nothing; a pipe is sent to its end', async () => {
    const lab = new SmallLab();
    for (const terminal of [true, false]) {
      const server = lab.start('web', 'nc -l 5000', 'bye');
      server.type(null);
      const client = lab.start('alice', 'nc web 5000', undefined, terminal);
      let over = false;
      void client.process.exited.then(() => (over = true));
      await lab.pass(1);
      expect([client.out, over]).toEqual(['bye', terminal]);
      client.type(null);
      expect(await lab.end(client)).toMatchObject({ code: 0 });
      lab.network.hostNamed('web').sockets.closeAll();
    }
  });

  it('says who refused', async () => {
    const lab = new SmallLab();
    expect(await lab.run('alice', 'nc 10.0.2.10 81')).toEqual({
      out: '',
      err: 'nc: connect to 10.0.2.10 port 81 (tcp) failed: Connection refused\n',
      code: 1,
    });
    expect((await lab.run('alice', 'nc web 81')).err).toBe(
      'nc: connect to web (10.0.2.10) port 81 (tcp) failed: Connection refused\n',
    );
    expect((await lab.run('alice', 'nc nowhere 81')).err).toBe(
      'nc: getaddrinfo for host "nowhere" port 81: Name or service not known\n',
    );
    expect((await lab.run('alice', 'nc 10.0.1.77 81')).err).toBe(
      'nc: connect to 10.0.1.77 port 81 (tcp) failed: No route to host\n',
    );
    lab.network.fault({ at: lab.network.now / 1e9, link: 'far', down: true });
    expect((await lab.run('alice', 'nc -w 2 10.0.2.10 81')).err).toBe(
      'nc: connect to 10.0.2.10 port 81 (tcp) timed out: Operation now in progress\n',
    );
  });

  it('scans ports', async () => {
    const lab = new SmallLab();
    lab.start('web', 'nc -lk 21');
    lab.start('web', 'nc -lk 80');
    expect(await lab.run('alice', 'nc -zv 10.0.2.10 20-22')).toEqual({
      out: '',
      err:
        'nc: connect to 10.0.2.10 port 20 (tcp) failed: Connection refused\n' +
        'Connection to 10.0.2.10 21 port [tcp/ftp] succeeded!\n' +
        'nc: connect to 10.0.2.10 port 22 (tcp) failed: Connection refused\n',
      code: 0,
    });
    expect(await lab.run('alice', 'nc -z web http')).toEqual({ out: '', err: '', code: 0 });
  });

  it('speaks UDP', async () => {
    const lab = new SmallLab();
    const server = lab.start('web', 'nc -luv 5000');
    const client = lab.start('alice', 'nc -u 10.0.2.10 5000', 'one');
    await lab.pass(1);
    client.type('two');
    await lab.pass(1);
    server.type('three');
    await lab.pass(1);
    expect([server.out, client.out]).toEqual(['onetwo', 'three']);
    expect(server.err).toMatch(/^Bound on 0\.0\.0\.0 5000\nConnection received on alice [0-9]+\n$/);
    client.process.kill('SIGINT');
    expect(await lab.end(client)).toMatchObject({ code: 130 });
    expect(await lab.run('alice', 'nc -uz 10.0.2.10 5001')).toMatchObject({
      err: 'nc: connect to 10.0.2.10 port 5001 (udp) failed: Connection refused\n',
      code: 1,
    });
    const other = lab.start('web', 'nc -lu 5002');
    expect(await lab.run('alice', 'nc -u -q 1 10.0.2.10 5002', 'four')).toMatchObject({ code: 0 });
    expect(other.out).toBe('four');
  });

  it('keeps listening with -k, one after the other', async () => {
    const lab = new SmallLab();
    const server = lab.start('web', 'nc -lk 5000');
    await lab.run('alice', 'nc web 5000', 'a');
    await lab.run('bob', 'nc web 5000', 'b');
    expect(server.out).toBe('ab');
    server.process.kill('SIGTERM');
    expect(await lab.end(server)).toMatchObject({ code: 143 });
  });

  it('gets a port only once', async () => {
    const lab = new SmallLab();
    lab.start('web', 'nc -l 5000');
    await lab.pass(0);
    expect(await lab.run('web', 'nc -l 5000')).toEqual({ out: '', err: 'nc: Address already in use\n', code: 1 });
  });

  it.each(['nc', 'nc web', 'nc web x', 'nc web 65536', 'nc -l', 'nc -lz 1', 'nc -Q', 'nc a 1 2'])(
    'explains itself: %s',
    async (line) => {
      const { err, code } = await new SmallLab().run('alice', line);
      expect([code, err]).toEqual([2, expect.stringMatching(/^nc: .*\nTry 'nc --help'\.\n$/)]);
    },
  );
});

describe('httpd and get', () => {
  let directory: string;
  let lab: SmallLab;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'netarium-'));
    writeFileSync(join(directory, 'index.html'), '<h1>hi</h1>\n');
    writeFileSync(join(directory, 'large.bin'), new Uint8Array(300_000).fill(65));
    utimesSync(join(directory, 'index.html'), 784111777, 784111777);
    lab = new SmallLab();
    lab.network.hostNamed('web').files.mount('/srv', new RealFiles(directory));
    lab.network.hostNamed('alice').files.mount('/home', new RealFiles(directory, { writable: true }));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('serves files and logs what it served', async () => {
    const server = lab.start('web', 'httpd -v /srv');
    expect(await lab.run('alice', 'get http://web/')).toEqual({ out: '<h1>hi</h1>\n', err: '', code: 0 });
    const missing = await lab.run('alice', 'get web/none');
    expect(missing.code).toBe(0);
    expect(missing.out).toContain('<h1>404 Not Found</h1>');
    const large = await lab.run('alice', 'get 10.0.2.10/large.bin');
    expect(large.out).toBe('A'.repeat(300_000));
    expect(server.out).toBe(
      '10.0.1.10 - - [01/Jan/1970:00:00:00 +0000] "GET / HTTP/1.1" 200 12\n' +
        `10.0.1.10 - - [01/Jan/1970:00:00:00 +0000] "GET /none HTTP/1.1" 404 ${missing.out.length}\n` +
        '10.0.1.10 - - [01/Jan/1970:00:00:00 +0000] "GET /large.bin HTTP/1.1" 200 300000\n',
    );
  });

  it('shows the whole conversation with -v, in the manner of curl', async () => {
    lab.start('web', 'httpd /srv');
    const { out, err } = await lab.run('alice', 'get -v http://web/index.html');
    expect(out).toBe('<h1>hi</h1>\n');
    expect(err).toBe(`*   Trying web...
* Connected to web (10.0.2.10) port 80
> GET /index.html HTTP/1.1
> Host: web
> Accept: */*
> User-Agent: get/netarium
> Connection: close
> 
< HTTP/1.1 200 OK
< Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT
< Accept-Ranges: bytes
< Content-Type: text/html; charset=utf-8
< Content-Length: 12
< Connection: close
< 
`);
    expect((await lab.run('alice', 'get -I web')).out).toMatch(/^HTTP\/1\.1 200 OK\r\n(.*\r\n)+\r\n$/);
    expect((await lab.run('alice', "get -H 'Range: bytes=1-2' web")).out).toBe('h1');
    expect((await lab.run('alice', "get -i -H 'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT' web")).out).toMatch(
      /^HTTP\/1\.1 304 /,
    );
  });

  it('writes to a file', async () => {
    lab.start('web', 'httpd /srv');
    expect(await lab.run('alice', 'get -o /home/copy.html web')).toEqual({ out: '', err: '', code: 0 });
    expect((await lab.run('alice', 'cat /home/copy.html')).out).toBe('<h1>hi</h1>\n');
    expect(await lab.run('web', 'get -o /srv/copy.html web')).toMatchObject({
      code: 1,
      err: 'get: /srv/copy.html: Permission denied\n',
    });
  });

  it('fails in POSIX words', async () => {
    expect(await lab.run('alice', 'get http://web:81/')).toEqual({
      out: '',
      err: 'get: http://web:81/: Connection refused\n',
      code: 1,
    });
    expect(await lab.run('alice', 'get nowhere')).toMatchObject({
      err: 'get: nowhere: Name or service not known\n',
      code: 1,
    });
    expect(await lab.run('alice', 'get -s nowhere')).toEqual({ out: '', err: '', code: 1 });
    expect(await lab.run('alice', 'get ftp://web/')).toMatchObject({
      err: 'get: ftp://web/: the scheme ftp is not supported\n',
      code: 1,
    });
    expect(await lab.run('alice', 'get')).toMatchObject({ code: 2 });
    lab.start('web', 'httpd /srv');
    expect(await lab.run('alice', 'get -f web/none')).toEqual({
      out: '',
      err: 'get: The requested URL returned error: 404\n',
      code: 22,
    });
    lab.start('web', 'nc -l 8080', 'SSH-2.0-x\r\n');
    expect(await lab.run('alice', 'get web:8080')).toMatchObject({
      err: 'get: web:8080: this is not a status line\n',
      code: 1,
    });
  });

  it('tells why it cannot serve', async () => {
    lab.start('web', 'httpd /srv');
    await lab.pass(0);
    expect(await lab.run('web', 'httpd /srv')).toEqual({
      out: '',
      err: 'httpd: bind: Address already in use\n',
      code: 1,
    });
    expect(await lab.run('web', 'httpd /nowhere')).toEqual({
      out: '',
      err: 'httpd: /nowhere: No such file or directory\n',
      code: 1,
    });
    expect(await lab.run('web', 'httpd -p 0 /srv')).toMatchObject({ code: 2 });
  });

  it('understands a request that somebody types', async () => {
    lab.start('web', 'httpd /srv');
    const { out } = await lab.run('alice', 'nc web 80', 'GET / HTTP/1.0\n\n');
    expect(out).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n\r\n<h1>hi<\/h1>\n$/);
  });

  it('ends with a signal', async () => {
    const server = lab.start('web', 'httpd /srv');
    await lab.pass(1);
    server.process.kill('SIGINT');
    expect(await lab.end(server)).toMatchObject({ code: 130 });
  });
});
