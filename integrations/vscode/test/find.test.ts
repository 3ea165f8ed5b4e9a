import assert from "node:assert/strict";
import { test } from "node:test";
import { find, type Surroundings } from "../src/find";

/** A trusted workspace `/project` on Linux, with these programs. */
function place(programs: string[], changes: Partial<Surroundings> = {}): Surroundings {
  return {
    setting: "",
    folders: ["/project"],
    trusted: true,
    pathVariable: "/usr/local/bin:/usr/bin",
    home: "/home/ada",
    extension: "/ext",
    windows: false,
    isProgram: (file) => programs.includes(file),
    ...changes,
  };
}

function found(where: Surroundings): string {
  const result = find(where);
  return "program" in result ? `${result.program.origin} ${result.program.path}` : `missing ${result.missing}`;
}

const IN_VENV = "/project/.venv/bin/contentcheck";
const IN_MODULES = "/project/node_modules/.bin/contentcheck";
const ON_PATH = "/usr/bin/contentcheck";
const BUNDLED = "/ext/bundled/contentcheck";

test("the setting comes first, then the project, the PATH, and what is shipped", () => {
  const all = ["/opt/contentcheck", IN_VENV, IN_MODULES, ON_PATH, BUNDLED];
  const inOrder = [
    `project ${IN_VENV}`,
    `project ${IN_MODULES}`,
    `path ${ON_PATH}`,
    `bundled ${BUNDLED}`,
    "missing everywhere",
  ];
  assert.equal(found(place(all, { setting: "/opt/contentcheck" })), "setting /opt/contentcheck");
  assert.deepEqual(
    inOrder.map((_, at) => found(place(all.slice(at + 1)))),
    inOrder,
  );
});

test("a setting that names nothing is an error, whatever else there is", () => {
  assert.deepEqual(find(place([ON_PATH], { setting: "/opt/none" })), { missing: "setting", path: "/opt/none" });
});

test("a setting may start at the home directory or at a folder of the workspace", () => {
  const folders = ["/project", "/other"];
  const cases: [string, string][] = [
    ["~/bin/contentcheck", "/home/ada/bin/contentcheck"],
    ["${workspaceFolder}/bin/contentcheck", "/project/bin/contentcheck"],
    ["bin/contentcheck", "/other/bin/contentcheck"],
    ["./bin/../contentcheck", "/other/contentcheck"],
    ["  /opt/contentcheck ", "/opt/contentcheck"],
  ];
  for (const [setting, file] of cases) {
    assert.equal(found(place([file], { setting, folders })), `setting ${file}`, setting);
  }
  assert.equal(found(place(["/home/ada~x"], { setting: "~x" })), "missing setting");
});

test("all folders are searched, in their order", () => {
  const folders = ["/a", "/b"];
  const all = ["/b/.venv/bin/contentcheck", "/a/node_modules/.bin/contentcheck"];
  assert.equal(found(place(all, { folders })), "project /a/node_modules/.bin/contentcheck");
  assert.equal(found(place(all.slice(0, 1), { folders })), "project /b/.venv/bin/contentcheck");
});

test("in Restricted Mode nothing that lies in the workspace is run", () => {
  const restricted = { trusted: false, pathVariable: "/project/bin:/usr/bin" };
  const all = [IN_VENV, IN_MODULES, "/project/bin/contentcheck"];
  assert.equal(found(place(all, restricted)), "missing everywhere");
  assert.equal(found(place([...all, ON_PATH], restricted)), `path ${ON_PATH}`);
  // A setting of the user may be followed, but not into the workspace.
  assert.equal(found(place(["/opt/cc"], { ...restricted, setting: "/opt/cc" })), "setting /opt/cc");
  assert.equal(found(place(all, { ...restricted, setting: IN_VENV })), "missing setting");
  assert.equal(found(place(all, { ...restricted, setting: "bin/contentcheck" })), "missing setting");
  // A name that only begins alike lies outside.
  assert.equal(found(place(["/projector/cc"], { ...restricted, setting: "/projector/cc" })), "setting /projector/cc");
  assert.equal(found(place(["/project/..x/cc"], { ...restricted, setting: "/project/..x/cc" })), "missing setting");
});

test("relative entries of the PATH are not followed", () => {
  const isProgram = (file: string) => file.endsWith("contentcheck");
  assert.equal(found(place([], { pathVariable: ".:bin::/usr/bin", folders: [], isProgram })), `path ${ON_PATH}`);
});

test("Windows has other separators, names and directories", () => {
  const windows = {
    windows: true,
    folders: ["C:\\work"],
    pathVariable: "C:\\Windows;D:\\tools",
    home: "C:\\Users\\ada",
    extension: "C:\\ext",
  };
  const cases: [string, string][] = [
    ["project", "C:\\work\\.venv\\Scripts\\contentcheck.exe"],
    ["path", "D:\\tools\\contentcheck.exe"],
    ["bundled", "C:\\ext\\bundled\\contentcheck.exe"],
  ];
  for (const [origin, file] of cases) {
    assert.equal(found(place([file], windows)), `${origin} ${file}`);
  }
  const setting = { ...windows, setting: "~\\bin\\contentcheck.exe" };
  assert.equal(
    found(place(["C:\\Users\\ada\\bin\\contentcheck.exe"], setting)),
    "setting C:\\Users\\ada\\bin\\contentcheck.exe",
  );
  const restricted = { ...windows, trusted: false, setting: "D:\\tools\\contentcheck.exe" };
  assert.equal(found(place(["D:\\tools\\contentcheck.exe"], restricted)), "setting D:\\tools\\contentcheck.exe");
});
