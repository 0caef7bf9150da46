// A reporter for vitest: keeps what failed outside of any test, which its JSON does not tell: an error that nobody caught, a worker that died.

import { writeFileSync } from "node:fs";

// vitest takes a reporter from the default export.
// oxlint-disable-next-line import/no-default-export
export default class OutsideOfTests {
  onTestRunEnd(_modules, errors) {
    const told = errors.map(({ name, message, stack, VITEST_TEST_PATH: file, VITEST_TEST_NAME: test }) =>
      [`outside of any test: ${name}: ${message}`, file && `in ${file}`, test && `near "${test}"`, stack]
        .filter(Boolean)
        .join("\n    "),
    );
    writeFileSync(process.env.OUTSIDE_OF_TESTS, JSON.stringify(told));
  }
}
