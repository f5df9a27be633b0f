// The laboratory of most checks: lab.yaml behind tap0.

import { Lab } from './lab.mjs';

export const KERNEL = '10.77.1.1';
export const WEB = '10.77.1.80';
export const ALICE = '10.77.1.10';
export const SLOW = '10.77.1.90';
export const LOSSY = '10.77.1.91';
export const ROUTER = '10.77.1.254';
export const SECOND_ROUTER = '10.77.2.2';
export const FAR = '10.77.3.10';

/** Without offload every checksum and every segment is made by our stack and by the kernel's, and can be looked at. */
export const openCampus = (more = {}) =>
  Lab.open({
    scenario: 'lab.yaml',
    wires: [{ at: 'sw1', tap: { device: 'tap0', offload: false } }],
    addresses: [`${KERNEL}/24`],
    routes: [`10.77.0.0/16 via ${ROUTER}`],
    serving: ['web', 'slow', 'lossy', 'far'],
    ...more,
  });
