/** The grammar on the content of this repository: all of it is coloured, and none of it as a mistake. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { before, test } from "node:test";
import { createOnigScanner, createOnigString, loadWASM } from "vscode-oniguruma";
import { type IGrammar, INITIAL, parseRawGrammar, Registry } from "vscode-textmate";

const REPOSITORY = path.resolve("../..");
const GRAMMAR = "syntaxes/contentcheck.tmLanguage.json";

let grammar: IGrammar;

before(async () => {
  await loadWASM(readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")));
  const registry = new Registry({
    onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
    loadGrammar: async () => parseRawGrammar(readFileSync(GRAMMAR, "utf8"), GRAMMAR),
  });
  const loaded = await registry.loadGrammar("source.contentcheck");
  assert.ok(loaded);
  grammar = loaded;
});

for (const directory of ["corpus/releases", "corpus/incidents", "crates/library/content"]) {
  test(directory, () => {
    const root = path.join(REPOSITORY, directory);
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".content"));
    assert.ok(files.length > 0, `${directory} has content`);
    const wrong = files.flatMap((file) => uncoloured(path.join(root, file)));
    assert.deepEqual(wrong, []);
  });
}

/** What of a file has no scope of its own, or is marked as a mistake; and whether a block is left open. */
function uncoloured(file: string): string[] {
  const found: string[] = [];
  let stack = INITIAL;
  for (const [at, line] of readFileSync(file, "utf8").split("\n").entries()) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    for (const { startIndex, endIndex, scopes } of tokens) {
      const text = line.slice(startIndex, endIndex).trim();
      const isPlain = scopes.slice(1).every((scope) => scope.startsWith("meta."));
      if (text !== "" && (isPlain || scopes.some((scope) => scope.startsWith("invalid.")))) {
        found.push(`${file}:${at + 1}: ${text} ${scopes.join(" ")}`);
      }
    }
  }
  return stack.depth === 1 ? found : [...found, `${file}: a block is left open`];
}
