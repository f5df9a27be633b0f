/** What a piece of printed text is, for those who colour it. */
export type TextRole =
  | 'device'
  | 'rule'
  | 'time'
  | 'arrow'
  | 'layer'
  | 'unit'
  | 'size'
  | 'text'
  | 'note'
  | 'hex'
  | 'drop'
  | 'heading';

/** Colours text (or leaves it): must not change how many columns it takes. */
export type Style = (text: string, role: TextRole) => string;

export const plain: Style = (text) => text;

/**
 * Text that came from a wire or a file, fit for a terminal: what would move its cursor or change its colours
 * (C0 and C1 control characters) becomes a dot.
 */
export function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '·');
}

/** Breaks a text into lines of at most `width` columns, between words where there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    while (word.length > width) {
      if (line !== '') lines.push(line);
      lines.push(word.slice(0, width));
      line = '';
      word = word.slice(width);
    }
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  return lines;
}

/** Columns, each as wide as its widest cell, with two spaces between; numbers stand at the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  }
  return rows.map((row) =>
    row
      .map((cell, i) => {
        if (typeof cell === 'number') return String(cell).padStart(widths[i]!);
        return i === row.length - 1 ? cell : cell.padEnd(widths[i]!);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** `1st`, `2nd`, `3rd`, `4th`. */
export function ordinal(count: number): string {
  const tens = count % 100;
  const ones = count % 10;
  if (tens >= 11 && tens <= 13) return `${count}th`;
  return `${count}${ones === 1 ? 'st' : ones === 2 ? 'nd' : ones === 3 ? 'rd' : 'th'}`;
}

/** `1 byte`, `2 bytes`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
