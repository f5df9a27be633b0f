/** The known word that `text` was most likely meant to be; undefined when none is near. */
export function nearestWord(text: string, words: Iterable<string>): string | undefined {
  const wanted = text.toLowerCase();
  let best: string | undefined;
  // One slip in a short word, two in a longer one: more would be guessing.
  let bestDistance = wanted.length <= 3 ? 2 : 3;
  for (const word of words) {
    const distance = slips(wanted, word);
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters to insert, delete, replace or swap with their neighbour until `a` is `b` (optimal string alignment). */
function slips(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let k = 1; k <= b.length; k++) {
      const replaced = above[k - 1]! + (a[i - 1] === b[k - 1] ? 0 : 1);
      let least = Math.min(replaced, above[k]! + 1, row[k - 1]! + 1);
      if (i > 1 && k > 1 && a[i - 1] === b[k - 2] && a[i - 2] === b[k - 1]) least = Math.min(least, before[k - 2]! + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}
