/** VS Code without a display: code-server, an extension from a `.vsix`, and a browser that shows it. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium, type Page } from "playwright-core";

const run = promisify(execFile);

export interface Tools {
  readonly node: string;
  readonly codeServer: string;
  readonly chromium: string;
  readonly contentcheck: string;
  /** Whether the part of code-server was built that writes logs. */
  readonly logs: boolean;
}

/** What the tests need, or why they cannot run. */
export function tools(): Tools | string {
  const modules = path.join(path.resolve(process.env["CODE_SERVER_DIR"] ?? ".code-server"), "node_modules");
  const codeServer = path.join(modules, "code-server");
  if (!existsSync(path.join(codeServer, "lib/vscode/node_modules"))) {
    return "code-server is not installed: `npm run e2e:install` installs it";
  }
  const node = ["node", `node-${process.platform}-${process.arch}`]
    .map((name) => path.join(modules, name, "bin/node"))
    .find(existsSync);
  if (node === undefined) {
    return "code-server has no Node of its own: `npm run e2e:install` installs it";
  }
  const browser = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/google-chrome"].find(isThere);
  if (browser === undefined) {
    return "Chromium is not installed, and `CHROMIUM` does not name it";
  }
  const contentcheck = [process.env["CONTENTCHECK"], "../../target/release/contentcheck"].find(isThere);
  if (contentcheck === undefined) {
    return "contentcheck is not built (`cargo build --release`), and `CONTENTCHECK` does not name it";
  }
  const logs = existsSync(path.join(codeServer, "lib/vscode/node_modules/@vscode/spdlog/build/Release/spdlog.node"));
  return { node, codeServer, chromium: browser, contentcheck: path.resolve(contentcheck), logs };
}

function isThere(file: string | undefined): boolean {
  return file !== undefined && existsSync(file);
}

export interface Options {
  readonly vsix: string;
  /** The directory that is opened. */
  readonly folder: string;
  readonly settings?: Record<string, unknown>;
  /** Directories of the PATH before those of the system. */
  readonly path?: readonly string[];
}

/** A running editor with one window. */
export class Editor {
  private constructor(
    readonly page: Page,
    private readonly browser: Browser,
    private readonly server: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(tools: Tools, options: Options): Promise<Editor> {
    const directory = mkdtempSync(path.join(tmpdir(), "contentcheck-vscode-"));
    const config = path.join(directory, "config.yaml");
    writeFileSync(config, "auth: none\n");
    const user = path.join(directory, "data", "User");
    mkdirSync(user, { recursive: true });
    writeFileSync(path.join(user, "settings.json"), JSON.stringify({ ...QUIET, ...options.settings }));
    const search = [...(options.path ?? []), "/usr/bin", "/bin"].join(":");
    // The editor takes the PATH from a login shell.
    for (const profile of [".profile", ".bash_profile", ".zprofile"]) {
      writeFileSync(path.join(directory, profile), `export PATH="${search}"\n`);
    }
    // Without all of these it writes to the home directory.
    const places = [
      ...["--config", config],
      ...["--user-data-dir", path.join(directory, "data")],
      ...["--extensions-dir", path.join(directory, "extensions")],
    ];
    const entry = path.join(tools.codeServer, "out/node/entry.js");
    const env = { ...process.env, PATH: search, HOME: directory };
    await run(tools.node, [entry, ...places, "--install-extension", options.vsix], { env });
    const port = await freePort();
    const flags = [
      "--auth",
      "none",
      "--bind-addr",
      `127.0.0.1:${port}`,
      "--disable-telemetry",
      "--disable-update-check",
    ];
    // A group of its own: code-server starts processes that would outlive it.
    const server = spawn(tools.node, [entry, ...places, ...flags], { env, stdio: "ignore", detached: true });
    process.once("exit", () => end(server));
    try {
      const url = `http://127.0.0.1:${port}/`;
      await answers(url);
      const browser = await chromium.launch({ executablePath: tools.chromium, args: FLAGS });
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.setDefaultTimeout(15_000);
      await page.goto(`${url}?folder=${encodeURIComponent(options.folder)}`);
      await page.locator(".monaco-workbench").waitFor({ timeout: 60_000 });
      return new Editor(page, browser, server, directory);
    } catch (error) {
      end(server);
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.browser.close();
    end(this.server);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  /** Runs a command as a person does, by its title. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    await this.choose(`>${title}`, title);
  }

  /** Opens a file, and puts the cursor at a place that is counted from 1. */
  async open(file: string, line: number, column: number): Promise<void> {
    await this.page.keyboard.press("Control+P");
    await this.choose(file, path.basename(file));
    await this.page.locator(".tab.active", { hasText: path.basename(file) }).waitFor();
    await this.page.locator(".editor-instance .monaco-editor .view-line").first().waitFor();
    await this.go(line, column);
  }

  async go(line: number, column: number): Promise<void> {
    await this.page.keyboard.press("Control+G");
    const input = this.page.locator(".quick-input-widget input").first();
    await input.fill(`:${line}:${column}`);
    await input.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  private async choose(text: string, row: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input").first();
    await input.fill(text);
    await this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: row }).waitFor();
    await input.press("Enter");
  }

  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: `dist/e2e/${name}.png` });
  }
}

const QUIET = {
  "workbench.startupEditor": "none",
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "extensions.ignoreRecommendations": true,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "git.enabled": false,
  "window.commandCenter": false,
  "files.autoSave": "off",
  // Rows that a test can read, and no picture of them.
  "terminal.integrated.gpuAcceleration": "off",
};

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function end(server: ChildProcess): void {
  if (server.pid !== undefined && server.exitCode === null) {
    try {
      process.kill(-server.pid, "SIGKILL");
    } catch {
      // It ended in the meantime.
    }
  }
}

async function answers(url: string): Promise<void> {
  for (const started = Date.now(); Date.now() - started < 60_000; ) {
    const response = await fetch(`${url}healthz`).catch(() => undefined);
    if (response?.ok) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("code-server does not answer");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
