export * from '@netarium/stack';
export { Network } from './network.ts';
export { nodePlatform } from './platform.ts';
export { RealFiles } from './real-files.ts';
