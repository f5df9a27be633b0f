import type { Style } from '@netarium/stack/inspect/explain';
import pc from 'picocolors';

/** The colours of explanations and journeys on a terminal; none where it has none (`NO_COLOR`, a pipe). */
export const terminalStyle: Style = (text, role) => {
  switch (role) {
    case 'device':
      return pc.bold(pc.cyan(text));
    case 'heading':
      return pc.bold(text);
    case 'layer':
      return pc.yellow(text);
    case 'arrow':
    case 'unit':
      return pc.green(text);
    case 'hex':
    case 'rule':
    case 'time':
      return pc.dim(text);
    case 'drop':
      return pc.red(text);
    default:
      return text;
  }
};

/** Columns to fill: the terminal's, 100 where there is none. */
export function terminalWidth(): number {
  return Math.max(60, Math.min(process.stdout.columns ?? 100, 120));
}
