// Installs code-server, which is VS Code in a browser, for `npm run test:e2e`: into `.code-server`, or where
// CODE_SERVER_DIR says. It takes some minutes and 650 MB, so it is not among the packages of the extension.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";

const directory = path.resolve(process.env.CODE_SERVER_DIR ?? ".code-server");
mkdirSync(directory, { recursive: true });
writeFileSync(path.join(directory, "package.json"), JSON.stringify({ private: true }));

// Its own engine: code-server wants a later Node than the extension. Scripts would build native parts, of which only
// that of the log is missed.
const engine = `node-${process.platform}-${process.arch}`;
npm(directory, "install", "--ignore-scripts", "--save-exact", `${engine}@24`, "code-server@4.139.1");
const code = path.join(directory, "node_modules/code-server/lib/vscode");
npm(code, "install", "--ignore-scripts", "--omit=dev");
npm(path.join(code, "extensions"), "install", "--ignore-scripts", "--omit=dev");
try {
  const headers = path.join(directory, "node_modules", engine);
  npm(code, "rebuild", "@vscode/spdlog", `--nodedir=${headers}`);
} catch {
  console.error("The log of code-server cannot be built here; the test of the log is skipped.");
}

function npm(cwd, ...args) {
  const bin = path.join(directory, "node_modules", engine, "bin");
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
  // npm hands the settings of the extension on to what it runs.
  const settings = ["--engine-strict=false", "--loglevel=error", "--no-audit", "--no-fund"];
  execFileSync("npm", [...args, ...settings], { cwd, env, stdio: "inherit" });
}
