/** Commands whose output belongs in a terminal. */

import { existsSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { locate, NoProgram } from "./program";
import { releaseOf } from "./roots";
import { settingsFiles } from "./server";

export function registerTerminal(extension: vscode.ExtensionContext): vscode.Disposable {
  const command = (id: string, subcommand: string) =>
    vscode.commands.registerCommand(id, () => runOn(extension, subcommand));
  return vscode.Disposable.from(command("contentcheck.gate", "gate"), command("contentcheck.lint", "lint"));
}

/** Runs a command on a release. It is a task, so that no shell reads the paths and its end is shown. */
async function runOn(extension: vscode.ExtensionContext, subcommand: string): Promise<void> {
  const directory = await release(subcommand);
  if (directory === undefined) {
    return;
  }
  try {
    const { path: program } = await locate(extension);
    const execution = new vscode.ProcessExecution(program, [subcommand], { cwd: directory.fsPath });
    const scope = vscode.workspace.getWorkspaceFolder(directory) ?? vscode.TaskScope.Workspace;
    const name = `${subcommand} ${path.basename(directory.fsPath)}`;
    const task = new vscode.Task({ type: "contentcheck", command: subcommand }, scope, name, "contentcheck", execution);
    task.presentationOptions = { clear: true, showReuseMessage: false };
    await vscode.tasks.executeTask(task);
  } catch (error) {
    const advice = error instanceof NoProgram ? ` ${error.advice}` : "";
    void vscode.window.showErrorMessage(
      `contentcheck ${subcommand}: ${String(error instanceof Error ? error.message : error)}.${advice}`,
    );
  }
}

/** The release of the file that is edited, or else the one that is chosen. */
async function release(subcommand: string): Promise<vscode.Uri | undefined> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const folder = uri?.scheme === "file" ? vscode.workspace.getWorkspaceFolder(uri) : undefined;
  if (uri !== undefined && folder !== undefined) {
    return vscode.Uri.file(releaseOf(uri.fsPath, folder.uri.fsPath, existsSync));
  }
  const found = (await settingsFiles()).map((file) => path.dirname(file.fsPath)).sort();
  const all = found.length > 0 ? found : (vscode.workspace.workspaceFolders ?? []).map((it) => it.uri.fsPath);
  const [only, ...others] = all;
  if (only === undefined) {
    void vscode.window.showInformationMessage(`Open a folder with content to run contentcheck ${subcommand} on it.`);
    return undefined;
  }
  if (others.length === 0) {
    return vscode.Uri.file(only);
  }
  const items = all.map((directory) => ({ label: vscode.workspace.asRelativePath(directory), directory }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: `Run contentcheck ${subcommand} on which release?`,
  });
  return chosen && vscode.Uri.file(chosen.directory);
}
