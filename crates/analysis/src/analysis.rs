//! The analysis of rules: conditions to formulas, and events from what a search finds.

use contentcheck_model::claims::Claims;
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::{Predicate, Test};
use contentcheck_model::rule::Target;
use contentcheck_model::source::Source;
use contentcheck_model::template::{Recognition, Scalar, TemplateType};
use contentcheck_model::value::Value;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::budget::{Budget, Unknown};
use crate::compare;
use crate::events::Events;
use crate::fields::{Fields, Model};
use crate::formula::{AtomId, FALSE, Formulas, Literal, NodeId, TRUE};
use crate::probe;
use crate::solver::{Outcome, Solver};
use crate::space::Space;
use crate::values::{Answer, Domain, Presence, Values};
use crate::witness::{Witness, plausible};

/// Says whether a target fires on an event: the evaluator that an answer is confirmed by before it is given. Nothing where that
/// depends on how the event is supplied.
pub type Confirm<'c> = dyn Fn(&Target, &Witness) -> Option<bool> + 'c;

/// Whether there is an event of some kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Example {
    /// This one.
    Found(Witness),
    /// There is none: proven.
    None,
    /// Not known.
    Unknown(Unknown),
}

/// Exact reasoning on rules. It keeps what it has made between questions, so that rules that ask
/// alike are cheap; its answers do not depend on what was asked before, within the budget.
pub struct Analysis<'c> {
    pub(crate) budget: Budget,
    pub(crate) formulas: Formulas,
    pub(crate) space: Space,
    confirm: Option<&'c Confirm<'c>>,
    /// The file that the questions are about.
    file: Option<Source>,
}

/// A condition as a formula.
#[derive(Clone, Debug)]
pub(crate) struct Lowered {
    /// That an event is of the template type, and the condition holds on it.
    pub(crate) root: NodeId,
    /// That an event is of the template type, as far as others may claim it.
    pub(crate) own: NodeId,
    /// For each predicate, in the order of [`Expr::each`], the literal that says that it holds; nothing where
    /// it is known before any event.
    pub(crate) predicates: Vec<Option<Literal>>,
}

/// What became of a search for an event.
pub(crate) enum Sought {
    Found(Model),
    Impossible(Vec<Vec<Literal>>),
    Unknown(Unknown),
}

impl<'c> Analysis<'c> {
    /// An analysis with the default budget. Each event is shown to `confirm` before it is given as an answer; one
    /// that is not confirmed becomes [`Unknown::NotConfirmed`].
    #[must_use]
    pub fn new(confirm: &'c Confirm<'c>) -> Self {
        Self::with_budget(Budget::default(), confirm)
    }

    /// An analysis with a budget of its own.
    #[must_use]
    pub fn with_budget(budget: Budget, confirm: &'c Confirm<'c>) -> Self {
        Self {
            budget,
            formulas: Formulas::new(),
            space: Space::new(Values::new(budget)),
            confirm: Some(confirm),
            file: None,
        }
    }

    /// An analysis of which only proofs are used and no events, so that there is nothing to confirm.
    pub(crate) fn of_proofs() -> Self {
        let budget = Budget::default();
        Self { budget, formulas: Formulas::new(), space: Space::new(Values::new(budget)), confirm: None, file: None }
    }

    /// Nodes and states of all automata that are kept.
    #[must_use]
    pub fn automata_size(&self) -> usize {
        self.space.values.automata.size()
    }

    /// The most states that one question about a value has looked at so far.
    #[must_use]
    pub fn peak_states(&self) -> usize {
        self.space.values.automata.peak
    }

    /// From now on so much more work may be done, in steps; what is asked when it is done is unknown. Without this each
    /// question has its budget and there may be any number of them.
    pub fn allow(&mut self, work: u64) {
        self.space.values.automata.meter.allow(work);
    }

    /// Whether all of what [`Analysis::allow`] allowed was done.
    pub(crate) const fn is_done(&self) -> bool {
        self.space.values.automata.meter.is_done()
    }

    /// What is asked from now on is about rules of this file: all questions about one share [`Budget::file`], so that no
    /// file takes longer than others, however many hard rules it has.
    pub fn about(&mut self, file: &Source) {
        if self.file.as_ref().is_none_or(|known| !known.is(file)) {
            self.file = Some(file.clone());
            self.allow(self.budget.file);
        }
    }

    /// Once `stop` is set, whatever is asked is unknown: for whoever runs an analysis that somebody may not want any more.
    /// What was answered since is to be thrown away.
    pub fn stop_at(&mut self, stop: Arc<AtomicBool>) {
        self.space.values.automata.meter.stop_at(stop);
    }

    /// The steps of all questions so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.space.values.automata.meter.done()
    }

    /// A question begins.
    pub(crate) fn begin(&mut self) {
        self.relieve();
        self.space.values.automata.meter.begin(self.budget.work);
    }

    /// Notes work, and tells whether more may be done.
    pub(crate) fn charge(&mut self, work: usize) -> bool {
        let of_formulas = self.formulas.take_steps();
        self.space.values.automata.meter.charge(work.saturating_add(of_formulas))
    }

    /// Whether one event on which all parts hold is plain to see. `false` says nothing.
    pub(crate) fn can_hold<'e>(
        &mut self,
        events: &Events<'_>,
        parts: impl Iterator<Item = &'e Expr<Predicate>> + Clone,
    ) -> bool {
        probe::can_hold(events, parts, &mut self.space.values.automata.meter)
    }

    /// Drops what has grown beyond the budget. Between questions only: formulas of lowered
    /// conditions stay.
    pub(crate) fn relieve(&mut self) {
        self.space.values.relieve();
    }

    pub(crate) fn confirms(&self, target: &Target, event: &Witness, fires: bool) -> bool {
        is_recognisable(&target.template, event)
            && self.confirm.is_none_or(|confirm| confirm(target, event) == Some(fires))
    }

    /// The formula of the condition of a target.
    pub(crate) fn lower(&mut self, target: &Target) -> Lowered {
        self.lower_among(&Events::of(target), target, &[target])
    }

    /// The same about other events than the target's own: those about which several targets are asked.
    pub(crate) fn lower_among(&mut self, events: &Events<'_>, target: &Target, all: &[&Target]) -> Lowered {
        let mut predicates = Vec::new();
        let condition = self.lower_part(events, &target.condition, &mut predicates);
        let own = self.lower_own(events, target, all);
        Lowered { root: self.formulas.all(vec![condition, own]), own, predicates }
    }

    /// That an event is one of the template type once it is recorded, where that bears on one of the conditions that are asked about.
    fn lower_own(&mut self, events: &Events<'_>, target: &Target, all: &[&Target]) -> NodeId {
        let bear = |claims: &&Arc<Claims>| all.iter().any(|asked| claims.bear_on(&target.template, &asked.condition));
        let Some(claimed) = target.claimed.as_ref().filter(bear) else { return TRUE };
        let claimed = self.lower_part(events, &claimed.condition, &mut Vec::new());
        self.formulas.negate(claimed)
    }

    // INVARIANT: the checker held the depth of conditions to `limits::NESTING`.
    pub(crate) fn lower_part(
        &mut self,
        events: &Events<'_>,
        expr: &Expr<Predicate>,
        predicates: &mut Vec<Option<Literal>>,
    ) -> NodeId {
        match expr {
            Expr::Const(value) => {
                if *value {
                    TRUE
                } else {
                    FALSE
                }
            }
            Expr::Not(inner) => {
                let inner = self.lower_part(events, inner, predicates);
                self.formulas.negate(inner)
            }
            Expr::All(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.lower_part(events, part, predicates)).collect();
                self.formulas.all(parts)
            }
            Expr::Any(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.lower_part(events, part, predicates)).collect();
                self.formulas.any(parts)
            }
            Expr::Is(predicate) => {
                self.charge(16);
                let (node, literal) = self.lower_predicate(events, predicate);
                predicates.push(literal);
                node
            }
        }
    }

    /// The formula of a condition in which the predicate at an index is not taken as known.
    pub(crate) fn lower_open(&mut self, target: &Target, open: usize) -> NodeId {
        let mut next = 0;
        let expr = target.condition.substitute(&mut |predicate| {
            let own = next;
            next += 1;
            Expr::Is((own, predicate))
        });
        let condition = self.lower_indexed(&Events::of(target), &expr, open);
        let own = self.lower_own(&Events::of(target), target, &[target]);
        self.formulas.all(vec![condition, own])
    }

    fn lower_indexed(&mut self, events: &Events<'_>, expr: &Expr<(usize, &Predicate)>, open: usize) -> NodeId {
        match expr {
            Expr::Const(true) => TRUE,
            Expr::Const(false) => FALSE,
            Expr::Not(inner) => {
                let inner = self.lower_indexed(events, inner, open);
                self.formulas.negate(inner)
            }
            Expr::All(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.lower_indexed(events, part, open)).collect();
                self.formulas.all(parts)
            }
            Expr::Any(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.lower_indexed(events, part, open)).collect();
                self.formulas.any(parts)
            }
            Expr::Is((index, predicate)) if *index == open => {
                let atom = self.space.intern(events, &predicate.field, &predicate.test);
                self.formulas.literal(atom, true)
            }
            Expr::Is((_, predicate)) => {
                self.charge(16);
                self.lower_predicate(events, predicate).0
            }
        }
    }

    fn lower_predicate(&mut self, events: &Events<'_>, predicate: &Predicate) -> (NodeId, Option<Literal>) {
        let domain = Domain::of(events, &predicate.field);
        let known = match &*predicate.test {
            Test::Unexpanded => Some(FALSE),
            Test::Exists if domain.is_required() => Some(TRUE),
            Test::Null if domain.is_required() => Some(FALSE),
            Test::Null if domain == Domain::Absent => Some(TRUE),
            _ if domain == Domain::Absent => Some(FALSE),
            _ => None,
        };
        if let Some(known) = known {
            return (known, None);
        }
        if *predicate.test == Test::Null {
            let exists = self.space.intern(events, &predicate.field, &Arc::new(Test::Exists));
            return (self.formulas.literal(exists, false), Some((exists, false)));
        }
        let atom = self.space.intern(events, &predicate.field, &predicate.test);
        let node = self.formulas.literal(atom, true);
        let Some(other) = self.space.atom(atom).and_then(|atom| atom.other) else {
            return (node, Some((atom, true)));
        };
        let other_domain = self.space.domain(other);
        if !compare::possible(&predicate.test, &domain, &other_domain) {
            return (FALSE, None);
        }
        // Where it holds both values are there, which the fields alone do not know.
        let mut parts = vec![node];
        let other = self.space.reference(other);
        for (field, domain) in [(&predicate.field, domain), (&other, other_domain)] {
            if !domain.is_required() && !field.is_any() {
                let exists = self.space.intern(events, field, &Arc::new(Test::Exists));
                parts.push(self.formulas.literal(exists, true));
            }
        }
        (self.formulas.all(parts), Some((atom, true)))
    }

    /// Looks for values that make a formula true; with `both`, while this atom can be true and false.
    pub(crate) fn seek(&mut self, events: &Events<'_>, formula: NodeId, both: Option<AtomId>) -> Sought {
        let definitions = self.definitions(formula);
        if !self.charge(definitions.len()) {
            return Sought::Unknown(Unknown::Work);
        }
        let solver = Solver::new(&self.formulas, formula, &definitions);
        let mut fields = Fields { space: &mut self.space, events, both, model: Model::default() };
        match solver.run(&mut fields, &self.budget) {
            Outcome::Found => Sought::Found(fields.model),
            Outcome::Impossible(reasons) => Sought::Impossible(reasons),
            Outcome::Unknown(reason) => Sought::Unknown(reason),
        }
    }

    pub(crate) fn definitions(&self, formula: NodeId) -> Vec<Vec<Literal>> {
        self.space.definitions(&self.formulas.atoms(formula))
    }

    /// The event of a model: fields of which nothing is asked are absent, or have something plausible.
    pub(crate) fn event(&mut self, events: &Events<'_>, model: &Model) -> Witness {
        let mut event = Witness::default();
        for field in events.template.declared() {
            let id = self.space.field(events, &field);
            let value = match model.values.get(&id) {
                Some(value) => value.clone(),
                None => {
                    let name = events.template.describe(&field).map_or("", |info| info.name);
                    self.default(&self.space.domain(id), name)
                }
            };
            event.values.extend(value.map(|value| (field, value)));
        }
        for (id, value) in &model.values {
            let field = self.space.reference(*id);
            if field.is_any() || field.is_undeclared() {
                event = event.with(&field, value.clone());
            }
        }
        event
    }

    fn default(&mut self, domain: &Domain, name: &str) -> Option<Value> {
        if let Domain::Scalar(Scalar::String, Presence::Always | Presence::Mostly) = domain {
            return Some(Value::String(plausible(name).to_owned()));
        }
        match &*self.space.values.solve(domain, &[]) {
            Answer::Found(value) => value.clone(),
            Answer::Nothing | Answer::Unknown(_) => None,
        }
    }

    /// An event that makes a formula true, confirmed by what it must do to some targets.
    pub(crate) fn example(
        &mut self,
        events: &Events<'_>,
        formula: NodeId,
        expected: &[(&Target, bool)],
    ) -> (Example, Vec<Vec<Literal>>) {
        self.relieve();
        match self.seek(events, formula, None) {
            Sought::Found(model) => {
                let event = self.event(events, &model);
                let confirmed = expected.iter().all(|(target, fires)| self.confirms(target, &event, *fires));
                let found = if confirmed { Example::Found(event) } else { Example::Unknown(Unknown::NotConfirmed) };
                (found, Vec::new())
            }
            Sought::Impossible(reasons) => (Example::None, reasons),
            Sought::Unknown(reason) => (Example::Unknown(reason), Vec::new()),
        }
    }

    /// Which atoms of a formula hold on an event.
    ///
    /// # Errors
    /// Where one of them cannot be evaluated.
    pub(crate) fn truths(&mut self, formula: NodeId, event: &Witness) -> Result<FxHashMap<AtomId, bool>, Unknown> {
        let atoms = self.formulas.atoms(formula);
        if !self.charge(8 * atoms.len()) {
            return Err(Unknown::Work);
        }
        atoms.into_iter().map(|atom| Ok((atom, self.space.truth(atom, event)?))).collect()
    }
}

/// Whether an event is recognised as one of a template type: of the names by which it is, it may lack one.
fn is_recognisable(template: &TemplateType, event: &Witness) -> bool {
    let lacks = |of: &&Recognition| !event.values.iter().any(|(field, _)| *field == template.named(&of.name));
    template.reads.iter().filter(|of| template.may_lack(&of.name)).filter(lacks).count() < 2
}

/// Whether events of both template types are alike: the same fields in the same places.
pub(crate) fn alike(a: &TemplateType, b: &TemplateType) -> bool {
    let types = |template: &TemplateType| -> Vec<_> {
        let numbered = template.fields.iter().map(|field| field.as_ref().map(|field| (field.name.clone(), field.ty)));
        numbered.chain(template.header.iter().map(|field| Some((field.name.clone(), field.ty)))).collect()
    };
    std::ptr::eq(a, b)
        || (a.name == b.name
            && a.reads == b.reads
            && a.open == b.open
            && a.fields.len() == b.fields.len()
            && types(a) == types(b))
}
