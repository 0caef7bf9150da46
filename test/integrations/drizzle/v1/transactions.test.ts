import { places } from "./operations.ts";
import { transactionTests } from "../transactions.ts";

for (const place of places) transactionTests(place);
