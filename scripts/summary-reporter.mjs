// A vitest reporter: counts the tests, keeps the names of the skipped ones with their reasons, and writes both as JSON
// to the file that NETARIUM_SUMMARY names. scripts/test.mjs prints it after vitest has said all that it says.

import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

export default class SummaryReporter {
  onInit(vitest) {
    this.vitest = vitest;
  }

  onTestRunEnd(modules, unhandledErrors) {
    const path = process.env.NETARIUM_SUMMARY;
    if (!path) return;
    const summary = { passed: 0, failed: 0, skips: [], notes: [] };
    for (const module of modules) {
      const file = relative(this.vitest.config.root, module.moduleId);
      // A file that does not load has no tests to fail, and yet it failed.
      if (module.errors().length > 0) {
        summary.failed++;
        summary.notes.push(`${file} could not be run`);
      }
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length === 0) continue;
        summary.failed++;
        summary.notes.push(`${file}: "${suite.fullName}" failed outside its tests`);
      }
      for (const test of module.children.allTests()) this.count(summary, file, test);
    }
    if (unhandledErrors.length > 0) {
      summary.failed += unhandledErrors.length;
      summary.notes.push(`${unhandledErrors.length} error(s) outside any test`);
    }
    writeFileSync(path, JSON.stringify(summary));
  }

  count(summary, file, test) {
    const result = test.result();
    if (result.state === 'passed') summary.passed++;
    else if (result.state === 'failed') summary.failed++;
    else if (result.state === 'pending') {
      summary.failed++;
      summary.notes.push(`${file}: "${test.fullName}" did not end`);
    } else if (this.wasAskedFor(test)) {
      // A skipped group tells its reason in its name: `describe.skip('TAP [skipped: needs root]', ...)`.
      const [inName, told] = / \[skipped: (.*?)\](?= > |$)/.exec(test.fullName) ?? [];
      const reason = result.note ?? told ?? (test.options.mode === 'todo' ? 'to be written' : undefined);
      summary.skips.push({ file, name: test.fullName.replace(inName ?? '', ''), reason });
    }
  }

  /** False for a test that `-t pattern` leaves out: nobody skipped it. */
  wasAskedFor(test) {
    const pattern = this.vitest.getGlobalTestNamePattern?.() ?? this.vitest.config.testNamePattern;
    return !pattern || pattern.test(test.fullName.replaceAll(' > ', ' '));
  }
}
