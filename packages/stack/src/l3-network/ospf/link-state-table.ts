/** What has the name of a link state advertisement. */
export interface Named {
  readonly type: number;
  readonly id: number;
  readonly router: number;
}

/** Things by the name of a link state advertisement: type, advertising router, link state ID. In the order of arrival. */
export class LinkStateTable<T extends Named> {
  size = 0;
  /** By type, then by router, then by ID. */
  private readonly types: Map<number, Map<number, T>>[] = [];

  get(type: number, id: number, router: number): T | undefined {
    return this.types[type]?.get(router)?.get(id);
  }

  /** Puts it in, in the place of another of its name. */
  set(item: T): void {
    this.types[item.type] ??= new Map<number, Map<number, T>>();
    const routers = this.types[item.type];
    let ids = routers.get(item.router);
    if (ids === undefined) {
      ids = new Map<number, T>();
      routers.set(item.router, ids);
    }
    if (!ids.has(item.id)) this.size++;
    ids.set(item.id, item);
  }

  delete(type: number, id: number, router: number): boolean {
    const routers = this.types[type];
    const ids = routers?.get(router);
    if (ids === undefined || !ids.delete(id)) return false;
    this.size--;
    if (ids.size === 0) routers.delete(router);
    return true;
  }

  clear(): void {
    this.types.length = 0;
    this.size = 0;
  }

  /** All, or those of one type. */
  list(type?: number): T[] {
    const items: T[] = [];
    for (let each = 0; each < this.types.length; each++) {
      if (type !== undefined && each !== type) continue;
      for (const ids of this.types[each]?.values() ?? []) for (const item of ids.values()) items.push(item);
    }
    return items;
  }

  /** What one router says, of one type. */
  ofRouter(type: number, router: number): Iterable<T> {
    return this.types[type]?.get(router)?.values() ?? [];
  }

  first(): T | undefined {
    for (const routers of this.types) {
      for (const ids of routers?.values() ?? []) for (const item of ids.values()) return item;
    }
    return undefined;
  }
}
