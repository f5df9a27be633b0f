import { isMachine, type Node } from './model.ts';
import type { Span } from './problem.ts';
import { MAX_PORTS } from './schema.ts';

/** Interfaces and ports that have a cable, `node:port`, and where that is said. */
export class Ports {
  readonly at = new Map<string, Span>();
  /** All ports of a node before this one have a cable: cables are never pulled here. */
  readonly #from = new Map<string, number>();

  readonly #added = new Map<string, number>();

  /** One more interface of a host that names none itself. */
  add(node: Node): string {
    const count = this.#added.get(node.name) ?? 0;
    this.#added.set(node.name, count + 1);
    return `eth${count}`;
  }

  free(node: Node): string | null {
    if (isMachine(node.kind)) {
      for (const name of node.interfaces.keys()) if (!this.at.has(`${node.name}:${name}`)) return name;
      return null;
    }
    let port = this.#from.get(node.name) ?? 1;
    while (this.at.has(`${node.name}:${port}`)) port += 1;
    this.#from.set(node.name, port);
    return port <= (node.ports ?? MAX_PORTS) ? String(port) : null;
  }
}

/** Which switches and hubs hang together (union-find). */
export class Groups {
  readonly #parent = new Map<string, string>();

  /** False if the two were joined before. */
  join(a: string, b: string): boolean {
    const [first, second] = [this.#root(a), this.#root(b)];
    if (first === second) return false;
    this.#parent.set(first, second);
    return true;
  }

  #root(name: string): string {
    let root = name;
    for (let parent = this.#parent.get(root); parent !== undefined; parent = this.#parent.get(root)) root = parent;
    // Those on the way are hung under the root at once.
    let each = name;
    while (each !== root) {
      const next = this.#parent.get(each) ?? root;
      this.#parent.set(each, root);
      each = next;
    }
    return root;
  }
}
