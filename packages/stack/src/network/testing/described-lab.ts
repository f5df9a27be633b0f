import { utf8Decode } from '../../base/utf8.ts';
import type { NetworkDescription } from '../description.ts';
import { Network } from '../network.ts';
import { FakePlatform } from './fake-platform.ts';

/** A network from a description, and what people type on its hosts. */
export class DescribedLab {
  readonly network: Network;
  /** What services said, and how they ended, a line each. */
  services = '';

  constructor(description: NetworkDescription) {
    this.network = Network.from(description, {
      platform: new FakePlatform(),
      serviceStreams: (node) => {
        const write = (bytes: Uint8Array): void => void (this.services += `${node}: ${utf8Decode(bytes)}`);
        return { stdout: { write }, stderr: { write } };
      },
      serviceEnded: (node, run, code) => void (this.services += `${node}: ${run}: ${code}\n`),
    });
    this.network.pool.track();
  }

  /** Output of both kinds of a command that runs to its end. */
  async says(host: string, line: string): Promise<string> {
    let text = '';
    const write = (bytes: Uint8Array): void => void (text += utf8Decode(bytes));
    const started = () => this.network.hostNamed(host).start(line, { stdout: { write }, stderr: { write } }).exited;
    await this.network.run(started);
    return text;
  }

  async pass(seconds: number): Promise<void> {
    await this.network.run({ for: seconds });
  }
}
