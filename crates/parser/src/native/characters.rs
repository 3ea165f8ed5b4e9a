//! Characters of names and literals that cannot be seen, or that look like others. Asked of the tree, so that a value of a
//! list is told once, however often the list is used.

use std::collections::HashSet;

use super::ast::{
    Ast, Declaration, Expr, LetValue, Literal, Name, Operand, Operator, Predicate, ReferenceTarget, Right, Rows, Rule,
    RuleEntry, TemplateEntry, Value,
};
use contentcheck_model::characters::{in_name, in_value};
use contentcheck_model::diagnostic::Sink;
use contentcheck_model::language::Language;

/// Looks at every name and literal of a file. Attributes of rules are looked at where they are checked.
pub(super) fn check(ast: &Ast, sink: &mut Sink) {
    // Names and literals are all that may hold anything else.
    if ast.source().text().is_ascii() {
        return;
    }
    let rules = ast.declarations().iter().filter_map(|declaration| match declaration {
        Declaration::Rule(rule) => Some(rule),
        _ => None,
    });
    let matched = regexes(rules);
    for declaration in ast.declarations() {
        match declaration {
            Declaration::Template(template) => template.entries.iter().for_each(|entry| match entry {
                TemplateEntry::Serves(block) => block.pairs.iter().for_each(|pair| text(&pair.value, sink)),
                TemplateEntry::Reads(block) => block.pairs.iter().for_each(|pair| {
                    field(&pair.key, sink);
                    values(&pair.value.values, false, sink);
                }),
                TemplateEntry::Header(block) => block.pairs.iter().for_each(|pair| field(&pair.key, sink)),
                TemplateEntry::Field(numbered) => field(&numbered.name, sink),
                TemplateEntry::Retired(_) | TemplateEntry::Open(_) => {}
            }),
            Declaration::Table(table) => {
                table.columns.iter().for_each(|column| name("the name of a column", &column.name, sink));
                if let Rows::Inline(inline) = &table.rows {
                    inline.rows.iter().for_each(|row| values(&row.values, false, sink));
                }
            }
            Declaration::List(list) => {
                let is_regex = matched.contains(list.name.value.as_str());
                values(&list.values.values, is_regex, sink);
            }
            Declaration::Rule(declared) => rule(declared, sink),
        }
    }
}

fn rule(rule: &Rule, sink: &mut Sink) {
    let matched = regexes(std::iter::once(rule));
    for entry in &rule.entries {
        match entry {
            RuleEntry::Attribute(_) => {}
            RuleEntry::Let(binding) => match &binding.value {
                LetValue::Condition(expr) => condition(expr, sink),
                LetValue::Values(bound) => values(&bound.values, matched.contains(binding.name.value.as_str()), sink),
            },
            RuleEntry::When(when) => condition(&when.condition, sink),
            RuleEntry::Test(test) => test.fields.iter().for_each(|pair| {
                field(&pair.key, sink);
                values(&pair.value.values, false, sink);
            }),
        }
    }
}

fn condition(expr: &Expr, sink: &mut Sink) {
    predicates(expr, &mut |predicate| {
        let is_regex = predicate.operator.value == Operator::Matches;
        operand(&predicate.left, is_regex, sink);
        match &predicate.right {
            Some(Right::One(right)) => operand(right, is_regex, sink),
            Some(Right::Values(right)) => values(&right.values, is_regex, sink),
            None => {}
        }
    });
}

fn operand(operand: &Operand, is_regex: bool, sink: &mut Sink) {
    match operand {
        Operand::Literal(literal) => value(literal, is_regex, sink),
        Operand::Reference(reference) | Operand::Masked(super::ast::Masked { field: reference, .. }) => {
            if let ReferenceTarget::Name { name, .. } = &reference.target {
                in_name(Language::Native, "the name of a field", name, reference.span, sink);
            }
        }
    }
}

fn predicates<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Predicate)) {
    match expr {
        Expr::Any(chain) | Expr::All(chain) => chain.operands.iter().for_each(|part| predicates(part, visit)),
        Expr::Not(not) => predicates(&not.operand, visit),
        Expr::Predicate(predicate) => visit(predicate),
        Expr::Reference(_) => {}
    }
}

/// The names of lists that rules give to `matches`.
fn regexes<'r>(rules: impl Iterator<Item = &'r Rule>) -> HashSet<&'r str> {
    let mut names = HashSet::new();
    let mut visit = |predicate: &'r Predicate| {
        if predicate.operator.value == Operator::Matches
            && let Some(Right::One(Operand::Reference(reference))) = &predicate.right
            && let ReferenceTarget::Name { name, quoted: false } = &reference.target
        {
            names.insert(name.as_str());
        }
    };
    for rule in rules {
        for binding in rule.lets() {
            if let LetValue::Condition(expr) = &binding.value {
                predicates(expr, &mut visit);
            }
        }
        if let Some(when) = rule.when() {
            predicates(&when.condition, &mut visit);
        }
    }
    names
}

fn field(field: &Name, sink: &mut Sink) {
    name("the name of a field", field, sink);
}

fn name(what: &str, name: &Name, sink: &mut Sink) {
    in_name(Language::Native, what, &name.value, name.span, sink);
}

fn text(text: &Name, sink: &mut Sink) {
    in_value(Language::Native, false, &text.value, text.span, sink);
}

fn values(values: &[Value], is_regex: bool, sink: &mut Sink) {
    values.iter().for_each(|one| value(one, is_regex, sink));
}

fn value(value: &Value, is_regex: bool, sink: &mut Sink) {
    if let Literal::Text(text) = &value.value {
        in_value(Language::Native, is_regex, text, value.span, sink);
    }
}
