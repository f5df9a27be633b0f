// The last line of every test run: how many tests passed, failed and were skipped.

export const noTotals = Object.freeze({ passed: 0, failed: 0, skipped: 0 });

export const formatTotals = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

export const addTotals = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** The totals that end `output`, if its last line tells any. */
export function parseTotals(output) {
  const match = /(?:^|\n)(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output);
  if (!match) return undefined;
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]) };
}
