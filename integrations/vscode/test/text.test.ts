import assert from "node:assert/strict";
import { test } from "node:test";
import { codeAt, readCode } from "../src/codes";
import { isAnswer, page } from "../src/page";
import { judge } from "../src/version";

test("versions are compared by number", () => {
  assert.deepEqual(judge("contentcheck 0.1.0\n"), { kind: "fine", version: "0.1.0" });
  assert.deepEqual(judge("contentcheck 0.10.0", "0.9.1"), { kind: "fine", version: "0.10.0" });
  assert.deepEqual(judge("contentcheck 0.9.9", "0.10.0"), { kind: "old", version: "0.9.9" });
  assert.deepEqual(judge("contentcheck 1.0.0-rc.1", "0.10.0"), { kind: "fine", version: "1.0.0-rc.1" });
});

test("another program is not taken for an old version", () => {
  for (const printed of ["", "git version 2.39.5", "contentcheck", "contentchecker 1.0.0"]) {
    assert.deepEqual(judge(printed), { kind: "other" }, printed);
  }
});

test("a code is found where the cursor touches it", () => {
  const line = "    x  # contentcheck: allow CC0607, CC0401 -- because";
  const at = (column: number) => codeAt(line, column);
  const first = line.indexOf("CC0607");
  assert.deepEqual([at(first), at(first + 6), at(first - 1)], ["CC0607", "CC0607", undefined]);
  assert.equal(at(line.indexOf("CC0401") + 3), "CC0401");
  assert.equal(codeAt("CC04011", 3), undefined);
});

test("what is typed is a code or the name of one", () => {
  assert.deepEqual(["cc0401", " CC0401 ", "unsupplied-input"].map(readCode), ["CC0401", "CC0401", "unsupplied-input"]);
  assert.deepEqual(["", "401", "--help", "x", "CC0401 CC0402"].map(readCode), Array(5).fill(undefined));
});

test("an answer is a page with its title", () => {
  const answer = { title: "Events on\n`x`", text: "test fires {}\n", language: "contentcheck" };
  assert.equal(page(answer), "# Events on `x`\n\ntest fires {}\n");
  assert.equal(page({ ...answer, language: "jsonc" }), "// Events on `x`\n\ntest fires {}\n");
  assert.equal(page({ ...answer, text: "", language: "plaintext" }), "Events on `x`\n");
});

test("what other commands answer is no page", () => {
  for (const other of [
    undefined,
    null,
    "x",
    1,
    {},
    { title: "x", text: "y" },
    { title: "x", text: 1, language: "y" },
  ]) {
    assert.equal(isAnswer(other), false, String(other));
  }
  assert.ok(isAnswer({ title: "x", text: "y", language: "z" }));
});
