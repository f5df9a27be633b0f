/** Codes of the options that somebody here reads or writes (RFC 2132 and the IANA registry). Others pass as bytes. */
export const Option = {
  Pad: 0,
  SubnetMask: 1,
  Routers: 3,
  DomainNameServers: 6,
  HostName: 12,
  DomainName: 15,
  InterfaceMtu: 26,
  BroadcastAddress: 28,
  NtpServers: 42,
  RequestedAddress: 50,
  LeaseTime: 51,
  Overload: 52,
  MessageType: 53,
  ServerIdentifier: 54,
  ParameterRequestList: 55,
  Message: 56,
  MaximumMessageSize: 57,
  RenewalTime: 58,
  RebindingTime: 59,
  VendorClassIdentifier: 60,
  ClientIdentifier: 61,
  RelayAgentInformation: 82,
  DomainSearch: 119,
  ClasslessRoutes: 121,
  End: 255,
} as const;

/** Values of option 53 (RFC 2132 9.6). 0: the message has none, so it is BOOTP's. */
export const MessageType = {
  Bootp: 0,
  Discover: 1,
  Offer: 2,
  Request: 3,
  Decline: 4,
  Ack: 5,
  Nak: 6,
  Release: 7,
  Inform: 8,
} as const;

const TYPE_NAMES = [
  'BOOTP',
  'DHCPDISCOVER',
  'DHCPOFFER',
  'DHCPREQUEST',
  'DHCPDECLINE',
  'DHCPACK',
  'DHCPNAK',
  'DHCPRELEASE',
  'DHCPINFORM',
];

export function messageTypeName(type: number): string {
  return TYPE_NAMES[type] ?? `DHCP message type ${type}`;
}

export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;

/** A time in seconds that never ends (RFC 2131 3.3). */
export const INFINITE_SECONDS = 0xffffffff;
