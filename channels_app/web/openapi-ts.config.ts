// The shapes of the API as types, from its own document: `python3 manage.py web_types` writes them anew.
import { defineConfig } from "@hey-api/openapi-ts";

export default defineConfig({
  input: process.env.ROOST_OPENAPI ?? "openapi.json",
  output: { path: process.env.ROOST_TYPES ?? "src/api/generated", entryFile: false },
  // The requests have names of their own in `endpoints.ts`; what comes and goes with them is all that is wanted.
  parser: { filters: { operations: { exclude: ["/.*/"] }, orphans: true } },
  plugins: [{ name: "@hey-api/typescript", comments: false }],
  logs: { level: "warn", file: false },
});
