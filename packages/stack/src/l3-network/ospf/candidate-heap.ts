/** Something to be taken in the order of its cost. */
export interface Candidate {
  readonly isNetwork: boolean;
  readonly cost: number;
}

/** The vertices that Dijkstra's algorithm may take next: the nearest first, a network before a router (RFC 2328 16.1 (3)). */
export class CandidateHeap<T extends Candidate> {
  private readonly vertices: T[] = [];
  private readonly costs: number[] = [];

  get size(): number {
    return this.vertices.length;
  }

  /** Puts a vertex in with the cost it has now; who has come nearer is put in again. */
  push(vertex: T): void {
    let at = this.vertices.length;
    const key = keyOf(vertex);
    this.vertices.push(vertex);
    this.costs.push(key);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.costs[parent] <= key) break;
      this.vertices[at] = this.vertices[parent];
      this.costs[at] = this.costs[parent];
      at = parent;
    }
    this.vertices[at] = vertex;
    this.costs[at] = key;
  }

  /** Takes out the first; there must be one. */
  pop(): T {
    const first = this.vertices[0];
    const last = this.vertices.pop()!;
    const key = this.costs.pop()!;
    const count = this.vertices.length;
    if (count === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && this.costs[child + 1] < this.costs[child]) child++;
      if (this.costs[child] >= key) break;
      this.vertices[at] = this.vertices[child];
      this.costs[at] = this.costs[child];
      at = child;
    }
    this.vertices[at] = last;
    this.costs[at] = key;
    return first;
  }
}

function keyOf(vertex: Candidate): number {
  return vertex.cost * 2 + (vertex.isNetwork ? 0 : 1);
}
