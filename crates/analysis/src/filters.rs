//! Questions about filters, cheap enough to be asked of every rule on every save: whether one never applies, or
//! leaves nothing.

use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::Target;

use crate::analysis::Analysis;
use crate::events::Events;
use crate::formula::{FALSE, TRUE};
use crate::redundant::{Redundancy, Redundant, RedundantKind, part_words, span};

impl Analysis<'_> {
    /// The negated parts of a rule that never apply, and those that leave nothing of what the parts beside them
    /// select: a part of what [`Analysis::redundant`] finds, at a fraction of its cost. `fires` tells whether the rule
    /// is known to fire: then no filter of the whole rule leaves nothing.
    pub fn filters(&mut self, target: &Target, fires: bool) -> Redundancy {
        self.begin();
        let mut found = Redundancy::default();
        let mut next = 0;
        self.filters_in(target, &target.condition, fires, fires, &mut next, &mut found);
        found
    }

    // INVARIANT: the checker held the depth of conditions to `limits::NESTING`.
    fn filters_in(
        &mut self,
        target: &Target,
        expr: &Expr<Predicate>,
        alive: bool,
        fires: bool,
        next: &mut usize,
        found: &mut Redundancy,
    ) {
        match expr {
            Expr::Const(_) => {}
            Expr::Not(_) | Expr::Is(_) => expr.each(&mut |_, _| *next += 1),
            Expr::Any(parts) => {
                parts.iter().for_each(|part| self.filters_in(target, part, false, fires, next, found));
            }
            Expr::All(parts) => {
                for part in parts {
                    let Expr::Not(inner) = part else {
                        self.filters_in(target, part, alive, fires, next, found);
                        continue;
                    };
                    // Several filters behind one negation are looked at one by one.
                    let filters = match &**inner {
                        Expr::Any(filters) => filters.as_slice(),
                        _ => std::slice::from_ref(&**inner),
                    };
                    for filter in filters {
                        let first = *next;
                        filter.each(&mut |_, _| *next += 1);
                        found.asked += 1;
                        self.begin();
                        if let Some(kind) = self.filter(target, parts, filter, alive, fires, found) {
                            let words = part_words(&target.template, filter, &kind);
                            let predicates = (first..*next).collect();
                            found.findings.push(Redundant { kind, predicates, span: span(filter), words });
                        }
                    }
                }
            }
        }
    }

    /// Whether a filter beside some parts never applies to what they select, or always does.
    fn filter(
        &mut self,
        target: &Target,
        parts: &[Expr<Predicate>],
        filter: &Expr<Predicate>,
        alive: bool,
        fires: bool,
        found: &mut Redundancy,
    ) -> Option<RedundantKind> {
        let events = &Events::of(target);
        let select = || parts.iter().filter(|part| !matches!(part, Expr::Not(_)));
        // What stands beside the filter is looked at for each filter.
        if !self.charge(4 * parts.len()) {
            return None;
        }
        if !alive && !self.can_hold(events, parts.iter()) {
            let own = self.lower_part(events, filter, &mut Vec::new());
            let mut rest = self.selected(events, parts);
            if own != TRUE && self.is_impossible(events, &rest, found) == Some(false) {
                rest.push(self.formulas.negate(own));
                if self.is_impossible(events, &rest, found) == Some(true) {
                    return Some(RedundantKind::SwallowingFilter);
                }
            }
        }
        // Where nothing ever fires no filter ever applies.
        if !fires || self.can_hold(events, select().chain([filter])) {
            return None;
        }
        let own = self.lower_part(events, filter, &mut Vec::new());
        if own == TRUE || own == FALSE {
            return None;
        }
        let mut rest = self.selected(events, parts);
        rest.push(own);
        (self.is_impossible(events, &rest, found)?).then_some(RedundantKind::DeadFilter)
    }
}
