export type { FlowInfo, GatewayCounters } from './flow-table.ts';
export { Gateway, type GatewayOptions } from './gateway.ts';
export { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
export { type Ping, systemPing } from './ping.ts';
export { type PortForward, type PortForwardOptions, parsePortForward } from './port-forward.ts';
export type { RuleDescription, RuleProtocol } from './rules.ts';
