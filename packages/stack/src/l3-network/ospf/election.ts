import type { OspfInterface } from './router-state.ts';
import { NeighbourState } from './states.ts';

/** One router on a link, as the election sees it. */
interface Candidate {
  readonly routerId: number;
  readonly address: number;
  readonly priority: number;
  readonly own: boolean;
  designated: number;
  backup: number;
}

export interface Election {
  readonly designated: number;
  readonly backup: number;
}

/**
 * The election of a link's designated router and its backup (RFC 2328 9.4), from what each router says of itself in its
 * hellos. Whoever holds an office keeps it: only when it is free, priority and then router ID count.
 */
export function electDesignated(on: OspfInterface, routerId: number): Election {
  const { address } = on.link;
  const own: Candidate = {
    routerId,
    address,
    priority: on.settings.priority,
    own: true,
    designated: on.designated,
    backup: on.backup,
  };
  // (1) Those who can be elected: heard both ways, and with a priority.
  const candidates: Candidate[] = own.priority > 0 ? [own] : [];
  for (const each of on.atLeast(NeighbourState.TwoWay)) {
    if (each.priority === 0) continue;
    const { designated, backup, priority } = each;
    candidates.push({ routerId: each.routerId, address: each.address, priority, own: false, designated, backup });
  }
  let result = elect(candidates);
  // (4) When this router comes into an office or out of one, again: nobody is to hold both.
  const wasDesignated = on.designated === address;
  const wasBackup = on.backup === address;
  if ((result.designated === address) !== wasDesignated || (result.backup === address) !== wasBackup) {
    own.designated = result.designated;
    own.backup = result.backup;
    result = elect(candidates);
  }
  return result;
}

function elect(candidates: readonly Candidate[]): Election {
  // (2) The backup: of those who do not call themselves designated, those who call themselves backup come first.
  const notDesignated = candidates.filter((each) => each.designated !== each.address);
  const claimed = notDesignated.filter((each) => each.backup === each.address);
  const backup = best(claimed.length > 0 ? claimed : notDesignated);
  // (3) The designated router: of those who call themselves so; if nobody does, the new backup.
  const designated = best(candidates.filter((each) => each.designated === each.address)) ?? backup;
  return { designated: designated?.address ?? 0, backup: backup?.address ?? 0 };
}

function best(candidates: readonly Candidate[]): Candidate | null {
  let found: Candidate | null = null;
  for (const each of candidates) {
    if (found === null || each.priority > found.priority) found = each;
    else if (each.priority === found.priority && each.routerId > found.routerId) found = each;
  }
  return found;
}
