//! Layout of conditions.

use super::super::ast::{Chain, Expr, Operand, Predicate, Quantifier, Reference, ReferenceTarget, Right};
use super::{Printer, STEP, flat_value, flat_values, values_anchor};

/// What stands around an expression, which decides whether it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Alone,
    Operand,
}

/// The place up to which comments are put before the line on which an expression begins.
pub(super) fn anchor(expr: &Expr) -> u32 {
    match expr {
        Expr::Any(chain) | Expr::All(chain) => chain.operands.first().map_or(chain.span.start, operand_anchor),
        other => operand_anchor(other),
    }
}

/// The same for an operand, which stands in parentheses if it is a chain.
fn operand_anchor(expr: &Expr) -> u32 {
    match expr {
        Expr::Any(chain) | Expr::All(chain) => chain.span.start,
        Expr::Not(not) => operand_anchor(&not.operand),
        Expr::Predicate(predicate) => match &predicate.right {
            Some(Right::Values(values)) => values_anchor(values),
            _ => predicate.span.end,
        },
        Expr::Reference(reference) => reference.span.end,
    }
}

impl Printer<'_> {
    /// A condition at the end of a line that began before it.
    pub(super) fn condition(&mut self, expr: &Expr) {
        self.expr(expr, Context::Alone);
    }

    fn expr(&mut self, expr: &Expr, context: Context) {
        // Parentheses around a whole condition go, and comments behind its last operand with them.
        let end = match (expr, context) {
            (Expr::Any(chain) | Expr::All(chain), Context::Alone) => chain.operands.last().map(Expr::span),
            _ => Some(expr.span()),
        };
        if !self.comment_before(end.map_or(0, |span| span.end)) {
            let mut flat = String::new();
            flat_expr(&mut flat, self.text, expr, context);
            if self.fits(&flat, 0) {
                self.out.push_str(&flat);
                return;
            }
        }
        match expr {
            Expr::Any(chain) => self.broken_chain(chain, "or ", context),
            Expr::All(chain) => self.broken_chain(chain, "and ", context),
            Expr::Not(not) => {
                self.out.push_str("not ");
                self.expr(&not.operand, Context::Operand);
            }
            Expr::Predicate(predicate) => self.predicate(predicate),
            Expr::Reference(reference) => flat_reference(&mut self.out, reference),
        }
    }

    /// Operands one on a line, each but the first behind its connective.
    fn broken_chain(&mut self, chain: &Chain, word: &str, context: Context) {
        if context == Context::Operand {
            self.out.push('(');
            let opened = self.text.as_bytes().get(chain.span.start as usize) == Some(&b'(');
            // Without a parenthesis in the source no comment can follow it.
            if opened { self.finish_line(chain.span.start + 1) } else { self.end_line() }
        }
        self.indent += STEP;
        let last = chain.operands.len().saturating_sub(1);
        for (index, operand) in chain.operands.iter().enumerate() {
            if index > 0 || context == Context::Operand {
                self.leading(operand_anchor(operand));
                self.begin_line();
            }
            if index > 0 {
                self.out.push_str(word);
            }
            self.expr(operand, Context::Operand);
            // The line of the last operand of a whole condition is ended by its entry.
            if index < last || context == Context::Operand {
                self.finish_line(operand.span().end);
            }
        }
        if context == Context::Operand {
            self.leading(chain.span.end);
        }
        self.indent -= STEP;
        if context == Context::Operand {
            self.begin_line();
            self.out.push(')');
        }
    }

    fn predicate(&mut self, predicate: &Predicate) {
        flat_left(&mut self.out, self.text, predicate);
        if let Some(Right::Values(values)) = &predicate.right {
            self.out.push(' ');
            self.values(values, 0);
        } else if let Some(Right::One(operand)) = &predicate.right {
            self.out.push(' ');
            flat_operand(&mut self.out, self.text, operand);
        }
    }
}

fn flat_expr(out: &mut String, text: &str, expr: &Expr, context: Context) {
    match expr {
        Expr::Any(chain) => flat_chain(out, text, chain, " or ", context),
        Expr::All(chain) => flat_chain(out, text, chain, " and ", context),
        Expr::Not(not) => {
            out.push_str("not ");
            flat_expr(out, text, &not.operand, Context::Operand);
        }
        Expr::Reference(reference) => flat_reference(out, reference),
        Expr::Predicate(predicate) => {
            flat_left(out, text, predicate);
            match &predicate.right {
                Some(Right::Values(values)) => {
                    out.push(' ');
                    flat_values(out, text, values);
                }
                Some(Right::One(operand)) => {
                    out.push(' ');
                    flat_operand(out, text, operand);
                }
                None => {}
            }
        }
    }
}

fn flat_chain(out: &mut String, text: &str, chain: &Chain, word: &str, context: Context) {
    if context == Context::Operand {
        out.push('(');
    }
    for (index, operand) in chain.operands.iter().enumerate() {
        if index > 0 {
            out.push_str(word);
        }
        flat_expr(out, text, operand, Context::Operand);
    }
    if context == Context::Operand {
        out.push(')');
    }
}

/// A predicate up to its right side.
fn flat_left(out: &mut String, text: &str, predicate: &Predicate) {
    match predicate.quantifier.as_ref().map(|quantifier| quantifier.value) {
        Some(Quantifier::Any) => out.push_str("any "),
        Some(Quantifier::All) => out.push_str("all "),
        None => {}
    }
    flat_operand(out, text, &predicate.left);
    out.push(' ');
    out.push_str(predicate.operator.value.as_str());
    if predicate.ignore_case {
        out.push('~');
    }
    if predicate.all_values.is_some() {
        out.push_str(" all");
    }
}

fn flat_operand(out: &mut String, text: &str, operand: &Operand) {
    match operand {
        Operand::Reference(reference) => flat_reference(out, reference),
        Operand::Literal(value) => flat_value(out, text, value),
        Operand::Masked(masked) => {
            flat_reference(out, &masked.field);
            out.push_str(" & ");
            out.push_str(text.get(masked.mask.span.range()).unwrap_or(""));
        }
    }
}

fn flat_reference(out: &mut String, reference: &Reference) {
    match &reference.target {
        ReferenceTarget::Name { name, quoted: true } => out.extend(["`", name.as_str(), "`"]),
        ReferenceTarget::Name { name, .. } => out.push_str(name),
        ReferenceTarget::Position(position) => out.push_str(&format!("${position}")),
    }
}
