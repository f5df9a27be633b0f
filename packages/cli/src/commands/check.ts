import { loadScenario } from '../load.ts';
import { openSession } from '../session.ts';

/** `netarium check FILE`: reads and builds the scenario without running it. */
export function checkCommand(file: string): number {
  const loaded = loadScenario(file);
  const { network } = openSession(loaded, {});
  const count = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`;
  const services = loaded.description.services?.length ?? 0;
  const parts = [count(network.nodes.size, 'node'), count(network.cables.size, 'link'), count(services, 'service')];
  process.stdout.write(`${file}: ${parts.join(', ')}; nothing wrong\n`);
  return 0;
}
