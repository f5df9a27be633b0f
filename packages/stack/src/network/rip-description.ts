/** As everywhere: `'30s'` or seconds. */
type Duration = string | number;

/**
 * The words in which RIP is set up on a router (`routing: { rip: ... }`): plain data. All of it may be left out: then it is
 * spoken on all interfaces with an IPv4 address, and tells of their networks.
 */
export interface RipDescription {
  /** By name: what differs from what is said here for all; `off`: RIP is not spoken there. */
  interfaces?: Record<string, RipInterfaceDescription | 'off'>;
  /** Interfaces that listen and are told of, but do not speak; `true`: all that say no other. */
  passive?: string[] | boolean;
  /** Routes from elsewhere that others are told of: `connected`, `static`, `ospf`, `dhcp`. */
  redistribute?: (string | RipRedistributeDescription)[];
  /** Tells all others that it has a default route, as long as it has one; `always`: even if it has not. */
  defaultRoute?: boolean | RipDefaultDescription;
  /** Between two updates, give or take a sixth; default 30s. */
  update?: Duration;
  /** A route that nobody told of for so long is dead; default 6 times `update`. */
  timeout?: Duration;
  /** For so long others are told that it is dead; default 4 times `update`. */
  garbage?: Duration;
  /** Equally good ways to one network that are used together; default 1, at most 16. */
  ways?: number;
  authentication?: RipAuthenticationDescription;
}

export interface RipInterfaceDescription {
  passive?: boolean;
  /** What a hop by this interface counts; default 1. */
  cost?: number;
  /** How routes are told of where they came from; default `poison`: as unreachable; `simple`: not at all. */
  splitHorizon?: 'poison' | 'simple' | 'off';
  authentication?: RipAuthenticationDescription;
}

/** `{ password: secret }`, or `{ md5: secret, key: 1 }`; `none` for an interface that differs from the others. */
export type RipAuthenticationDescription = 'none' | { password: string } | { md5: string; key?: number };

export interface RipRedistributeDescription {
  from: string;
  /** Default 1. */
  metric?: number;
  tag?: number;
}

export interface RipDefaultDescription {
  always?: boolean;
  /** Default 1. */
  metric?: number;
}
