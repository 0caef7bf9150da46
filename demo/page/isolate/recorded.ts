// A run that was recorded, for where these files are served without a Worker: what its `/api/stats` told.

import type { IsolateReport } from "../../worker/report.ts";
import text from "./recorded.json?raw";

export const recorded = JSON.parse(text) as { readonly on: string; readonly report: IsolateReport };
