import { contractEverywhere } from "./contract/everywhere.ts";
import { suites } from "./contract/durable-object.ts";

contractEverywhere({ file: "durable-object.ts", suites, where: ["workerd"], isInObject: true });
