// One file for the editor, and one for each file of tests: `node esbuild.mjs [extension | test | e2e]`.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const kind = process.argv[2] ?? "extension";
const isForTests = kind !== "extension";
const directory = `dist/${kind}`;
rmSync(directory, { recursive: true, force: true });

const source = kind === "e2e" ? "test/e2e" : "test";
const tests = readdirSync(source).filter((name) => name.endsWith(".test.ts"));

const { metafile } = await build({
  bundle: true,
  platform: "node",
  // What VS Code 1.91 runs on.
  target: "node20",
  format: "cjs",
  external: ["vscode"],
  sourcemap: isForTests ? "inline" : false,
  minify: !isForTests,
  metafile: true,
  logLevel: "warning",
  ...(isForTests
    ? {
        entryPoints: tests.map((name) => `${source}/${name}`),
        outdir: directory,
        outExtension: { ".js": ".cjs" },
        packages: "external",
      }
    : { entryPoints: ["src/extension.ts"], outfile: `${directory}/extension.js` }),
});

if (!isForTests) {
  writeFileSync(`${directory}/THIRD-PARTY.txt`, licences(Object.keys(metafile.inputs)));
}

/** The licences of the packages that are in the bundle, which ask to be handed on. */
function licences(files) {
  const directories = files.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  const packages = [...new Set(directories.filter((found) => found !== undefined))].sort();
  return packages.map(licence).join("\n");
}

function licence(directory) {
  const { name, version, license } = JSON.parse(readFileSync(`${directory}/package.json`, "utf8"));
  const file = readdirSync(directory).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  if (file === undefined || !existsSync(`${directory}/${file}`)) {
    throw new Error(`${name} is bundled and has no file with its licence`);
  }
  const text = readFileSync(`${directory}/${file}`, "utf8").trim();
  return `${name} ${version} (${license})\n\n${text}\n\n${"-".repeat(80)}\n`;
}
