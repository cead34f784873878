// A vitest reporter: names every skipped test with what it lacks and the command that provides it, fails the run for
// a skip when CI=true, and leaves the totals for tools/bootstrap.mjs in the file that SATP_TEST_TOTALS names.
import { writeFileSync } from "node:fs";

/** What is missing, from the `requires(…)` options of the test itself or of the nearest suite around it. */
function lacking(test) {
  for (let task = test; task !== undefined && task.type !== "module"; task = task.parent) {
    const lacks = task.meta().lacks;
    if (Array.isArray(lacks) && lacks.length > 0) return lacks;
  }
  return [];
}

export default class SkipReporter {
  onTestRunEnd(modules) {
    const totals = { passed: 0, failed: 0, skipped: 0 };
    const groups = new Map();
    for (const module of modules) {
      const state = module.state();
      let tests = 0;
      for (const test of module.children.allTests()) {
        tests += 1;
        const result = test.result().state;
        if (result === "passed") totals.passed += 1;
        else if (result === "failed") totals.failed += 1;
        else {
          totals.skipped += 1;
          const lacks = lacking(test);
          const key = lacks.map((need) => need.name).join(", ");
          const group = groups.get(key) ?? { lacks, names: [] };
          group.names.push(`${module.relativeModuleId} > ${test.fullName}`);
          groups.set(key, group);
        }
      }
      // A file that does not load has no tests to count, and is a failure all the same.
      if (state === "failed" && (tests === 0 || module.errors().length > 0)) totals.failed += 1;
    }
    const out = process.stderr;
    for (const [key, group] of groups) {
      out.write(`\nskipped, ${key === "" ? "without a named reason" : `needs ${key}`}:\n`);
      for (const name of group.names) out.write(`  ${name}\n`);
      for (const need of group.lacks) out.write(`  provide ${need.name}: ${need.command}\n`);
    }
    if (totals.skipped > 0 && process.env.CI === "true") {
      out.write(`\n${totals.skipped} skipped: with CI=true nothing may be skipped\n`);
      process.exitCode = 1;
    }
    const file = process.env.SATP_TEST_TOTALS;
    if (file !== undefined && file !== "") writeFileSync(file, JSON.stringify(totals));
  }
}
