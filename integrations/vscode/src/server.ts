/** The language server: which files it gets, how it is started, and what becomes of it. */

import { existsSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import {
  State as ClientState,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  type ServerOptions,
  type TextDocumentFilter,
} from "vscode-languageclient/node";
import { showAnswer } from "./answer";
import { folders, type Located, locate, NoProgram } from "./program";
import { SETTINGS_FILE, type Yaml, yamlRoots } from "./roots";
import { ORIGINS, type State } from "./status";

const NATIVE: TextDocumentFilter = { scheme: "file", language: "contentcheck" };
/** Where releases are not looked for. */
const ELSEWHERE = "**/{node_modules,target,.git,.venv}/**";
const MOST_RELEASES = 1_000;
const STOPPING = 5_000;

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  /** What is under way: starts and stops come one after the other. */
  private last: Promise<void> = Promise.resolve();
  private roots: readonly string[] = [];
  private readonly changed = new vscode.EventEmitter<State>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly extension: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Looks for the program again and starts it. */
  restart(): Promise<void> {
    return this.next(async () => {
      await this.end();
      await this.begin();
    });
  }

  /** Starts again where the releases of the workspace are no longer those that the server was started for. */
  followReleases(): Promise<void> {
    return this.next(async () => {
      const roots = await releases();
      if (this.client !== undefined && roots.join("\n") !== this.roots.join("\n")) {
        await this.end();
        await this.begin();
      }
    });
  }

  stop(): Promise<void> {
    return this.next(() => this.end());
  }

  dispose(): void {
    this.changed.dispose();
  }

  private next(work: () => Promise<void>): Promise<void> {
    this.last = this.last.then(work).catch((error: unknown) => {
      this.log.error(error instanceof Error ? error : String(error));
    });
    return this.last;
  }

  private async begin(): Promise<void> {
    this.changed.fire({ kind: "starting" });
    try {
      const program = await locate(this.extension);
      this.log.info(`contentcheck ${program.version}: ${program.path}, ${ORIGINS[program.origin]}`);
      this.roots = await releases();
      await this.connect(program);
    } catch (error) {
      this.fail(error);
    }
  }

  private async connect(program: Located): Promise<void> {
    const options: ServerOptions = { command: program.path, args: ["server"] };
    const client = new LanguageClient("contentcheck", "contentcheck", options, this.options());
    this.client = client;
    client.onDidChangeState(({ newState }) => {
      if (this.client !== client) {
        return;
      }
      switch (newState) {
        case ClientState.Running:
          this.changed.fire({ kind: "running", program });
          break;
        case ClientState.Starting:
          this.changed.fire({ kind: "starting" });
          break;
        default:
          this.changed.fire({
            kind: "failed",
            message: "it ended",
            advice: "The log has what it wrote.",
            isTold: true,
          });
      }
    });
    await client.start();
  }

  private options(): LanguageClientOptions {
    const sigma = this.roots.map((root): TextDocumentFilter => {
      const baseUri = vscode.Uri.file(root).toString();
      return { scheme: "file", language: "yaml", pattern: { baseUri, pattern: "**/*.{yml,yaml}" } };
    });
    return {
      documentSelector: [NATIVE, ...sigma],
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      diagnosticCollectionName: "contentcheck",
      initializationOptions: {
        showsAnswers: true,
        proofs: vscode.workspace.getConfiguration("contentcheck").get<boolean>("proofs", true),
      },
      middleware: {
        executeCommand: async (command, args, next) => {
          const answer: unknown = await next(command, args);
          await showAnswer(answer);
          return answer;
        },
        provideCompletionItem: async (document, position, context, token, next) => {
          const found = await next(document, position, context, token);
          const items = Array.isArray(found) ? found : found?.items;
          for (const item of items ?? []) {
            item.label = described(item);
          }
          return found;
        },
      },
    };
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client?.needsStop()) {
      await client.stop(STOPPING).catch((error: unknown) => this.log.warn(`stopping: ${String(error)}`));
    }
    await client?.dispose().catch(() => undefined);
    this.changed.fire({ kind: "stopped" });
  }

  private fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const isOurs = error instanceof NoProgram;
    const advice = isOurs ? error.advice : "The log says more.";
    this.log.error(`${message}. ${advice}`);
    // What the client fails at it tells itself.
    this.changed.fire({ kind: "failed", message, advice, isTold: !isOurs });
  }
}

/**
 * The label of an item with the beginning of its detail, such as the type of a field, beside it in every row. The whole
 * detail would push the label out of the selected row; it is shown beside the list.
 */
function described(item: vscode.CompletionItem): string | vscode.CompletionItemLabel {
  const description = item.detail?.split(/;| \(/, 1)[0];
  return typeof item.label === "string" && description !== undefined ? { label: item.label, description } : item.label;
}

/** The directories whose YAML files the server gets. */
async function releases(): Promise<string[]> {
  const mode = vscode.workspace.getConfiguration("contentcheck").get<Yaml>("yaml", "auto");
  const found = mode === "auto" ? await settingsFiles() : [];
  const directories = found.map((file) => path.dirname(file.fsPath));
  return yamlRoots(mode, folders(), directories, existsSync);
}

/** The files that make directories releases. */
export async function settingsFiles(): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(`**/${SETTINGS_FILE}`, ELSEWHERE, MOST_RELEASES);
  return found.filter((file) => file.scheme === "file");
}
