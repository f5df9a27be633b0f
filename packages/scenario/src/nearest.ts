/** The nearest known word: what `Did you mean "switch"?` is made of. */

/** Words longer than this are not typed by mistake. */
const MAX_WORD = 64;

/**
 * The known word that the fewest slips of the finger lead to, or undefined if none is near.
 * At most a third of the letters may differ (two for short words); among equals the first one wins.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    if (candidate.length > MAX_WORD) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    // Replacing a whole word is not a slip: `ab` is not a mistyped `xy`.
    if (distance < bestDistance && distance < Math.max(candidate.length, word.length)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** `a, b, c`; long lists are cut: `a, b, ... (40 in all)`. */
export function listed(all: readonly string[], most = 12): string {
  const words = all.map((word) => (word.length > MAX_WORD ? `${word.slice(0, MAX_WORD)}...` : word));
  if (words.length <= most) return words.join(', ');
  return `${words.slice(0, most - 2).join(', ')}, ... (${words.length} in all)`;
}

/** `one of a, b, c`, or the only one. */
export function oneOf(words: readonly string[], most?: number): string {
  return words.length === 1 ? String(words[0]) : `one of ${listed(words, most)}`;
}
