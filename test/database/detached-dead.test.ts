// FOUND: a detached connection that died was never closed, and one in a transaction could not be bound again.

import { describe, expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";
import { storingDatabase } from "../kit/storing-database.ts";

describe.each(["not-executed", "unknown"] as const)("a detached connection that is lost (%s)", (lost) => {
  test("is closed once by close(), which resolves", async () => {
    const { db, adapter } = fakeDatabase({ script: (text) => (text === "boom" ? { lost } : undefined) });
    const connection = await db.session(async (s) => {
      await s.getConnection();
      return s.detach();
    });
    await expect(connection.query("boom")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(connection.query("again")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await connection.close();
    await connection.close();
    expect(adapter.connections[0]!.closes).toBe(1);
  });

  test("is closed once also where a session has it that dies with it", async () => {
    const { db, adapter } = fakeDatabase({ script: (text) => (text === "boom" ? { lost } : undefined) });
    const connection = await db.session(async (s) => {
      await s.getConnection();
      return s.detach();
    });
    const work = db.session(async (s) => {
      await s.setConnection(connection);
      await s.query("boom");
    });
    await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await connection.close();
    expect(adapter.connections[0]!.closes).toBe(1);
  });
});

test("one with a transaction open on it goes on with it where it is bound, and is settled there", async () => {
  const { db, adapter, stored, events } = storingDatabase();
  const connection = await db.session(async (s) => {
    await s.query("first");
    return s.detach();
  });
  await db.session(async (s) => {
    await s.setConnection(connection);
    await s.query("second");
  });
  expect(stored).toEqual(["first", "second"]);
  await connection.close();
  expect(adapter.flights).toEqual(["1: begin | first", "1: second", "1: commit"]);
  expect(events.filter(({ type }) => type === "error")).toEqual([]);
});

test("and is rolled back by the session that fails with it, or by its owner's close()", async () => {
  const { db, adapter, stored } = storingDatabase();
  const detached = async () =>
    db.session(async (s) => {
      await s.query("first");
      return s.detach();
    });
  const bound = await detached();
  const work = db.session(async (s) => {
    await s.setConnection(bound);
    throw new Error("boom");
  });
  await expect(work).rejects.toThrow("boom");
  await bound.close();
  await (await detached()).close();
  expect(stored).toEqual([]);
  expect(adapter.flights).toEqual(["1: begin | first", "1: rollback", "2: begin | first", "2: rollback"]);
});

test("a session without a transaction refuses it, and can be bound to it once that is settled", async () => {
  const { db, stored } = storingDatabase();
  const connection = await db.session(async (s) => {
    await s.query("first");
    return s.detach();
  });
  await db.session(
    async (s) => {
      await expect(s.setConnection(connection)).rejects.toThrow(/without an open transaction/);
      await db.session(async (other) => {
        await other.setConnection(connection);
        await other.commit();
      });
      await s.setConnection(connection);
      await s.query("second");
    },
    { transaction: false },
  );
  expect(stored).toEqual(["first", "second"]);
  await connection.close();
});

test("its own statements and a nested part's savepoints go on where another session left it", async () => {
  const { db, adapter, stored } = storingDatabase();
  const connection = await db.session(async (s) => {
    await s.transaction((tx) => tx.query("kept part"), { propagation: "nested" });
    return s.detach();
  });
  await connection.query("by hand");
  await db.session(async (s) => {
    await s.setConnection(connection);
    await s.transaction((tx) => tx.query("another part"), { propagation: "nested" });
  });
  expect(stored).toEqual(["kept part", "by hand", "another part"]);
  await connection.close();
  expect(adapter.openConnections).toBe(0);
});
