// Stryker's runner of tests: the simulation first, which is quick and notices most; then vitest, with the tests that come to the
// changed place.

import { commonTokens, declareFactoryPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { DryRunStatus, MutantRunStatus, TestStatus } from "@stryker-mutator/api/test-runner";
import { strykerPlugins as vitestPlugins } from "@stryker-mutator/vitest-runner";
import { NOT_DRAWN } from "./saved.mjs";
import { SIMULATION, Simulation } from "./simulation.mjs";

/** `MUTATE_PART=1/4`: the first of every four is played. The others count for nothing, and are played another time. */
const [PART, PARTS] = (process.env.MUTATE_PART ?? "1/1").split("/").map(Number);
if (!(PART >= 1 && PART <= PARTS))
  throw new Error(`Expected MUTATE_PART to be like 1/4, got ${process.env.MUTATE_PART}`);

class SimulationFirst {
  #simulation = new Simulation();
  #vitest;

  constructor(vitest) {
    this.#vitest = vitest;
  }

  capabilities() {
    return this.#vitest.capabilities();
  }

  async init() {
    await this.#simulation.init(process.env.STRYKER_MUTATOR_WORKER ?? 0);
    await this.#vitest.init();
  }

  async dryRun(options) {
    const startedAt = performance.now();
    const { failure, coverage } = await this.#simulation.play({});
    if (failure) return { status: DryRunStatus.Error, errorMessage: failure };
    const timeSpentMs = performance.now() - startedAt;
    await this.#simulation.dispose();
    const dry = await this.#vitest.dryRun(options);
    if (dry.status !== DryRunStatus.Complete) return dry;
    const { mutantCoverage = { static: {}, perTest: {} } } = dry;
    mutantCoverage.perTest[SIMULATION] = coverage?.perTest[SIMULATION] ?? {};
    Object.assign(mutantCoverage.static, coverage?.static);
    // What runs while a module is loaded, and in tests as well, is changed in the tests.
    for (const hits of Object.values(mutantCoverage.perTest))
      for (const mutant of Object.keys(hits)) delete mutantCoverage.static[mutant];
    const simulation = { id: SIMULATION, name: SIMULATION, status: TestStatus.Success, timeSpentMs };
    return { ...dry, tests: [simulation, ...dry.tests], mutantCoverage };
  }

  async mutantRun(options) {
    const { testFilter, activeMutant, hitLimit, mutantActivation } = options;
    // Neighbours are alike: to draw every fourth comes by every line. One with an error is in no score.
    if (Number(activeMutant.id) % PARTS !== PART - 1) return { status: MutantRunStatus.Error, errorMessage: NOT_DRAWN };
    if (!testFilter || testFilter.includes(SIMULATION)) {
      const isStatic = mutantActivation === "static";
      const { failure, isHung } = await this.#simulation.play({ mutant: activeMutant.id, hitLimit, isStatic });
      if (isHung) return { status: MutantRunStatus.Timeout, reason: failure };
      if (failure)
        return { status: MutantRunStatus.Killed, killedBy: [SIMULATION], failureMessage: failure, nrOfTests: 1 };
    }
    const rest = testFilter?.filter((id) => id !== SIMULATION);
    // The tests of sessions and databases come to nearly all of the pool: what it promises is in its own, which are quicker. The others
    // are played when those have noticed nothing.
    const isPool = activeMutant.fileName.includes("/src/pool/");
    const isOwn = (id) => !isPool || id.startsWith("test/pool/");
    const told = await this.#byVitest(options, rest?.filter(isOwn));
    const others = rest?.filter((id) => !isOwn(id)) ?? [];
    return told.status === MutantRunStatus.Survived && others.length > 0 ? this.#byVitest(options, others) : told;
  }

  async #byVitest(options, tests) {
    if (tests?.length === 0) return { status: MutantRunStatus.Survived, nrOfTests: 1 };
    const told = await this.#vitest.mutantRun({ ...options, testFilter: tests });
    if (told.status !== MutantRunStatus.Error) return told;
    // Outside of any test, as a rejection that nobody listens to: without the mutant, there is none.
    return {
      status: MutantRunStatus.Killed,
      killedBy: [],
      failureMessage: told.errorMessage,
      nrOfTests: tests?.length ?? 0,
    };
  }

  async dispose() {
    await this.#simulation.dispose();
    await this.#vitest.dispose();
  }
}

function create(injector) {
  const { factory } = vitestPlugins.find(({ name }) => name === "vitest");
  return new SimulationFirst(injector.injectFunction(factory));
}
create.inject = [commonTokens.injector];

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, "isopool", create)];
