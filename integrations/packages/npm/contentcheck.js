#!/usr/bin/env node
// Runs the program of the package for this platform, and ends as it ends.
"use strict";

const { spawn } = require("node:child_process");
const os = require("node:os");

const name = `@contentcheck/${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "contentcheck.exe" : "contentcheck";

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(3);
}

let program;
try {
  program = require.resolve(`${name}/${file}`);
} catch {
  fail(
    `the package ${name} is not installed: there is none for this platform, ` +
      "or it was left out with --omit=optional (musl: build from source)",
  );
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => fail(`${program} cannot be started: ${error.message}`));
// Who asks this process to end means the program. Of a terminal both get the signal; the program decides what it means.
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
for (const signal of signals) {
  process.on(signal, () => child.kill(signal));
}
child.on("exit", (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  for (const own of signals) {
    process.removeAllListeners(own);
  }
  process.kill(process.pid, signal);
  // A signal that does not end this process: as a shell says it.
  setTimeout(() => process.exit(128 + (os.constants.signals[signal] ?? 0)), 100);
});
