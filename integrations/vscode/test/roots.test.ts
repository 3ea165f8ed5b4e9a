import assert from "node:assert/strict";
import { test } from "node:test";
import { releaseOf, yamlRoots } from "../src/roots";

const none = () => false;

test("YAML files are content below a release", () => {
  assert.deepEqual(yamlRoots("auto", ["/w"], [], none), []);
  assert.deepEqual(yamlRoots("auto", ["/w"], ["/w/b", "/w/a"], none), ["/w/a", "/w/b"]);
});

test("a folder below a release belongs to it as a whole", () => {
  const exists = (file: string) => file === "/release/contentcheck.toml";
  assert.deepEqual(yamlRoots("auto", ["/release/rules"], ["/release/rules/more"], exists), ["/release/rules"]);
  assert.deepEqual(yamlRoots("auto", ["/release"], ["/release"], exists), ["/release"]);
});

test("the setting says otherwise", () => {
  assert.deepEqual(yamlRoots("always", ["/w", "/v"], [], none), ["/v", "/w"]);
  assert.deepEqual(
    yamlRoots("never", ["/w"], ["/w"], () => true),
    [],
  );
});

test("the release of a file is the nearest one", () => {
  const settings = ["/w/contentcheck.toml", "/w/a/contentcheck.toml"];
  const exists = (file: string) => settings.includes(file);
  assert.equal(releaseOf("/w/a/b/x.content", "/w", exists), "/w/a");
  assert.equal(releaseOf("/w/c/x.content", "/w", exists), "/w");
  assert.equal(releaseOf("/v/c/x.content", "/v", exists), "/v");
});
