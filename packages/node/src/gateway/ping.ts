import { spawn } from 'node:child_process';

/** Sends one echo of so many bytes to a real address; whether it came back. Never for a name. */
export type Ping = (address: string, bytes: number) => Promise<boolean>;

/** How long an answer may take, seconds. */
const PATIENCE_S = 2;

/**
 * The system's `ping`, which has the privilege that Node lacks: one process for each echo. Resolves to false where there
 * is no such program.
 */
export const systemPing: Ping = (address, bytes) =>
  new Promise((resolve) => {
    const args = ['-n', '-q', '-c', '1', '-W', `${PATIENCE_S}`, '-s', `${bytes}`, address];
    const child = spawn('ping', args, { stdio: 'ignore', timeout: (PATIENCE_S + 1) * 1000 });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
