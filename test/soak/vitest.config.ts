import { mergeConfig } from "vitest/config";
import base from "../vitest.config.ts";

const config = mergeConfig(base, { test: { testTimeout: 7_200_000 } });
config["test"].include = ["test/soak/*.soak.ts"];

export default config;
