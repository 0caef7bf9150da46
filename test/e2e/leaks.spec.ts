// Promise: each test of a page fails when a secret, or the value of a parameter, shows in a console. Here they are planted.

import { expect, test } from "./page-test.ts";

test("a secret or a value is found in the console of a page, of a worker, of another tab, and in what is thrown", async ({
  page,
  context,
  leaks,
  complaints,
}) => {
  await page.goto("/");
  expect(leaks).toEqual([]);
  await page.evaluate(() => console.debug("logged in with", { password: "npg_secret" }));
  await expect.poll(() => leaks.splice(0)).toHaveLength(1);

  await context.route("**/leaky.js", (route) =>
    route.fulfill({ contentType: "text/javascript", body: 'console.info("bound: a-hidden-value")' }),
  );
  await page.evaluate(() => void new Worker("/leaky.js"));
  await expect.poll(() => leaks.splice(0)).toHaveLength(1);

  const other = await context.newPage();
  await other.evaluate(() => console.log("of the other tab: t0k3n"));
  await expect.poll(() => leaks.splice(0)).toHaveLength(1);

  await page.evaluate(() => void setTimeout(() => void Promise.reject(new Error("cannot log in with p4ssw0rd"))));
  await expect.poll(() => leaks.splice(0)).toHaveLength(1);
  await expect.poll(() => complaints.splice(0)).toHaveLength(1);
});
