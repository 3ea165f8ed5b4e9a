/** What is for native content only: other extensions format and colour YAML. */

import {
  DocumentFormattingRequest,
  type FeatureState,
  type LanguageClient,
  type ServerCapabilities,
  type StaticFeature,
  type TextDocumentFilter,
} from "vscode-languageclient/node";

export const NATIVE: TextDocumentFilter = { scheme: "file", language: "contentcheck" };

/**
 * The server says once for all of its files that it formats and colours. Taken at its word, it would be a second formatter
 * of YAML, and the editor would ask which one is meant.
 */
export class NativeOnly implements StaticFeature {
  private formats = false;

  constructor(private readonly client: LanguageClient) {}

  fillClientCapabilities(): void {}

  preInitialize(capabilities: ServerCapabilities): void {
    this.formats = capabilities.documentFormattingProvider !== undefined;
    delete capabilities.documentFormattingProvider;
    if (capabilities.semanticTokensProvider !== undefined) {
      capabilities.semanticTokensProvider = { ...capabilities.semanticTokensProvider, documentSelector: [NATIVE] };
    }
  }

  initialize(): void {
    if (this.formats) {
      const registerOptions = { documentSelector: [NATIVE] };
      this.client.getFeature(DocumentFormattingRequest.method).register({ id: "contentcheck.format", registerOptions });
    }
  }

  getState(): FeatureState {
    return { kind: "static" };
  }

  clear(): void {}
}
