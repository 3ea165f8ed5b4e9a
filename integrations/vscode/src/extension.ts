/** contentcheck in VS Code: starts the language server, and says how it is. */

import * as vscode from "vscode";
import { registerExplain } from "./explain";
import { SETTINGS_FILE } from "./roots";
import { Server } from "./server";
import { type State, Status } from "./status";
import { registerTerminal } from "./terminal";

const INSTALL = "https://github.com/contentcheck/contentcheck/blob/main/docs/editor.md";

let server: Server | undefined;

export async function activate(extension: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("contentcheck", { log: true });
  const status = new Status();
  const running = new Server(extension, log);
  server = running;
  const settings = vscode.workspace.createFileSystemWatcher(`**/${SETTINGS_FILE}`, false, true, false);
  const follow = () => running.followReleases();
  extension.subscriptions.push(
    log,
    status,
    running,
    settings,
    running.onDidChange((state) => {
      status.show(state);
      tell(state);
    }),
    settings.onDidCreate(follow),
    settings.onDidDelete(follow),
    vscode.workspace.onDidChangeWorkspaceFolders(follow),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      const atStart = ["contentcheck.path", "contentcheck.yaml", "contentcheck.proofs"];
      if (atStart.some((setting) => change.affectsConfiguration(setting))) {
        void running.restart();
      }
    }),
    vscode.commands.registerCommand("contentcheck.restart", () => running.restart()),
    vscode.commands.registerCommand("contentcheck.showLog", () => log.show(true)),
    registerExplain(extension),
    registerTerminal(extension),
  );
  await running.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Says in the window why there is no server, with what can be done. */
function tell(state: State): void {
  if (state.kind !== "failed" || state.isTold) {
    return;
  }
  const actions: Record<string, () => unknown> = {
    "Open Settings": () => vscode.commands.executeCommand("workbench.action.openSettings", "contentcheck.path"),
    "Show Log": () => vscode.commands.executeCommand("contentcheck.showLog"),
    "How to Install": () => vscode.env.openExternal(vscode.Uri.parse(INSTALL)),
  };
  const text = `The contentcheck language server is not running: ${state.message}. ${state.advice}`;
  // Messages are shown as they are, without Markdown.
  void vscode.window.showErrorMessage(text.replaceAll("`", ""), ...Object.keys(actions)).then((chosen) => {
    if (chosen !== undefined) {
      actions[chosen]?.();
    }
  });
}
