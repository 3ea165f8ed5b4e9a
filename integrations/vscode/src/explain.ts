/** The page of a code, as `contentcheck explain` prints it. */

import * as vscode from "vscode";
import { codeAt, readCode } from "./codes";
import { locate, output } from "./program";

const SCHEME = "contentcheck-code";

export function registerExplain(extension: vscode.ExtensionContext): vscode.Disposable {
  const pages: vscode.TextDocumentContentProvider = {
    provideTextDocumentContent: async (uri) => {
      const code = uri.path.replace(/^\//, "").replace(/\.md$/, "");
      return output(await locate(extension), ["explain", "--format", "markdown", code]);
    },
  };
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, pages),
    vscode.commands.registerCommand("contentcheck.explain", (code?: unknown) => explain(code)),
    vscode.languages.registerCodeActionsProvider(["contentcheck", "yaml"], new Explanations(), {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
  );
}

async function explain(given: unknown): Promise<void> {
  const code = typeof given === "string" ? readCode(given) : await choose();
  if (code === undefined) {
    return;
  }
  const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${code}.md` });
  try {
    // What cannot be explained is said here, and not in an empty page.
    await vscode.workspace.openTextDocument(uri);
  } catch {
    void vscode.window.showErrorMessage(
      `contentcheck does not explain ${code}: there is no such code, or the program could not be run.`,
    );
    return;
  }
  await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
}

/** The code at the cursor, or else one that is typed. */
async function choose(): Promise<string | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor !== undefined) {
    const { active } = editor.selection;
    const written = codeAt(editor.document.lineAt(active.line).text, active.character);
    if (written !== undefined) {
      return written;
    }
    const [code, ...others] = codesAt(editor.document.uri, active);
    if (code !== undefined) {
      return others.length === 0
        ? code
        : vscode.window.showQuickPick([code, ...others], { title: "Explain which code?" });
    }
  }
  const typed = await vscode.window.showInputBox({
    title: "Explain a code",
    prompt: "A code or its name",
    placeHolder: "CC0401",
    validateInput: (text) =>
      readCode(text) === undefined ? "A code such as CC0401, or a name such as unsupplied-input" : undefined,
  });
  return typed === undefined ? undefined : readCode(typed);
}

/** The codes of the findings at a place, or else of those on its line. */
function codesAt(uri: vscode.Uri, place: vscode.Position): string[] {
  const all = vscode.languages.getDiagnostics(uri).filter((found) => found.source === "contentcheck");
  const here = all.filter((found) => found.range.contains(place));
  const near = all.filter((found) => found.range.start.line <= place.line && place.line <= found.range.end.line);
  const codes = (here.length > 0 ? here : near).map(codeOf).filter((code) => code !== undefined);
  return [...new Set(codes)];
}

function codeOf(found: vscode.Diagnostic): string | undefined {
  const { code } = found;
  return code === undefined ? undefined : String(typeof code === "object" ? code.value : code);
}

/** Offers the page of a code beside its fixes. */
class Explanations implements vscode.CodeActionProvider {
  provideCodeActions(
    _document: vscode.TextDocument,
    _range: vscode.Range,
    context: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    const ours = context.diagnostics.filter((found) => found.source === "contentcheck");
    const codes = new Set(ours.map(codeOf).filter((code) => code !== undefined));
    return [...codes].map((code) => {
      const title = `Explain ${code}`;
      const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      action.command = { command: "contentcheck.explain", title, arguments: [code] };
      action.diagnostics = ours.filter((found) => codeOf(found) === code);
      return action;
    });
  }
}
