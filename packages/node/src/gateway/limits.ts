import { SECOND } from '@netarium/stack/base/clock';

/**
 * Every limit of a gateway, in one place, each with its unit and its reason. A gateway takes others in its options;
 * tests lower single values to stand at a limit and one past it.
 */
export interface GatewayLimits {
  /** TCP connections through the gateway, in both directions: each is a descriptor of the real machine. */
  readonly tcpFlows: number;
  /** UDP flows, in both directions: a descriptor each outwards. */
  readonly udpFlows: number;
  /** TCP and UDP flows of one inside host, so that none takes all. */
  readonly flowsPerHost: number;
  /** Connections that the real host has not answered yet. */
  readonly connecting: number;
  /** How long the real host may take to answer, and after it the inside one, ns of network time. */
  readonly handshakeNs: number;
  /** A UDP flow ends after this long without a datagram, ns: RFC 4787 4.3 wants two minutes. */
  readonly udpIdleNs: number;
  /** The same for port 53, whose flows are one question and one answer (4.3 allows less for known ports). */
  readonly dnsIdleNs: number;
  /** Bytes that wait inside of one TCP flow, in each direction: the window that the inside host is offered at most. */
  readonly flowBufferBytes: number;
  /** Bytes that wait in one real socket towards the outside, before no more is taken from the inside. */
  readonly socketBufferBytes: number;
  /** Datagrams that wait for one UDP socket to be ready; past it they are dropped. */
  readonly datagramsWaiting: number;
  /** Echo requests on their way outside. */
  readonly echoes: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  tcpFlows: 1024,
  udpFlows: 512,
  flowsPerHost: 256,
  connecting: 128,
  handshakeNs: 60 * SECOND,
  udpIdleNs: 120 * SECOND,
  dnsIdleNs: 10 * SECOND,
  flowBufferBytes: 512 << 10,
  socketBufferBytes: 256 << 10,
  datagramsWaiting: 64,
  echoes: 16,
};
