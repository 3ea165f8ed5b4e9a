//! Mentions: what a native file names, and where.

use std::collections::BTreeSet;

use super::ast::{
    Ast, AttributeValue, Declaration, Expr, LetValue, Name, Operand, Reference, ReferenceTarget, Right, Rule,
    TemplateEntry,
};
use contentcheck_model::mention::{Events, Mention, Named};
use contentcheck_model::source::{Source, Span};

/// What the declarations of a file name that could be read, in their order.
pub(crate) fn mentions(source: &Source) -> Vec<Mention> {
    let parsed = super::parse(source);
    let mut walk =
        Walk { source, lists: BTreeSet::new(), tables: BTreeSet::new(), within: Span::default(), found: Vec::new() };
    for declaration in parsed.ast.declarations() {
        match declaration {
            Declaration::List(list) => drop(walk.lists.insert(list.name.value.as_str())),
            Declaration::Table(table) => drop(walk.tables.insert(table.name.value.as_str())),
            Declaration::Template(_) | Declaration::Rule(_) => {}
        }
    }
    walk.file(&parsed.ast);
    walk.found
}

struct Walk<'a> {
    source: &'a Source,
    lists: BTreeSet<&'a str>,
    tables: BTreeSet<&'a str>,
    /// The declaration that is looked at.
    within: Span,
    found: Vec<Mention>,
}

/// What names in a rule may mean.
struct Within<'r> {
    lets: BTreeSet<&'r str>,
    rule: Span,
    events: Option<Events>,
}

impl Walk<'_> {
    fn declares(&mut self, span: Span, named: Named) {
        self.found.push(Mention::declared(self.source, span, self.within, named));
    }

    fn refers(&mut self, span: Span, named: Named) {
        self.found.push(Mention::new(self.source, span, self.within, named));
    }

    fn file(&mut self, ast: &Ast) {
        for declaration in ast.declarations() {
            let name = declaration.name();
            self.within = declaration.span();
            match declaration {
                Declaration::List(_) => self.declares(name.span, Named::List(name.value.clone())),
                Declaration::Table(_) => self.declares(name.span, Named::Table(name.value.clone())),
                Declaration::Template(template) => {
                    let version = template.version.value;
                    self.declares(name.span, Named::Template(name.value.clone(), Some(version)));
                    let events = Events::Template(name.value.clone(), version);
                    let mut field = |name: &Name| {
                        self.declares(name.span, Named::Field(name.value.clone(), events.clone()));
                    };
                    for entry in &template.entries {
                        match entry {
                            TemplateEntry::Field(numbered) => field(&numbered.name),
                            TemplateEntry::Header(block) => block.pairs.iter().for_each(|pair| field(&pair.key)),
                            TemplateEntry::Reads(block) => block.pairs.iter().for_each(|pair| field(&pair.key)),
                            TemplateEntry::Serves(_) | TemplateEntry::Retired(_) | TemplateEntry::Open(_) => {}
                        }
                    }
                }
                Declaration::Rule(rule) => self.rule(rule),
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        self.declares(rule.name.span, Named::Rule(rule.name.value.clone()));
        if let Some(AttributeValue::Text(id)) = rule.attribute("id") {
            self.declares(id.span, Named::Rule(id.value.to_ascii_lowercase()));
        }
        let mut events = None;
        if let Some(AttributeValue::Template(template)) = rule.attribute("template") {
            let (name, version) = (template.name.value.clone(), template.version.value);
            self.refers(template.name.span, Named::Template(name.clone(), Some(version)));
            events = Some(Events::Template(name, version));
        }
        if let Some(AttributeValue::List(tags)) = rule.attribute("tags") {
            tags.items.iter().for_each(|tag| self.refers(tag.span, Named::Tag(tag.value.clone())));
        }
        let lets = rule.lets().map(|binding| binding.name.value.as_str()).collect();
        let within = Within { lets, rule: rule.span, events };
        for binding in rule.lets() {
            self.declares(binding.name.span, Named::Let(binding.name.value.clone(), rule.span));
            if let LetValue::Condition(condition) = &binding.value {
                self.condition(condition, &within);
            }
        }
        if let Some(when) = rule.when() {
            self.condition(&when.condition, &within);
        }
        if let Some(events) = &within.events {
            for pair in rule.tests().flat_map(|test| &test.fields) {
                self.refers(pair.key.span, Named::Field(pair.key.value.clone(), events.clone()));
            }
        }
    }

    /// Conditions are nested no deeper than the parser lets them be.
    fn condition(&mut self, condition: &Expr, within: &Within<'_>) {
        match condition {
            Expr::Any(chain) | Expr::All(chain) => {
                chain.operands.iter().for_each(|operand| self.condition(operand, within));
            }
            Expr::Not(not) => self.condition(&not.operand, within),
            Expr::Reference(reference) => self.reference(reference, within),
            Expr::Predicate(predicate) => {
                self.operand(&predicate.left, within);
                if let Some(Right::One(operand)) = &predicate.right {
                    self.operand(operand, within);
                }
            }
        }
    }

    fn operand(&mut self, operand: &Operand, within: &Within<'_>) {
        match operand {
            Operand::Reference(reference) => self.reference(reference, within),
            Operand::Masked(masked) => self.reference(&masked.field, within),
            Operand::Literal(_) => {}
        }
    }

    fn reference(&mut self, reference: &Reference, within: &Within<'_>) {
        let named = match &reference.target {
            ReferenceTarget::Position(position) => {
                within.events.clone().map(|events| Named::Position(*position, events))
            }
            ReferenceTarget::Name { name, quoted: false } if within.lets.contains(name.as_str()) => {
                Some(Named::Let(name.clone(), within.rule))
            }
            ReferenceTarget::Name { name, quoted: false } if self.lists.contains(name.as_str()) => {
                Some(Named::List(name.clone()))
            }
            ReferenceTarget::Name { name, quoted: false } if self.tables.contains(name.as_str()) => {
                Some(Named::Table(name.clone()))
            }
            ReferenceTarget::Name { name, .. } => {
                within.events.clone().map(|events| Named::Field(name.clone(), events))
            }
        };
        if let Some(named) = named {
            self.refers(reference.span, named);
        }
    }
}
