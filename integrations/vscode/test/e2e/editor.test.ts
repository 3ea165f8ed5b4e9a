/** The extension in VS Code, as a person uses it. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { Editor, type Options, type Tools, tools } from "./code-server";

const REPOSITORY = path.resolve("../..");
const found = tools();
const skip = typeof found === "string" ? found : false;
const have = (typeof found === "string" ? {} : found) as Tools;

/** A directory with a release of native content, one of Sigma rules, and YAML that is neither. */
function workspace(): string {
  const root = mkdtempSync(path.join(tmpdir(), "contentcheck-workspace-"));
  cpSync(path.join(REPOSITORY, "corpus/incidents/channel-file-291"), path.join(root, "incident"), { recursive: true });
  cpSync(path.join(REPOSITORY, "crates/lsp/tests/release"), path.join(root, "acme"), { recursive: true });
  mkdirSync(path.join(root, "deploy"));
  writeFileSync(path.join(root, "deploy", "app.yml"), "services:\n    web:\n        image: nginx\n");
  return root;
}

function pack(...args: string[]): string {
  const file = path.resolve(`dist/e2e/${args.length === 0 ? "any" : "platform"}.vsix`);
  execFileSync(process.execPath, ["scripts/package.mjs", "--out", file, ...args], { stdio: "ignore" });
  return file;
}

const STATUS = '[id="contentcheck.contentcheck.contentcheck.status"]';

/** Waits until the status bar says something, and gives it. */
async function status(editor: Editor, text: RegExp): Promise<string> {
  const item = editor.page.locator(STATUS, { hasText: text });
  await item.waitFor({ timeout: 60_000 });
  return (await item.innerText()).trim();
}

describe("a workspace with releases", { skip }, () => {
  let root: string;
  let editor: Editor;
  const file = (name: string) => path.join(root, name);
  const step = steps(() => editor);

  before(async () => {
    root = workspace();
    editor = await Editor.start(have, { vsix: pack(), folder: root, path: [path.dirname(have.contentcheck)] });
  });

  after(async () => {
    await editor?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  step("the status bar names the version", async () => {
    const version = execFileSync(have.contentcheck, ["--version"], { encoding: "utf8" }).trim();
    assert.equal(await status(editor, /contentcheck \d/), version);
    await editor.page.locator(STATUS).hover();
    await editor.page.locator(".monaco-hover", { hasText: "found on the PATH" }).waitFor();
    await editor.picture("status");
  });

  step("the Problems panel shows CC0401 and CC0402", async () => {
    await editor.open("incident/ipc.content", 33, 56);
    await editor.command("Problems: Focus on Problems View");
    for (const code of ["CC0401", "CC0402"]) {
      await editor.page.locator(".markers-panel .monaco-list-row", { hasText: code }).first().waitFor();
    }
    await editor.picture("problems");
    const link = editor.page.locator(".markers-panel a", { hasText: "CC0401" }).first();
    assert.match((await link.getAttribute("href")) ?? "", /errors\.md#cc0401-/);
    await editor.command("View: Toggle Panel Visibility");
  });

  step("what is written is checked before it is saved", async () => {
    await editor.open("incident/ipc.content", 42, 67);
    await editor.page.keyboard.type(' and imag == "x"');
    await editor.page.keyboard.press("Escape");
    await editor.command("Problems: Focus on Problems View");
    const problem = (code: string) => editor.page.locator(".markers-panel .monaco-list-row", { hasText: code }).first();
    await problem("CC0202").waitFor();
    // A rule with a field that does not exist is not checked further.
    await problem("CC0402").waitFor({ state: "detached" });
    await editor.command("View: Toggle Panel Visibility");
    await editor.command("File: Revert File");
    await editor.command("Problems: Focus on Problems View");
    await problem("CC0402").waitFor();
    await editor.command("View: Toggle Panel Visibility");
  });

  step("hovering over a field says what supplies it", async () => {
    await editor.open("incident/ipc.content", 33, 11);
    await editor.command("Show or Focus Hover");
    const hover = editor.page.locator(".monaco-hover", { hasText: "supplied by" });
    await hover.waitFor();
    assert.match(await hover.innerText(), /pipe_name/);
    await editor.picture("hover");
    await editor.page.keyboard.press("Escape");
  });

  step("completion knows the fields and who supplies them", async () => {
    await editor.open("incident/ipc.content", 42, 67);
    await editor.page.keyboard.type(" and imp");
    await editor.page.keyboard.press("Control+Space");
    const row = editor.page.locator(".suggest-widget .monaco-list-row");
    await row.filter({ hasText: "impersonation_token" }).waitFor();
    await editor.picture("completion");
    assert.equal(await row.filter({ hasText: "impersonation" }).count(), 2);
    await editor.page.keyboard.press("Enter");
    await editor.page.keyboard.type(' == "x"');
    await editor.page.keyboard.press("Control+S");
    await eventually(() =>
      assert.match(readFileSync(file("incident/ipc.content"), "utf8"), /and impersonation == "x"/),
    );
  });

  step("a quick fix is applied", async () => {
    await editor.open("acme/rules/curl.yml", 12, 10);
    await editor.page.locator(".squiggly-warning").first().waitFor();
    await editor.page.keyboard.press("Control+.");
    const actions = editor.page.locator(".action-widget .monaco-list-row");
    await actions.filter({ hasText: "Write it in lower case" }).waitFor();
    await actions.filter({ hasText: "Explain CC0713" }).waitFor();
    await editor.picture("quick-fix");
    await actions.filter({ hasText: "Write it in lower case" }).click();
    await editor.page.keyboard.press("Control+S");
    await eventually(() => assert.match(readFileSync(file("acme/rules/curl.yml"), "utf8"), /- attack\.t1105/));
  });

  step("a comment that accepts a finding waits for its reason", async () => {
    await editor.open("acme/rules/shell.content", 17, 12);
    await editor.page.locator(".squiggly-error").first().waitFor();
    await editor.page.keyboard.press("Control+.");
    await editor.page.locator(".action-widget .monaco-list-row", { hasText: "Allow CC0202" }).click();
    await editor.page.keyboard.type("it is tried");
    await editor.page.keyboard.press("Control+S");
    const expected = "    # contentcheck: allow CC0202 -- it is tried\n    when imag";
    await eventually(() => assert.ok(readFileSync(file("acme/rules/shell.content"), "utf8").includes(expected)));
  });

  step("native content is formatted, and YAML is left to others", async () => {
    await editor.open("acme/rules/templates.content", 3, 5);
    await editor.page.keyboard.type("      ");
    await editor.command("Format Document");
    const first = editor.page.locator(".editor-instance .view-line", { hasText: "serves" });
    await eventually(async () => assert.match(plain(await first.innerText()), /^ {4}serves/));
    await editor.page.keyboard.press("Control+S");
    await editor.open("acme/rules/curl.yml", 1, 1);
    await editor.command("Format Document");
    await editor.page.getByText("There is no formatter for 'yaml' files installed").first().waitFor();
    await editor.page.getByRole("button", { name: "Cancel" }).click();
  });

  step("other YAML is left alone", async () => {
    await editor.open("deploy/app.yml", 2, 5);
    await editor.page.waitForTimeout(1_000);
    assert.equal(await editor.page.locator(".editor-instance [class*=squiggly]").count(), 0);
  });

  step("a directory that becomes a release is checked", async () => {
    writeFileSync(file("deploy/contentcheck.toml"), "");
    await editor.page.locator(".editor-instance [class*=squiggly]").first().waitFor();
    rmSync(file("deploy/contentcheck.toml"));
    await editor.page.locator(".editor-instance [class*=squiggly]").first().waitFor({ state: "detached" });
  });

  step("a code is explained", async () => {
    await editor.open("incident/ipc.content", 33, 56);
    await editor.command("contentcheck: Explain Code");
    await editor.page.locator(".tab", { hasText: "CC0401" }).waitFor();
    const frame = editor.page.frameLocator("iframe.webview").frameLocator("iframe");
    await frame.locator("h3", { hasText: "CC0401 unsupplied-input" }).waitFor({ timeout: 30_000 });
    await editor.picture("explain");
    await editor.command("View: Close All Editors");
  });

  step("the gate runs in a terminal", async () => {
    await editor.open("incident/ipc.content", 1, 1);
    await editor.command("contentcheck: Run Gate");
    await editor.page
      .locator(".terminal-wrapper.active .xterm-rows", { hasText: "FAILED" })
      .waitFor({ timeout: 30_000 });
    await editor.picture("gate");
    await editor.command("View: Toggle Panel Visibility");
  });

  const noLog = have.logs ? undefined : "this code-server writes no log";
  step(
    "the server is started again, and its log is shown",
    async () => {
      await editor.command("contentcheck: Restart Language Server");
      await status(editor, /contentcheck \d/);
      await editor.command("contentcheck: Show Log");
      // Long lines are wrapped, so it depends on the path of the program where the words end.
      await editor.page.locator(".panel .view-line", { hasText: "[info] contentcheck" }).nth(1).waitFor();
      await editor.picture("log");
    },
    noLog,
  );
});

describe("a workspace that is not trusted", { skip }, () => {
  let root: string;
  let editor: Editor;
  const step = steps(() => editor);

  before(async () => {
    root = workspace();
    const program = path.join(root, ".venv/bin/contentcheck");
    mkdirSync(path.dirname(program), { recursive: true });
    writeFileSync(program, `#!/bin/sh\ntouch "${root}/was-run"\n`);
    chmodSync(program, 0o755);
    mkdirSync(path.join(root, ".vscode"));
    writeFileSync(path.join(root, ".vscode/settings.json"), JSON.stringify({ "contentcheck.path": program }));
    const trust = { "security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never" };
    const options: Options = {
      vsix: pack("--target", `${process.platform}-${process.arch}`, "--program", have.contentcheck),
      folder: root,
      settings: trust,
    };
    editor = await Editor.start(have, options);
  });

  after(async () => {
    await editor?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  step("runs what ships with the extension, and nothing of the workspace", async () => {
    await status(editor, /contentcheck \d/);
    await editor.page.locator(STATUS).hover();
    await editor.page.locator(".monaco-hover", { hasText: "shipped with the extension" }).waitFor();
    await editor.picture("restricted");
    assert.equal(existsSync(path.join(root, "was-run")), false);
  });
});

describe("a machine without contentcheck", { skip }, () => {
  let root: string;
  let editor: Editor;
  const step = steps(() => editor);

  before(async () => {
    root = workspace();
    editor = await Editor.start(have, { vsix: pack(), folder: root });
  });

  after(async () => {
    await editor?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  step("says so, and what to do", async () => {
    const message = editor.page.locator(".notification-list-item", { hasText: "contentcheck was not found" });
    await message.waitFor({ timeout: 60_000 });
    await editor.picture("missing");
    assert.match(await message.innerText(), /contentcheck\.path/);
    await editor.page.locator(`${STATUS}.has-background-color`).waitFor();
  });
});

/** Makes tests that leave a picture where they fail. */
function steps(editor: () => Editor) {
  return (name: string, work: () => Promise<void>, skip?: string) =>
    test(name, { skip: skip ?? false }, async () => {
      try {
        await work();
      } catch (error) {
        await editor().picture(`failed: ${name}`);
        throw error;
      }
    });
}

/** The editor shows spaces that do not break. */
function plain(text: string): string {
  return text.replaceAll("\u00a0", " ");
}

async function eventually(check: () => void | Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await check();
      return;
    } catch (error) {
      if (tries === 50) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
