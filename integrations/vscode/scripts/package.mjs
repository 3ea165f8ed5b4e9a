// Packages the extension: `npm run package`, or for one platform with the program in it
// `npm run package -- --target linux-x64 --program ../../target/release/contentcheck`.

import { chmodSync, copyFileSync, mkdirSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { createVSIX } from "@vscode/vsce";

const { values } = parseArgs({
  options: { target: { type: "string" }, program: { type: "string" }, out: { type: "string" } },
});
if ((values.target === undefined) !== (values.program === undefined)) {
  throw new Error("--target and --program belong together: a program runs on one platform only");
}

rmSync("bundled", { recursive: true, force: true });
if (values.program !== undefined) {
  const bundled = `bundled/contentcheck${values.target?.startsWith("win32") ? ".exe" : ""}`;
  mkdirSync("bundled");
  copyFileSync(values.program, bundled);
  chmodSync(bundled, 0o755);
}
try {
  // What the extension needs of its packages is in the bundle.
  await createVSIX({ target: values.target, packagePath: values.out, dependencies: false });
} finally {
  rmSync("bundled", { recursive: true, force: true });
}
