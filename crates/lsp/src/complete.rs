//! Completion: what can be written at a place. The text around the place is half written, so nothing of it is parsed: the
//! lines above say where it is.

mod native;
mod sigma;

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::diagnostic::codes;
use contentcheck_model::language::Language;
use contentcheck_model::metadata;
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::TemplateType;
use gen_lsp_types::CompletionItemKind;

use crate::snapshot::Snapshot;
use crate::supply;

/// Items of one answer. Of more the client asks again when more is written.
pub(crate) const MOST: usize = 1_000;

/// Something that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) label: String,
    pub(crate) kind: CompletionItemKind,
    pub(crate) detail: Option<String>,
    /// What is written, where it is not the label.
    pub(crate) insert: Option<String>,
    /// By what it is sorted before its label: 0 comes first.
    pub(crate) rank: u8,
}

impl Item {
    fn new(label: impl Into<String>, kind: CompletionItemKind) -> Self {
        Self { label: label.into(), kind, detail: None, insert: None, rank: 1 }
    }

    fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    fn with_rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }
}

/// What can be written at a byte, and the part before it that is replaced.
pub(crate) fn at(source: &Source, language: Language, offset: usize, snapshot: &Snapshot) -> (Vec<Item>, Span) {
    let Some(before) = source.text().get(..offset) else { return (Vec::new(), Span::at(offset)) };
    let line = before.rsplit('\n').next().unwrap_or("");
    let (items, prefix) = match comment(line) {
        Some(prefix) => (accepted(), prefix),
        None => match language {
            Language::Sigma => sigma::at(source.text(), before, snapshot),
            Language::Native => native::at(source.text(), before, snapshot),
        },
    };
    (items, Span::new(offset - prefix.len().min(offset), offset))
}

/// The code that is being written in a comment that accepts findings.
fn comment(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('#')?;
    let rest = rest.trim_start().strip_prefix("contentcheck:")?.trim_start();
    let codes = rest.strip_prefix("allow-file").or_else(|| rest.strip_prefix("allow"))?;
    let is_open = codes.starts_with([' ', ',']) && !codes.contains("--");
    is_open.then(|| codes.rsplit([' ', ',']).next().unwrap_or(""))
}

fn accepted() -> Vec<Item> {
    let codes = codes::all().filter(|code| code.is_acceptable());
    codes.map(|code| Item::new(code.id, CompletionItemKind::Constant).with_detail(code.name)).collect()
}

/// The fields of template types. Those that not all sensors supply come after the others, and say so.
fn fields<'c>(templates: impl IntoIterator<Item = &'c TemplateType>, snapshot: &Snapshot) -> Vec<Item> {
    let mut found: BTreeMap<String, (Item, usize)> = BTreeMap::new();
    for template in templates {
        for field in template.declared() {
            let Some(info) = template.describe(&field) else { continue };
            if let Some((_, count)) = found.get_mut(info.name) {
                *count += 1;
                continue;
            }
            let supplied = supply::supplied(snapshot.sensors(), template, info.name);
            let by = supplied.map_or_else(String::new, |by| format!("; {by}"));
            let everywhere = supply::is_everywhere(snapshot.fleet.as_deref(), template, info.name);
            let item = Item::new(info.name, CompletionItemKind::Field)
                .with_detail(format!("{} ({template}){by}", supply::kind(&info)))
                .with_rank(if everywhere { 0 } else { 2 });
            found.insert(info.name.to_owned(), (item, 1));
            if found.len() >= MOST {
                break;
            }
        }
    }
    found
        .into_values()
        .map(|(item, count)| match (count, item.detail.clone()) {
            (2.., Some(detail)) => item.with_detail(format!("{detail}; in {count} template types")),
            _ => item,
        })
        .collect()
}

/// Tags that are known, and those that rules have, with how many do.
fn tags(snapshot: &Snapshot) -> Vec<Item> {
    let mut found: BTreeMap<String, usize> = metadata::known_tags().map(|tag| (tag, 0)).collect();
    for tag in snapshot.rules.iter().flat_map(|rule| &rule.tags) {
        *found.entry(tag.to_lowercase()).or_default() += 1;
    }
    let mut all: Vec<(String, usize)> = found.into_iter().collect();
    all.sort_by(|(a, count_a), (b, count_b)| count_b.cmp(count_a).then(a.cmp(b)));
    let item = |(tag, count): (String, usize)| {
        let item = Item::new(tag, CompletionItemKind::EnumMember);
        match count {
            0 => item,
            1 => item.with_detail("1 rule"),
            count => item.with_detail(format!("{count} rules")),
        }
    };
    all.into_iter().take(MOST).map(item).collect()
}

/// The ids of rules, with their titles.
fn rules(snapshot: &Snapshot) -> Vec<Item> {
    let all = snapshot.rules.iter().filter_map(|rule| {
        let id = rule.id.clone()?;
        Some(Item {
            label: rule.title.clone(),
            insert: Some(id.clone()),
            ..Item::new("", CompletionItemKind::Reference).with_detail(id)
        })
    });
    all.take(MOST).collect()
}

fn words(words: &[&str]) -> Vec<Item> {
    words.iter().map(|word| Item::new(*word, CompletionItemKind::EnumMember)).collect()
}

/// The template types in all their versions, the newest first.
fn templates(catalogue: &Catalogue) -> Vec<Item> {
    let all = catalogue.names().into_iter().flat_map(|name| {
        let mut versions = catalogue.versions(name);
        versions.reverse();
        versions.into_iter().filter_map(move |version| catalogue.find(name, version))
    });
    let item = |template: &std::sync::Arc<TemplateType>| {
        let serves = template.serves.first().map_or_else(String::new, |served| format!("; {served}"));
        Item::new(template.to_string(), CompletionItemKind::Struct)
            .with_detail(format!("{} fields{serves}", template.arity()))
    };
    all.map(item).take(MOST).collect()
}

/// The values of a part of the log sources that are served, beside what the other parts say.
fn log_sources(part: &str, asked: &contentcheck_model::template::LogSource, catalogue: &Catalogue) -> Vec<Item> {
    let mut others = asked.clone();
    match part {
        "product" => others.product = None,
        "category" => others.category = None,
        _ => others.service = None,
    }
    let all = catalogue.log_sources().into_iter().filter(|served| served.serves(&others));
    let values: BTreeSet<&String> = all
        .filter_map(|served| match part {
            "product" => served.product.as_ref(),
            "category" => served.category.as_ref(),
            _ => served.service.as_ref(),
        })
        .collect();
    values.into_iter().map(|value| Item::new(value.as_str(), CompletionItemKind::EnumMember)).collect()
}
