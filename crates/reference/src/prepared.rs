//! Prepared conditions: the same trees, with their patterns ready to be looked for.

use std::fmt;

use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::{Pattern, Predicate, TextPattern};
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_parser::release::Shippable;

use crate::event::Event;
use crate::explain::{self, Explanation};
use crate::passes::{self, Check, patterns};
use crate::text::Finder;

/// All rules of some content, ready to be evaluated. Every expression is compiled once for each
/// predicate that has it.
#[derive(Debug)]
pub struct Evaluator<'a> {
    rules: Vec<PreparedRule<'a>>,
}

/// One rule of an [`Evaluator`].
#[derive(Debug)]
pub struct PreparedRule<'a> {
    /// The rule.
    pub rule: &'a CheckedRule,
    /// Its targets, in the order of the rule.
    pub targets: Vec<Prepared<'a>>,
}

/// One target, ready to be evaluated.
#[derive(Debug)]
pub struct Prepared<'a> {
    target: &'a Target,
    condition: Expr<Check<'a>>,
}

/// An expression that does not compile. Content that was checked has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidExpression {
    /// The expression as content writes it.
    pub pattern: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for InvalidExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the expression `{}` does not compile: {}", self.pattern, self.reason)
    }
}

impl std::error::Error for InvalidExpression {}

impl<'a> Evaluator<'a> {
    /// Prepares all rules of some content.
    ///
    /// # Errors
    /// If an expression does not compile.
    pub fn new(content: &'a Shippable) -> Result<Self, InvalidExpression> {
        let rules = content.rules().iter().map(|rule| {
            let targets = rule.targets.iter().map(Prepared::new).collect::<Result<_, _>>()?;
            Ok(PreparedRule { rule, targets })
        });
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }

    /// The rules, in the order of the content.
    #[must_use]
    pub fn rules(&self) -> &[PreparedRule<'a>] {
        &self.rules
    }
}

impl<'a> Prepared<'a> {
    /// Prepares a target.
    ///
    /// # Errors
    /// If an expression does not compile.
    pub fn new(target: &'a Target) -> Result<Self, InvalidExpression> {
        Ok(Self { target, condition: prepare(&target.condition)? })
    }

    /// What was prepared.
    #[must_use]
    pub const fn target(&self) -> &'a Target {
        self.target
    }

    /// Whether the rule fires on an event of the target's template type.
    #[must_use]
    pub fn evaluate(&self, event: &Event) -> bool {
        holds(&self.condition, event)
    }

    /// What each predicate says of an event, in the order of [`Expr::each`]; every one is looked at.
    #[must_use]
    pub fn outcomes(&self, event: &Event) -> Vec<bool> {
        let mut found = Vec::new();
        self.condition.each(&mut |check, _| found.push(passes::check(check, event)));
        found
    }

    /// Why the rule fires on an event, or does not. Every predicate is looked at, also where the
    /// answer is known without it.
    #[must_use]
    pub fn explain(&self, event: &Event) -> Explanation {
        explain::explain(&self.condition, &self.target.template, event)
    }
}

/// LOG-1
fn holds(condition: &Expr<Check<'_>>, event: &Event) -> bool {
    match condition {
        Expr::Const(value) => *value,
        Expr::Not(inner) => !holds(inner, event),
        Expr::All(parts) => parts.iter().all(|part| holds(part, event)),
        Expr::Any(parts) => parts.iter().any(|part| holds(part, event)),
        Expr::Is(check) => passes::check(check, event),
    }
}

fn prepare(condition: &Expr<Predicate>) -> Result<Expr<Check<'_>>, InvalidExpression> {
    Ok(match condition {
        Expr::Const(value) => Expr::Const(*value),
        Expr::Not(inner) => Expr::Not(Box::new(prepare(inner)?)),
        Expr::All(parts) => Expr::All(parts.iter().map(prepare).collect::<Result<_, _>>()?),
        Expr::Any(parts) => Expr::Any(parts.iter().map(prepare).collect::<Result<_, _>>()?),
        Expr::Is(predicate) => {
            let finders = patterns(&predicate.test).iter().map(finder).collect::<Result<_, _>>()?;
            Expr::Is(Check { predicate, finders })
        }
    })
}

fn finder(pattern: &TextPattern) -> Result<Finder, InvalidExpression> {
    Finder::new(pattern).map_err(|reason| {
        let written =
            if let Pattern::Matches(regex) = &pattern.pattern { regex.pattern.to_string() } else { String::new() };
        InvalidExpression { pattern: written, reason }
    })
}
