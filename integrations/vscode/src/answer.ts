/** What the server answers to the command of a lens: events of a rule, or how its tests ended. */

import * as vscode from "vscode";
import { type Answer, isAnswer, page } from "./page";

/** Shows an answer beside the rule; of other commands there is nothing to show. */
export async function showAnswer(answer: unknown): Promise<void> {
  if (isAnswer(answer)) {
    await open(answer);
  }
}

async function open(answer: Answer): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ content: page(answer), language: answer.language });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
}
