//! Answers about places of files, from their text as it is.

use contentcheck_model::language::Language;
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::native;
use gen_lsp_types::{
    CompletionItem, CompletionItemTextEdit, DocumentFormattingParams, DocumentSymbolParams, Location,
    SemanticTokensParams, TextDocumentPositionParams, TextEdit, Uri,
};
use lsp_server::{ErrorCode, Request};
use serde_json::{Value, json};

use super::{Answer, Refusal, Server, read};
use crate::complete::{self, Item};
use crate::document::Document;
use crate::findings::{Places as _, location};
use crate::names::Texts;
use crate::positions::Lines;
use crate::symbols::{self, Symbol};
use crate::{actions, hover, navigate};

impl Server<'_> {
    /// An answer about one place, by what was known last of the project.
    pub(super) fn at_a_place(&mut self, request: Request) -> Option<Answer> {
        let asked: TextDocumentPositionParams = match read(request.params.clone()) {
            Ok(asked) => asked,
            Err(refusal) => return Some(Err(refusal)),
        };
        let Some(document) = self.documents.get(&asked.text_document.uri.0).cloned() else {
            return Some(Ok(Value::Null));
        };
        let snapshot = match self.snapshot(&request, &document, false)? {
            Ok(snapshot) => snapshot,
            Err(_) => return Some(Ok(Value::Null)),
        };
        let texts = Texts { snapshot: &snapshot, documents: &self.documents };
        let source = texts.of(&document);
        let lines = Lines::new(&document.text, self.client.encoding);
        let offset = lines.offset(asked.position);
        let language = document.language;
        let places = self.places(Some(&snapshot));
        let locations = |found: Vec<(Source, Span)>| {
            let mut all: Vec<Location> = found
                .iter()
                .filter_map(|(source, span)| {
                    let uri = places.uri(source.name())?;
                    // The place may be of the text that was checked, where the editor has another one by now.
                    let open = places.open(source.name()).filter(|text| text.ends_with(source.text()));
                    match open {
                        Some(text) => {
                            Some(Location { uri, range: Lines::new(&text, self.client.encoding).range(*span) })
                        }
                        None => location(&places, self.client, source, *span),
                    }
                })
                .collect();
            all.sort_by(|a, b| (&a.uri.0, a.range.start).cmp(&(&b.uri.0, b.range.start)));
            all.dedup();
            json!(all)
        };
        Some(Ok(match request.method.as_str() {
            "textDocument/completion" => {
                if !snapshot.completes(language, source.text()) {
                    return Some(Ok(json!([])));
                }
                let (items, prefix) = complete::at(&source, language, offset, &snapshot);
                completion(&items, &lines, prefix)
            }
            "textDocument/hover" => match hover::at(&source, language, offset, &texts) {
                Some((text, span)) => {
                    json!({"contents": {"kind": "markdown", "value": text}, "range": lines.range(span)})
                }
                None => Value::Null,
            },
            "textDocument/definition" => locations(navigate::definition(&texts, &source, language, offset)),
            "textDocument/references" => {
                let flag = request.params.pointer("/context/includeDeclaration").and_then(Value::as_bool);
                let found = navigate::references(&texts, &source, language, offset, flag.unwrap_or(true));
                locations(found.into_iter().map(|found| (found.source, found.mention.span)).collect())
            }
            "textDocument/documentHighlight" => {
                let found = navigate::references(&texts, &source, language, offset, true);
                let here = found.iter().filter(|found| found.source.name() == source.name());
                let shown = here.map(|found| {
                    let kind = if found.mention.declares { 3 } else { 2 };
                    json!({"range": lines.range(found.mention.span), "kind": kind})
                });
                Value::Array(shown.collect())
            }
            "textDocument/prepareRename" => match navigate::renamable(&texts, &source, language, offset) {
                Ok(mention) => {
                    json!({"range": lines.range(mention.span), "placeholder": source.slice(mention.span)})
                }
                Err(reason) => return Some(Err(Refusal(ErrorCode::RequestFailed, reason))),
            },
            _ => {
                let name = request.params.get("newName").and_then(Value::as_str).unwrap_or("");
                match navigate::rename(&texts, &source, language, offset, name) {
                    Ok(edited) => self.renamed(&texts, &edited, name),
                    Err(reason) => return Some(Err(Refusal(ErrorCode::RequestFailed, reason))),
                }
            }
        }))
    }

    fn renamed(&self, texts: &Texts<'_>, edited: &[(Source, Vec<Span>)], name: &str) -> Value {
        let places = self.places(Some(texts.snapshot));
        let mut all: Vec<(Uri, Option<i32>, Vec<TextEdit>)> = Vec::new();
        for (source, spans) in edited {
            let Some(uri) = places.uri(source.name()) else { continue };
            let open = places.open(source.name());
            let lines = Lines::new(open.as_deref().unwrap_or(source.text()), self.client.encoding);
            let edit = |span: &Span| TextEdit { range: lines.range(*span), new_text: name.to_owned() };
            let version = self.documents.get(&uri.0).map(|document| document.version);
            all.push((uri, version, spans.iter().map(edit).collect()));
        }
        if self.client.versioned_edits {
            let changes: Vec<Value> = all
                .into_iter()
                .map(|(uri, version, edits)| json!({"textDocument": {"uri": uri, "version": version}, "edits": edits}))
                .collect();
            json!({"documentChanges": changes})
        } else {
            let changes = all.into_iter().map(|(uri, _, edits)| (uri.0, json!(edits))).collect();
            json!({"changes": Value::Object(changes)})
        }
    }

    fn document(&self, uri: &Uri) -> Option<&Document> {
        self.documents.get(&uri.0)
    }

    pub(super) fn symbols(&self, request: Request) -> Answer {
        let asked: DocumentSymbolParams = read(request.params)?;
        let Some(document) = self.document(&asked.text_document.uri) else { return Ok(Value::Null) };
        let lines = Lines::new(&document.text, self.client.encoding);
        let found = symbols::outline(&document.source(), document.language);
        let shown: Vec<Value> = if self.client.nested_symbols {
            found.iter().map(|symbol| nested(symbol, &lines)).collect()
        } else {
            found.iter().flat_map(|symbol| flat(symbol, None, document, &lines)).collect()
        };
        Ok(Value::Array(shown))
    }

    pub(super) fn formatting(&self, request: Request) -> Answer {
        let asked: DocumentFormattingParams = read(request.params)?;
        let native = |document: &&Document| document.language == Language::Native;
        let Some(document) = self.document(&asked.text_document.uri).filter(native) else { return Ok(Value::Null) };
        let source = document.source();
        // What cannot be read stays as it is, and its findings say why.
        let Ok(formatted) = native::format(&native::parse(&source).ast) else { return Ok(Value::Null) };
        let Some(edit) = actions::difference(source.text(), &formatted) else { return Ok(json!([])) };
        let lines = Lines::new(&document.text, self.client.encoding);
        Ok(json!([TextEdit { range: lines.range(edit.span), new_text: edit.text }]))
    }

    pub(super) fn tokens(&self, request: Request) -> Answer {
        let asked: SemanticTokensParams = read(request.params)?;
        let native = |document: &&Document| document.language == Language::Native;
        let Some(document) = self.document(&asked.text_document.uri).filter(native) else { return Ok(Value::Null) };
        let lines = Lines::new(&document.text, self.client.encoding);
        Ok(json!(gen_lsp_types::SemanticTokens { result_id: None, data: symbols::tokens(&document.source(), &lines) }))
    }
}

fn completion(items: &[Item], lines: &Lines<'_>, prefix: Span) -> Value {
    let range = lines.range(prefix);
    let shown: Vec<CompletionItem> = items
        .iter()
        .map(|item| {
            let new_text = item.insert.clone().unwrap_or_else(|| item.label.clone());
            CompletionItem {
                label: item.label.clone(),
                kind: Some(item.kind),
                detail: item.detail.clone(),
                sort_text: Some(format!("{}{}", item.rank, item.label)),
                text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit { range, new_text })),
                ..CompletionItem::default()
            }
        })
        .collect();
    json!({"isIncomplete": items.len() >= complete::MOST, "items": shown})
}

fn nested(symbol: &Symbol, lines: &Lines<'_>) -> Value {
    let parts: Vec<Value> = symbol.parts.iter().map(|part| nested(part, lines)).collect();
    json!({
        "name": symbol.name,
        "kind": symbol.kind,
        "range": lines.range(symbol.whole),
        "selectionRange": lines.range(symbol.span),
        "children": parts,
    })
}

fn flat(symbol: &Symbol, within: Option<&str>, document: &Document, lines: &Lines<'_>) -> Vec<Value> {
    let location = json!({"uri": document.uri, "range": lines.range(symbol.span)});
    let mut own = json!({"name": symbol.name, "kind": symbol.kind, "location": location});
    if let (Some(within), Some(own)) = (within, own.as_object_mut()) {
        own.insert("containerName".to_owned(), json!(within));
    }
    let parts = symbol.parts.iter().flat_map(|part| flat(part, Some(&symbol.name), document, lines));
    std::iter::once(own).chain(parts).collect()
}
