// Routers of others in a laboratory's namespace: FRRouting's zebra and ospfd, and BIRD, each with a folder of its own.

import { chownSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runQuietly } from '../scripts/run.mjs';
import { temporaryFolder, until } from './lab.mjs';
import { Failure } from './outcome.mjs';

/** Daemons of FRRouting, started by hand: no service manager, nothing of the machine's own configuration. */
export class Frr {
  complaints = '';

  /** `configs`: by daemon, such as `{ zebra: '...', ospfd: '...' }`. */
  static async start(lab, configs) {
    const frr = new Frr();
    frr.lab = lab;
    frr.children = [];
    frr.folder = temporaryFolder();
    // FRRouting gives up root for a user of its own, who has to come in here.
    const user = (what) => Number(runQuietly('id', [what, 'frr']).output.trim());
    chownSync(frr.folder, user('-u'), user('-g'));
    for (const [daemon, config] of Object.entries(configs)) {
      const file = `${frr.folder}/${daemon}.conf`;
      writeFileSync(file, config);
      const args = ['-f', file, '-i', `${frr.folder}/${daemon}.pid`, '-z', `${frr.folder}/zserv.api`];
      args.push('--vty_socket', frr.folder, '-P', '0', '--log', 'stdout');
      const child = lab.start(`/usr/lib/frr/${daemon}`, args);
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (frr.complaints += chunk));
      frr.children.push(child);
      await sleep(300);
      if (child.exitCode !== null) throw new Failure(`${daemon} did not start: ${frr.complaints}`);
    }
    await until(
      async () => (await frr.show('show version')) !== '',
      () => `FRRouting: ${frr.complaints}`,
    );
    return frr;
  }

  /** What vtysh says. */
  async show(...commands) {
    const { out, err, code } = await this.lab.run('vtysh', [
      '--vty_socket',
      this.folder,
      ...commands.flatMap((command) => ['-c', command]),
    ]);
    return code === 0 ? out : err === '' ? '' : '';
  }

  async json(command) {
    const text = await this.show(`${command} json`);
    return text === '' ? {} : JSON.parse(text);
  }

  stop() {
    for (const child of this.children) child.kill('SIGTERM');
  }
}

/** BIRD, with its socket in the laboratory's folder. */
export class Bird {
  complaints = '';

  static async start(lab, config) {
    const bird = new Bird();
    bird.lab = lab;
    bird.socket = lab.path('bird.ctl');
    writeFileSync(lab.path('bird.conf'), config);
    bird.child = lab.start('bird', ['-f', '-c', lab.path('bird.conf'), '-s', bird.socket, '-P', lab.path('bird.pid')]);
    bird.child.stderr.on('data', (chunk) => (bird.complaints += chunk));
    await until(
      async () => (await bird.show('show status')).includes('Daemon is up'),
      () => `BIRD: ${bird.complaints}`,
    );
    return bird;
  }

  async show(...words) {
    const { out } = await this.lab.run('birdc', ['-s', this.socket, ...words]);
    return out;
  }

  stop() {
    this.child.kill('SIGTERM');
  }
}
