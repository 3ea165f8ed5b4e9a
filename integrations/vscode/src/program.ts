/** The program that is run here, and what to say where there is none that will do. */

import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { type Found, find, type Program } from "./find";
import { judge, LEAST } from "./version";

const run = promisify(execFile);

/** How long a program may take to say its version, or to explain a code. */
const PATIENCE = 10_000;

export interface Located extends Program {
  readonly version: string;
}

/** Why nothing can be run, in words for whoever has to change that. */
export class NoProgram extends Error {
  /** What is said in full; the message is the short form of it. */
  readonly advice: string;

  constructor(message: string, advice: string) {
    super(message);
    this.name = "NoProgram";
    this.advice = advice;
  }
}

export function folders(): string[] {
  const all = vscode.workspace.workspaceFolders ?? [];
  return all.filter((folder) => folder.uri.scheme === "file").map((folder) => folder.uri.fsPath);
}

/** Finds the program and asks it for its version. */
export async function locate(extension: vscode.ExtensionContext): Promise<Located> {
  const program = search(extension);
  let printed: string;
  try {
    printed = await output(program, ["--version"]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoProgram(`${program.path} cannot be run`, reason);
  }
  const answer = judge(printed);
  switch (answer.kind) {
    case "fine":
      return { ...program, version: answer.version };
    case "old":
      throw new NoProgram(
        `contentcheck ${answer.version} is too old`,
        `${program.path} is version ${answer.version}; the extension needs ${LEAST} or later. Update it, or set \`contentcheck.path\` to a newer one.`,
      );
    case "other":
      throw new NoProgram(
        `${program.path} is not contentcheck`,
        "`--version` does not print a version of contentcheck. Set `contentcheck.path` to the right program.",
      );
  }
}

/** What a program prints. */
export async function output(program: Program, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program.path, args, { timeout: PATIENCE, windowsHide: true });
  return stdout;
}

function search(extension: vscode.ExtensionContext): Program {
  const trusted = vscode.workspace.isTrusted;
  const found: Found = find({
    setting: vscode.workspace.getConfiguration("contentcheck").get<string>("path", ""),
    folders: folders(),
    trusted,
    pathVariable: process.env["PATH"] ?? "",
    home: homedir(),
    extension: extension.extensionPath,
    windows: process.platform === "win32",
    isProgram,
  });
  if ("program" in found) {
    return found.program;
  }
  if (found.missing === "setting") {
    throw new NoProgram(
      "the program that `contentcheck.path` names is missing",
      `There is no program at ${found.path}. Correct \`contentcheck.path\`, or leave it empty to search the project and the PATH.`,
    );
  }
  const restricted = trusted
    ? ""
    : " Programs inside the workspace are not used in Restricted Mode: trust the workspace to use them.";
  throw new NoProgram(
    "contentcheck was not found",
    `Install contentcheck in the project (\`.venv\`, \`node_modules\`) or on the PATH, or set \`contentcheck.path\`.${restricted}`,
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
