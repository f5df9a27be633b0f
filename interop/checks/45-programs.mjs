// The textbook's programs, as they stand there but for the host's address (and, since they were written for Python 2, a
// `b` in front of what is sent).

import assert from 'node:assert/strict';
import { KERNEL, openCampus } from '../campus.mjs';
import { here, until } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const needs = ['ip', 'python3'];
const program = (name) => here(`programs/${name}`);

export default {
  name: 'programs',
  open: () => openCampus({ capture: true }),
  checks: [
    {
      name: 'http-request.py gets our page',
      needs,
      quick: true,
      async run(lab) {
        const { out, err } = await lab.run('python3', [program('http-request.py')]);
        assert.match(out, /^HTTP\/1\.1 200 OK\r?\n/, err);
      },
    },
    {
      name: 'tcp-client.py gets our page with HTTP/1.0 and bare line feeds',
      needs,
      quick: true,
      async run(lab) {
        const { out, err } = await lab.run('python3', [program('tcp-client.py')]);
        assert.match(out, /^HTTP\/1\.[01] 200 OK/, err);
      },
    },
    {
      name: 'server-socket.py serves our nc',
      needs,
      quick: true,
      async run(lab) {
        const server = lab.start('python3', [program('server-socket.py')]);
        let out = '';
        server.stdout.on('data', (chunk) => (out += chunk));
        await until(() => out.includes('Waiting'), 'the server');
        const ours = lab.runner.spawn('web', 'nc', KERNEL, '8081');
        ours.write('hello, kernel');
        await ours.says('HELLO, KERNEL');
        assert.match(out, /Client connected from \('10\.77\.1\.80', \d+\)/);
        ours.end();
        await ours.ends();
      },
    },
    {
      name: 'client-socket.py talks to our nc',
      needs,
      quick: true,
      async run(lab) {
        const ours = lab.runner.spawn('web', 'nc', '-v', '-l', '8081');
        await ours.says('Listening');
        const client = lab.run('python3', [program('client-socket.py')]);
        await ours.says('hello, netarium');
        ours.write('hello, Python');
        const { out, err } = await client;
        assert.equal(out, 'hello, Python\n', err);
        assert.equal(await ours.ends(), 0, ours.err);
      },
    },
    {
      name: 'a selector loop of 50 connections',
      needs,
      async run(lab) {
        await lab.runner.serve('web', 'echo', 7);
        const { out, err } = await lab.run('python3', [program('fifty-echoes.py')]);
        assert.equal(out, '50 connections, 5120000 bytes, all as they were sent\n', err);
      },
    },
    soundCapture(),
  ],
};
