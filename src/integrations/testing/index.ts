// What tests of an application need of its databases.

export {
  fakeAdapter,
  type FakeAdapter,
  type FakeAdapterOptions,
  type FakeAnswer,
  type FakeRequest,
} from "./fake-adapter.ts";
export { fakeClock, type FakeClock } from "./fake-clock.ts";
export { type Flights, type RecordedStatement, recordFlights, type RecordOptions } from "./record-flights.ts";
export { rolledBack, type RolledBackOptions } from "./rolled-back.ts";
export { rolledBackTest } from "./rolled-back-test.ts";
