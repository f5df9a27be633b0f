/** One end of a link as people write it: `alice:eth0`, `sw1:3`, or a bare node name for its next free place. */
export interface Endpoint {
  node: string;
  /** The interface or port; null: the next free one. */
  port: string | null;
}

/** Splits `alice:eth0`. Null when it is not of that form. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^([A-Za-z0-9][A-Za-z0-9.-]*)(?::([A-Za-z0-9._-]+))?$/.exec(text);
  return match === null ? null : { node: match[1]!, port: match[2] ?? null };
}
