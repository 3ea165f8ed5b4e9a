/** The item of the status bar, which says how the server is. */

import * as vscode from "vscode";
import type { Origin } from "./find";
import type { Located } from "./program";

export type State =
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly program: Located }
  /** `isTold` where the window says so already. */
  | { readonly kind: "failed"; readonly message: string; readonly advice: string; readonly isTold: boolean }
  | { readonly kind: "stopped" };

/** Where a program comes from, in words. */
export const ORIGINS: Record<Origin, string> = {
  setting: "named by the setting contentcheck.path",
  project: "found in the project",
  path: "found on the PATH",
  bundled: "shipped with the extension",
};

export class Status implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;

  constructor() {
    this.item = vscode.window.createStatusBarItem("contentcheck.status", vscode.StatusBarAlignment.Right, 90);
    this.item.name = "contentcheck";
    this.item.command = "contentcheck.showLog";
    this.show({ kind: "starting" });
    this.item.show();
  }

  show(state: State): void {
    const { icon, text, lines } = look(state);
    this.item.text = `${icon} ${text}`;
    this.item.accessibilityInformation = { label: `${text}, ${state.kind}` };
    this.item.backgroundColor =
      state.kind === "failed" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    const tooltip = new vscode.MarkdownString(lines.join("\n\n"), true);
    tooltip.appendMarkdown(
      "\n\n---\n\n[$(debug-restart) Restart](command:contentcheck.restart) &nbsp; [$(output) Show log](command:contentcheck.showLog)",
    );
    tooltip.isTrusted = { enabledCommands: ["contentcheck.restart", "contentcheck.showLog"] };
    this.item.tooltip = tooltip;
  }

  dispose(): void {
    this.item.dispose();
  }
}

function look(state: State): { icon: string; text: string; lines: string[] } {
  switch (state.kind) {
    case "starting":
      return { icon: "$(loading~spin)", text: "contentcheck", lines: ["The language server is starting."] };
    case "running": {
      const { path, origin, version } = state.program;
      const lines = [`**contentcheck ${version}** is running.`, `${code(path)}, ${ORIGINS[origin]}`];
      return { icon: "$(shield)", text: `contentcheck ${version}`, lines };
    }
    case "failed": {
      const lines = [`**The language server is not running:** ${state.message}.`, state.advice];
      return { icon: "$(error)", text: "contentcheck", lines };
    }
    case "stopped":
      return { icon: "$(circle-slash)", text: "contentcheck", lines: ["The language server is stopped."] };
  }
}

function code(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}
