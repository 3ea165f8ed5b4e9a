//! Questions about the parts of one rule: which of them say nothing.

use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{Pattern, Predicate, Test, TextPattern};
use contentcheck_model::rule::Target;
use contentcheck_model::source::Span;
use contentcheck_model::template::TemplateType;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::{Analysis, Sought};
use crate::automata::{Group, LangId, Language, Search, search};
use crate::budget::Unknown;
use crate::decide::Decisive;
use crate::events::Events;
use crate::formula::{FALSE, NodeId, TRUE};
use crate::words;

/// A part of a rule that could be left out, or that takes away more than was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redundant {
    /// What it is.
    pub kind: RedundantKind,
    /// The predicates of the part, by their index in the order of [`Expr::each`].
    pub predicates: Vec<usize>,
    /// From the first to the last of them.
    pub span: Span,
    /// In words.
    pub words: String,
}

/// In which way a part is redundant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedundantKind {
    /// A value of a list whose strings other values of the list cover.
    CoveredValue {
        /// Index of the value in the test.
        value: usize,
        /// Indices of the values that cover it, sorted.
        by: Vec<usize>,
    },
    /// A value of a list on which nothing depends: where only it holds, something else decides.
    DeadValue {
        /// Index of the value in the test.
        value: usize,
    },
    /// A part that is known before any event: a field that is always there, a placeholder.
    Known,
    /// A part that holds whenever the rest does.
    Implied,
    /// A negated part that nothing which the rest selects is excluded by.
    DeadFilter,
    /// A negated part whose exclusions other negated parts make already.
    CoveredFilter,
    /// A negated part that excludes all that the rest selects: the rule, or this branch of it, never fires.
    SwallowingFilter,
    /// A branch that cannot hold where it matters.
    DeadBranch,
    /// A branch that holds only where another one does.
    CoveredBranch,
}

/// What was found out about the parts of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redundancy {
    /// What says nothing, in the order of the condition.
    pub findings: Vec<Redundant>,
    /// Parts and values that were asked about.
    pub asked: usize,
    /// Questions without an answer, with the reason of the last one.
    pub unknown: Option<(usize, Unknown)>,
}

/// The most parts of one condition that are asked about; each question looks at the whole of it.
const PARTS: usize = 2_000;

/// Values of one list that are asked about.
const VALUES: usize = 1_000;

/// What there is to replace in a condition.
struct Replacement<'e> {
    parts: &'e [(*const Expr<Predicate>, NodeId)],
    events: &'e Events<'e>,
}

impl Analysis<'_> {
    /// The parts and list values of a rule that say nothing. Of a part that says nothing its own parts are not
    /// listed, and of values that cover each other one is left: what is listed as redundant can all be left out together.
    pub fn redundant(&mut self, target: &Target) -> Redundancy {
        let decisive = self.decisive(target);
        self.redundant_given(target, &decisive)
    }

    /// Like [`Analysis::redundant`], where the answer of [`Analysis::decisive`] is at hand.
    pub fn redundant_given(&mut self, target: &Target, decisive: &[Decisive]) -> Redundancy {
        self.begin();
        let mut found = Redundancy::default();
        let lowered = self.lower(target);
        let mut count: FxHashMap<u32, usize> = FxHashMap::default();
        for (atom, _) in lowered.predicates.iter().flatten() {
            *count.entry(*atom).or_default() += 1;
        }
        // A predicate that decides and stands only once makes every part with it matter.
        let matters: Vec<bool> = decisive
            .iter()
            .zip(&lowered.predicates)
            .map(|(verdict, literal)| {
                let single = literal.is_some_and(|(atom, _)| count.get(&atom) == Some(&1));
                single && matches!(verdict, Decisive::Pair(_))
            })
            .collect();
        let dead = self.is_impossible(&Events::of(target), &[lowered.root], &mut found) == Some(true);
        let (selection, removed) = (Vec::new(), Vec::new());
        let mut walk = Walk { target, root: lowered.root, dead, matters: &matters, next: 0, selection, removed };
        self.parts(&mut walk, &target.condition, false, &mut found);
        if !dead {
            self.dead_values(&mut walk, &mut found);
        }
        let mut index = 0;
        let mut predicates = Vec::new();
        target.condition.each(&mut |predicate, _| {
            predicates.push((index, predicate));
            index += 1;
        });
        let mut seen = FxHashSet::default();
        for (index, predicate) in predicates {
            self.begin();
            if seen.insert((std::sync::Arc::as_ptr(&predicate.test).addr(), predicate.span)) {
                self.covered_values(target, index, predicate, &mut found);
            }
        }
        found
    }

    // INVARIANT: the checker held the depth of conditions to `limits::NESTING`.
    fn parts(&mut self, walk: &mut Walk<'_>, expr: &Expr<Predicate>, negated: bool, found: &mut Redundancy) {
        match expr {
            Expr::Const(_) => {}
            Expr::Is(_) => walk.next += 1,
            Expr::Not(inner) => self.parts(walk, inner, !negated, found),
            Expr::All(children) | Expr::Any(children) => {
                for child in children {
                    let (first, predicates) = (walk.next, count(child));
                    let mut own = walk.matters.iter().skip(first).take(predicates);
                    let asked = found.asked < PARTS && own.all(|matters| !matters);
                    if asked && !self.charge(predicates) {
                        found.doubt(Unknown::Work);
                    } else if asked {
                        found.asked += 1;
                        self.begin();
                        let place = Place { expr, conjunction: matches!(expr, Expr::All(_)), negated };
                        if let Some(kind) = self.part(walk, child, &place, found) {
                            if kind != RedundantKind::SwallowingFilter && kind != RedundantKind::Known {
                                let neutral = if place.conjunction { TRUE } else { FALSE };
                                walk.removed.push((std::ptr::from_ref(child), neutral));
                            }
                            let words = part_words(&walk.target.template, child, &kind);
                            let predicates: Vec<usize> = (first..first + predicates).collect();
                            walk.next += predicates.len();
                            found.findings.push(Redundant { kind, predicates, span: span(child), words });
                            continue;
                        }
                    }
                    let filters = matches!((expr, child), (Expr::All(_), Expr::Not(_))) && !negated;
                    if filters {
                        walk.selection = self.selected(&Events::of(walk.target), children);
                    }
                    self.parts(walk, child, negated, found);
                    if filters {
                        walk.selection.clear();
                    }
                }
            }
        }
    }

    /// In which way a part says nothing, if it does.
    fn part(
        &mut self,
        walk: &Walk<'_>,
        child: &Expr<Predicate>,
        place: &Place<'_>,
        found: &mut Redundancy,
    ) -> Option<RedundantKind> {
        let (target, root) = (walk.target, walk.root);
        let events = &Events::of(target);
        let filter = matches!(child, Expr::Not(_)) && place.conjunction && !place.negated;
        let own = self.lower_part(events, child, &mut Vec::new());
        // A filter that leaves nothing has a worse fault than to say nothing.
        if filter
            && own != FALSE
            && let Expr::All(siblings) = place.expr
        {
            let mut parts = self.selected(events, siblings);
            let left = self.is_impossible(events, &parts, found) == Some(false);
            parts.push(own);
            if left && self.is_impossible(events, &parts, found) == Some(true) {
                return Some(RedundantKind::SwallowingFilter);
            }
        }
        // Where nothing ever fires every part says nothing.
        if walk.dead {
            return None;
        }
        if own == TRUE || own == FALSE {
            return Some(RedundantKind::Known);
        }
        let neutral = if place.conjunction { TRUE } else { FALSE };
        let this = [(std::ptr::from_ref(child), neutral)];
        let without = self.lower_without(target, &this);
        // Without the part of a conjunction the condition is wider, unless the conjunction is negated.
        let (wide, narrow) = if place.conjunction == place.negated { (root, without) } else { (without, root) };
        let not_narrow = self.formulas.negate(narrow);
        let same = self.is_impossible(events, &[wide, not_narrow], found)?;
        if !same {
            return None;
        }
        // It can go alone; what was found before must be able to go as well.
        if !walk.removed.is_empty() {
            let all: Vec<_> = walk.removed.iter().chain(&this).copied().collect();
            let left = self.lower_without(target, &all);
            let (not_root, not_left) = (self.formulas.negate(root), self.formulas.negate(left));
            let wider = self.is_impossible(events, &[left, not_root], found)?;
            if !wider || !self.is_impossible(events, &[root, not_left], found)? {
                return None;
            }
        }
        let (Expr::All(siblings) | Expr::Any(siblings)) = place.expr else { return None };
        Some(match (place.conjunction, filter) {
            (true, true) => {
                let mut parts = self.selected(events, siblings);
                parts.push(self.formulas.negate(own));
                match self.is_impossible(events, &parts, found)? {
                    true => RedundantKind::DeadFilter,
                    false => RedundantKind::CoveredFilter,
                }
            }
            (true, false) => RedundantKind::Implied,
            // One of several filters behind one negation.
            (false, _) if place.negated => {
                let mut parts = walk.selection.clone();
                parts.push(own);
                match self.is_impossible(events, &parts, found)? {
                    true => RedundantKind::DeadFilter,
                    false => RedundantKind::CoveredFilter,
                }
            }
            (false, _) => {
                // Where the branch alone stands instead of all branches.
                let alone = self.lower_without(target, &[(std::ptr::from_ref(place.expr), own)]);
                match self.is_impossible(events, &[alone], found)? {
                    true => RedundantKind::DeadBranch,
                    false => RedundantKind::CoveredBranch,
                }
            }
        })
    }

    /// The parts of a conjunction that are no filters.
    pub(crate) fn selected(&mut self, events: &Events<'_>, parts: &[Expr<Predicate>]) -> Vec<NodeId> {
        let selected = parts.iter().filter(|part| !matches!(part, Expr::Not(_)));
        selected.map(|part| self.lower_part(events, part, &mut Vec::new())).collect()
    }

    pub(crate) fn is_impossible(
        &mut self,
        events: &Events<'_>,
        parts: &[NodeId],
        found: &mut Redundancy,
    ) -> Option<bool> {
        let formula = self.formulas.cancel(parts);
        match self.seek(events, formula, None) {
            Sought::Found(_) => Some(false),
            Sought::Impossible(_) => Some(true),
            Sought::Unknown(reason) => {
                found.doubt(reason);
                None
            }
        }
    }

    /// The formula of the condition of a target with some parts replaced.
    fn lower_without(&mut self, target: &Target, parts: &[(*const Expr<Predicate>, NodeId)]) -> NodeId {
        let replacement = Replacement { parts, events: &Events::of(target) };
        self.lower_replaced(&target.condition, &replacement)
    }

    /// The formula of a condition in which some parts are replaced.
    fn lower_replaced(&mut self, expr: &Expr<Predicate>, replacement: &Replacement<'_>) -> NodeId {
        self.charge(replacement.parts.len());
        if let Some((_, by)) = replacement.parts.iter().find(|(part, _)| std::ptr::eq(expr, *part)) {
            return *by;
        }
        match expr {
            Expr::Not(inner) => {
                let inner = self.lower_replaced(inner, replacement);
                self.formulas.negate(inner)
            }
            Expr::All(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.lower_replaced(part, replacement)).collect();
                self.formulas.all(parts)
            }
            Expr::Any(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.lower_replaced(part, replacement)).collect();
                self.formulas.any(parts)
            }
            other => self.lower_part(replacement.events, other, &mut Vec::new()),
        }
    }

    /// Whether the condition of a target means the same without all of these parts, each given by its predicates.
    /// `false` where that is not proven.
    pub(crate) fn can_go_together(&mut self, target: &Target, parts: &[&[usize]]) -> bool {
        self.begin();
        let events = &Events::of(target);
        let whole = self.lower(target).root;
        let rest = self.lower_rest(events, &target.condition, parts, &mut 0).unwrap_or(FALSE);
        let mut found = Redundancy::default();
        let (not_whole, not_rest) = (self.formulas.negate(whole), self.formulas.negate(rest));
        self.is_impossible(events, &[whole, not_rest], &mut found) == Some(true)
            && self.is_impossible(events, &[rest, not_whole], &mut found) == Some(true)
    }

    /// The formula of what is left of a condition; nothing where nothing is.
    // INVARIANT: the checker held the depth of conditions to `limits::NESTING`.
    fn lower_rest(
        &mut self,
        events: &Events<'_>,
        expr: &Expr<Predicate>,
        without: &[&[usize]],
        next: &mut usize,
    ) -> Option<NodeId> {
        let first = *next;
        let predicates = count(expr);
        self.charge(predicates.saturating_add(without.len()));
        let is_it = |part: &&[usize]| part.len() == predicates && part.first() == Some(&first);
        if predicates > 0 && without.iter().any(is_it) {
            *next += predicates;
            return None;
        }
        Some(match expr {
            Expr::Not(inner) => {
                let inner = self.lower_rest(events, inner, without, next)?;
                self.formulas.negate(inner)
            }
            Expr::All(parts) => {
                let parts: Vec<NodeId> =
                    parts.iter().filter_map(|part| self.lower_rest(events, part, without, next)).collect();
                self.formulas.all(parts)
            }
            Expr::Any(parts) => {
                let parts: Vec<NodeId> =
                    parts.iter().filter_map(|part| self.lower_rest(events, part, without, next)).collect();
                self.formulas.any(parts)
            }
            Expr::Is(_) | Expr::Const(_) => {
                *next += predicates;
                self.lower_part(events, expr, &mut Vec::new())
            }
        })
    }

    /// The values of lists on which nothing depends: one that a filter excludes, or that a filter has and nothing
    /// selects. Asked of lists on fields that other predicates look at too: no other value can be such a one.
    fn dead_values(&mut self, walk: &mut Walk<'_>, found: &mut Redundancy) {
        let target = walk.target;
        let mut leaves: Vec<(usize, bool, &Expr<Predicate>)> = Vec::new();
        leaves_of(&target.condition, false, &mut leaves);
        let mut of_field: FxHashMap<&FieldRef, FxHashSet<usize>> = FxHashMap::default();
        for (_, _, leaf) in &leaves {
            if let Expr::Is(predicate) = leaf {
                of_field.entry(&predicate.field).or_default().insert(std::sync::Arc::as_ptr(&predicate.test).addr());
            }
        }
        let mut seen = FxHashSet::default();
        for (index, negated, leaf) in &leaves {
            let Expr::Is(predicate) = leaf else { continue };
            let Some((patterns, wrap)) = values_of(&predicate.test) else { continue };
            let alone = of_field.get(&predicate.field).is_none_or(|tests| tests.len() < 2);
            let place = (std::sync::Arc::as_ptr(&predicate.test).addr(), predicate.span);
            if alone || predicate.field.is_any() || patterns.len() < 2 || patterns.len() > VALUES || !seen.insert(place)
            {
                continue;
            }
            // Each place where the list is read: what one of them needs is not dead.
            let same = |(_, _, other): &&(usize, bool, &Expr<Predicate>)| matches!(other, Expr::Is(one) if (std::sync::Arc::as_ptr(&one.test).addr(), one.span) == place);
            let all: Vec<&(usize, bool, &Expr<Predicate>)> = leaves.iter().filter(same).collect();
            if all.iter().any(|(_, other, _)| other != negated) {
                continue;
            }
            self.begin();
            let events = &Events::of(target);
            // Where it matters whether the list holds: in the condition as it is, and without what was found before.
            let mut matters: Vec<NodeId> = Vec::new();
            for before in [&[][..], &walk.removed] {
                let by = |node: NodeId| -> Vec<(*const Expr<Predicate>, NodeId)> {
                    let places = all.iter().map(|(_, _, leaf)| (std::ptr::from_ref(*leaf), node));
                    places.chain(before.iter().copied()).collect()
                };
                let (with, without) = (self.lower_without(target, &by(TRUE)), self.lower_without(target, &by(FALSE)));
                let (wide, narrow) = if *negated { (without, with) } else { (with, without) };
                let not_narrow = self.formulas.negate(narrow);
                let here = self.formulas.cancel(&[wide, not_narrow]);
                if !matters.contains(&here) {
                    matters.push(here);
                }
            }
            // Where the whole list is dead, the part is.
            let mut lives = true;
            for here in &matters {
                lives &= self.is_impossible(events, &[*here], found) == Some(false);
            }
            if !lives {
                continue;
            }
            let mut dead: Vec<Redundant> = Vec::new();
            for (value, pattern) in patterns.iter().enumerate() {
                if !self.charge(64) {
                    found.doubt(Unknown::Work);
                    return;
                }
                found.asked += 1;
                let test = wrap(Test::Text { patterns: vec![pattern.clone()], all: false });
                let alone = Expr::Is(Predicate { test: std::sync::Arc::new(test), ..predicate.clone() });
                let alone = self.lower_part(events, &alone, &mut Vec::new());
                let mut is_dead = true;
                for here in &matters {
                    is_dead = is_dead && self.is_impossible(events, &[*here, alone], found) == Some(true);
                }
                if is_dead {
                    let field = words::field(&target.template, &predicate.field);
                    let written = words::written(pattern);
                    let words = format!("{field}: where {written} matches, the rest of the condition decides already");
                    let kind = RedundantKind::DeadValue { value };
                    dead.push(Redundant { kind, predicates: vec![*index], span: predicate.span, words });
                }
            }
            if dead.is_empty() || dead.len() >= patterns.len() {
                continue;
            }
            // What else is asked is asked of the list without them.
            let is_dead = |value: &usize| {
                dead.iter().any(|one| matches!(&one.kind, RedundantKind::DeadValue { value: own } if own == value))
            };
            let left = patterns.iter().enumerate().filter(|(value, _)| !is_dead(value));
            let left = Test::Text { patterns: left.map(|(_, pattern)| pattern.clone()).collect(), all: false };
            let left = Expr::Is(Predicate { test: std::sync::Arc::new(wrap(left)), ..(*predicate).clone() });
            let left = self.lower_part(events, &left, &mut Vec::new());
            walk.removed.extend(all.iter().map(|(_, _, leaf)| (std::ptr::from_ref(*leaf), left)));
            found.findings.append(&mut dead);
        }
    }

    /// The values of a list that the others cover, one after the other: those that are left out no longer count.
    fn covered_values(&mut self, target: &Target, index: usize, predicate: &Predicate, found: &mut Redundancy) {
        let Test::Text { patterns, all: false } = predicate.test.element() else { return };
        if patterns.len() < 2 {
            return;
        }
        let mut literals = Literals::of(patterns);
        let mut gone = vec![false; patterns.len()];
        for (value, pattern) in patterns.iter().enumerate() {
            found.asked += 1;
            if !self.charge(8) {
                found.doubt(Unknown::Work);
                return;
            }
            match self.covering(value, pattern, patterns, &mut literals, &gone) {
                Ok(Some(mut by)) => {
                    by.sort_unstable();
                    if let Some(gone) = gone.get_mut(value) {
                        *gone = true;
                    }
                    let covers: Vec<&TextPattern> = by.iter().filter_map(|by| patterns.get(*by)).collect();
                    let shown = words::beside(pattern, &covers);
                    let (own, covers) = shown
                        .split_first()
                        .map_or((String::new(), String::new()), |(own, covers)| (own.clone(), covers.join(" or ")));
                    let field = words::field(&target.template, &predicate.field);
                    let words = format!("{field}: every string that matches {own} matches {covers} of the same list");
                    let kind = RedundantKind::CoveredValue { value, by };
                    found.findings.push(Redundant { kind, predicates: vec![index], span: predicate.span, words });
                }
                Ok(None) => {}
                Err(reason) => found.doubt(reason),
            }
        }
    }

    /// The values that together have all strings of one; nothing where it has a text of its own.
    fn covering(
        &mut self,
        value: usize,
        pattern: &TextPattern,
        patterns: &[TextPattern],
        literals: &mut Literals,
        gone: &[bool],
    ) -> Result<Option<Vec<usize>>, Unknown> {
        /// Values that cover one together.
        const TOGETHER: usize = 8;
        let (nodes, states) = (self.budget.nodes, self.budget.states);
        let lang = |analysis: &mut Self, pattern: &TextPattern| {
            analysis.space.values.automata.language(Language::Any([pattern.clone()].into()), nodes)
        };
        let mut groups: Vec<Group> = Vec::new();
        let mut by: Vec<usize> = Vec::new();
        // The shortest text of a literal is the literal; other strings are searched for.
        let mut text = match &pattern.pattern {
            Pattern::Equals(text) | Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => {
                text.to_string()
            }
            Pattern::Like(_) | Pattern::Matches(_) => {
                let own = lang(self, pattern)?;
                groups.push(Group { members: vec![own], positive: true });
                match search(&mut self.space.values.automata, &groups, states) {
                    Search::Found(text) => text,
                    Search::Empty => return Ok(Some(Vec::new())),
                    Search::Spent => return Err(self.space.values.spent()),
                }
            }
        };
        loop {
            let mut other = None;
            if !self.charge(literals.work(&text)) {
                return Err(Unknown::Work);
            }
            for candidate in literals.matching(&text) {
                if candidate != value && gone.get(candidate) == Some(&false) && !by.contains(&candidate) {
                    other = Some(candidate);
                    break;
                }
            }
            if other.is_none() {
                for (candidate, known) in &mut literals.others {
                    if *candidate == value || gone.get(*candidate) != Some(&false) || by.contains(candidate) {
                        continue;
                    }
                    if !self.charge(4) {
                        return Err(Unknown::Work);
                    }
                    let Some(pattern) = patterns.get(*candidate) else { continue };
                    let of = match known {
                        Some(known) => *known,
                        None => *known.insert(lang(self, pattern)?),
                    };
                    if self.space.values.automata.is_match(of, &text)? {
                        other = Some(*candidate);
                        break;
                    }
                }
            }
            let Some(other) = other.filter(|_| by.len() < TOGETHER) else { return Ok(None) };
            by.push(other);
            // A literal in a literal needs no search.
            if by.len() == 1 && patterns.get(other).is_some_and(|other| literal_covers(other, pattern)) {
                return Ok(Some(by));
            }
            if groups.is_empty() {
                let own = lang(self, pattern)?;
                groups.push(Group { members: vec![own], positive: true });
            }
            let Some(cover) = patterns.get(other) else { return Ok(None) };
            let cover = lang(self, cover)?;
            groups.push(Group { members: vec![cover], positive: false });
            match search(&mut self.space.values.automata, &groups, states) {
                Search::Found(found) => text = found,
                Search::Empty => return Ok(Some(by)),
                Search::Spent => return Err(self.space.values.spent()),
            }
        }
    }
}

impl Redundancy {
    fn doubt(&mut self, reason: Unknown) {
        let before = self.unknown.map_or(0, |(count, _)| count);
        self.unknown = Some((before + 1, reason));
    }
}

/// A walk through a condition.
struct Walk<'e> {
    target: &'e Target,
    root: NodeId,
    /// Whether the rule never fires.
    dead: bool,
    /// For each predicate whether every part with it matters.
    matters: &'e [bool],
    /// Index of the next predicate.
    next: usize,
    /// Where filters stand, what the parts beside them select.
    selection: Vec<NodeId>,
    /// What was found redundant, with what it is where it stands: the rest means the same without.
    removed: Vec<(*const Expr<Predicate>, NodeId)>,
}

/// Where a part stands.
struct Place<'e> {
    expr: &'e Expr<Predicate>,
    conjunction: bool,
    negated: bool,
}

/// The literals of a list, to be found by the strings that they match.
struct Literals {
    /// By how they match, whether case is ignored, and the literal, folded where it is.
    table: FxHashMap<(u8, bool, Box<str>), Vec<usize>>,
    /// The lengths in bytes of those that may stand anywhere, at the beginning, at the end.
    lengths: Vec<usize>,
    /// Indices of values that are no literals, with their languages as far as they were asked for.
    others: Vec<(usize, Option<LangId>)>,
}

impl Literals {
    fn of(patterns: &[TextPattern]) -> Self {
        let mut literals = Self { table: FxHashMap::default(), lengths: Vec::new(), others: Vec::new() };
        for (index, pattern) in patterns.iter().enumerate() {
            let (how, text) = match &pattern.pattern {
                Pattern::Equals(text) => (0, text),
                Pattern::StartsWith(text) => (1, text),
                Pattern::EndsWith(text) => (2, text),
                Pattern::Contains(text) => (3, text),
                Pattern::Like(_) | Pattern::Matches(_) => {
                    literals.others.push((index, None));
                    continue;
                }
            };
            let key = if pattern.ignore_case { text.to_ascii_lowercase().into() } else { text.clone() };
            if how > 0 {
                literals.lengths.push(key.len());
            }
            literals.table.entry((how, pattern.ignore_case, key)).or_default().push(index);
        }
        literals.lengths.sort_unstable();
        literals.lengths.dedup();
        literals
    }

    /// Steps of [`Literals::matching`].
    fn work(&self, text: &str) -> usize {
        let of = |length: &usize| text.len().saturating_sub(*length).saturating_add(1).saturating_mul(4 + length / 8);
        self.lengths.iter().take_while(|length| **length <= text.len()).map(of).sum::<usize>().saturating_add(16)
    }

    /// Indices of the literals that match a text.
    fn matching(&self, text: &str) -> Vec<usize> {
        let folded = text.to_ascii_lowercase();
        let mut found = Vec::new();
        for (ignore_case, text) in [(true, folded.as_str()), (false, text)] {
            let mut look = |how: u8, part: &str| {
                found.extend(self.table.get(&(how, ignore_case, part.into())).into_iter().flatten().copied());
            };
            look(0, text);
            for length in &self.lengths {
                let Some(last) = text.len().checked_sub(*length) else { break };
                if let Some(part) = text.get(..*length) {
                    look(1, part);
                }
                if let Some(part) = text.get(last..) {
                    look(2, part);
                }
                for at in 0..=last {
                    if let Some(part) = text.get(at..at + length) {
                        look(3, part);
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Whether it is plain from two literals that one has all strings of the other.
fn literal_covers(cover: &TextPattern, pattern: &TextPattern) -> bool {
    if pattern.ignore_case && !cover.ignore_case {
        return false;
    }
    let fold = |text: &str| if cover.ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    match (&cover.pattern, &pattern.pattern) {
        (
            Pattern::Contains(cover),
            Pattern::Equals(text) | Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text),
        ) => fold(text).contains(&fold(cover)),
        (Pattern::StartsWith(cover), Pattern::Equals(text) | Pattern::StartsWith(text)) => {
            fold(text).starts_with(&fold(cover))
        }
        (Pattern::EndsWith(cover), Pattern::Equals(text) | Pattern::EndsWith(text)) => {
            fold(text).ends_with(&fold(cover))
        }
        (Pattern::Equals(cover), Pattern::Equals(text)) => fold(text) == fold(cover),
        _ => false,
    }
}

/// The predicates of a condition, with their index and whether they stand under an odd number of negations.
// INVARIANT: the checker held the depth of conditions to `limits::NESTING`.
fn leaves_of<'e>(expr: &'e Expr<Predicate>, negated: bool, found: &mut Vec<(usize, bool, &'e Expr<Predicate>)>) {
    match expr {
        Expr::Const(_) => {}
        Expr::Not(inner) => leaves_of(inner, !negated, found),
        Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| leaves_of(part, negated, found)),
        Expr::Is(_) => found.push((found.len(), negated, expr)),
    }
}

/// Makes a test of a field of one of its value, or of its elements.
type Wrap = fn(Test) -> Test;

/// The values of a list of which one is enough, and what makes a test of one of them.
fn values_of(test: &Test) -> Option<(&[TextPattern], Wrap)> {
    match test {
        Test::Text { patterns, all: false } => Some((patterns, |test| test)),
        Test::Elements { all: false, test } => match &**test {
            Test::Text { patterns, all: false } => {
                Some((patterns, |test| Test::Elements { all: false, test: Box::new(test) }))
            }
            _ => None,
        },
        _ => None,
    }
}

fn count(expr: &Expr<Predicate>) -> usize {
    let mut count = 0;
    expr.each(&mut |_, _| count += 1);
    count
}

pub(crate) fn span(expr: &Expr<Predicate>) -> Span {
    let mut span: Option<Span> = None;
    expr.each(&mut |predicate, _| span = Some(span.map_or(predicate.span, |known| known.to(predicate.span))));
    span.unwrap_or_default()
}

/// What a part says, and what becomes of it.
pub(crate) fn part_words(template: &TemplateType, part: &Expr<Predicate>, kind: &RedundantKind) -> String {
    let what = words::condition(template, part);
    match kind {
        RedundantKind::DeadFilter => {
            format!("the exclusion never applies: nothing that the rest selects is excluded by {what}")
        }
        RedundantKind::CoveredFilter => format!("other filters exclude all that {what} excludes"),
        RedundantKind::SwallowingFilter => {
            format!("the exclusion leaves nothing: all that the rest selects is excluded by {what}")
        }
        RedundantKind::DeadBranch => format!("the branch cannot hold where it matters: {what}"),
        RedundantKind::CoveredBranch => format!("the branch holds only where another one does: {what}"),
        RedundantKind::Known => format!("known before any event: {what}"),
        RedundantKind::Implied | RedundantKind::CoveredValue { .. } | RedundantKind::DeadValue { .. } => {
            format!("the rest holds only where this does: {what}")
        }
    }
}
