import { contractEverywhere } from "./contract/everywhere.ts";
import { suites } from "./contract/d1.ts";

contractEverywhere({ file: "d1.ts", suites, where: ["workerd"], databases: 100 });
