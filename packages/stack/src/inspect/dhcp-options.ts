/** How an option's value is to be read. */
export type OptionForm =
  | 'addresses'
  | 'number'
  | 'seconds'
  | 'text'
  | 'codes'
  | 'type'
  | 'client'
  | 'domains'
  | 'bytes';

export interface OptionFact {
  /** Wireshark's display filter name. */
  readonly name: string;
  readonly label: string;
  readonly form: OptionForm;
}

const of = (code: number, form: OptionForm, name: string, label: string): [number, OptionFact] => [
  code,
  { name: `dhcp.option.${name}`, label, form },
];

/** Options of DHCP by their codes (RFC 2132 and the IANA registry), as far as their values are taken apart. */
export const OPTIONS: ReadonlyMap<number, OptionFact> = new Map([
  of(1, 'addresses', 'subnet_mask', 'Subnet Mask'),
  of(3, 'addresses', 'router', 'Router'),
  of(6, 'addresses', 'domain_name_server', 'Domain Name Server'),
  of(12, 'text', 'hostname', 'Host Name'),
  of(15, 'text', 'domain_name', 'Domain Name'),
  of(26, 'number', 'interface_mtu', 'Interface MTU'),
  of(28, 'addresses', 'broadcast_address', 'Broadcast Address'),
  of(42, 'addresses', 'ntp_server', 'Network Time Protocol Servers'),
  of(50, 'addresses', 'requested_ip_address', 'Requested IP Address'),
  of(51, 'seconds', 'ip_address_lease_time', 'IP Address Lease Time'),
  of(52, 'number', 'option_overload', 'Option Overload'),
  of(53, 'type', 'dhcp', 'DHCP Message Type'),
  of(54, 'addresses', 'dhcp_server_id', 'DHCP Server Identifier'),
  of(55, 'codes', 'request_list_item', 'Parameter Request List'),
  of(56, 'text', 'message', 'Message'),
  of(57, 'number', 'dhcp_max_message_size', 'Maximum DHCP Message Size'),
  of(58, 'seconds', 'renewal_time_value', 'Renewal Time Value'),
  of(59, 'seconds', 'rebinding_time_value', 'Rebinding Time Value'),
  of(60, 'text', 'vendor_class_id', 'Vendor class identifier'),
  of(61, 'client', 'client_id', 'Client identifier'),
  of(82, 'bytes', 'agent_information', 'Agent Information Option'),
  of(119, 'domains', 'domain_search', 'Domain Search'),
  of(121, 'bytes', 'classless_routes', 'Classless Static Route'),
]);
