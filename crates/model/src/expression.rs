//! Conditions: predicates joined by and, or and not, whatever language they were written in.

/// A condition over predicates of kind `P`.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr<P> {
    /// Known before any event is seen.
    Const(bool),
    /// Holds when the inner one does not.
    Not(Box<Self>),
    /// Holds when all parts do. At least two parts, none of them `All` or `Const`.
    All(Vec<Self>),
    /// Holds when any part does. At least two parts, none of them `Any` or `Const`.
    Any(Vec<Self>),
    /// A predicate.
    Is(P),
}

impl<P> Expr<P> {
    /// The conjunction, with constants folded and nested conjunctions flattened.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::gather(parts, true)
    }

    /// The disjunction, with constants folded and nested disjunctions flattened.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::gather(parts, false)
    }

    fn gather(parts: impl IntoIterator<Item = Self>, conjunction: bool) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Const(value) if value == conjunction => {}
                Self::Const(_) => return Self::Const(!conjunction),
                Self::All(inner) if conjunction => kept.extend(inner),
                Self::Any(inner) if !conjunction => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match (kept.len(), conjunction) {
            (0, _) => Self::Const(conjunction),
            (1, _) => kept.pop().unwrap_or(Self::Const(conjunction)),
            (_, true) => Self::All(kept),
            (_, false) => Self::Any(kept),
        }
    }

    /// The negation, with constants and double negations folded.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Const(value) => Self::Const(!value),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Calls `visit` for every predicate, from left to right; the flag tells whether
    /// it stands under an odd number of negations.
    pub fn each<'a>(&'a self, visit: &mut impl FnMut(&'a P, bool)) {
        self.each_from(false, visit);
    }

    fn each_from<'a>(&'a self, negated: bool, visit: &mut impl FnMut(&'a P, bool)) {
        match self {
            Self::Const(_) => {}
            Self::Not(inner) => inner.each_from(!negated, visit),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_from(negated, visit)),
            Self::Is(predicate) => visit(predicate, negated),
        }
    }

    /// Replaces every predicate by an expression over other predicates, and folds.
    pub fn substitute<'a, Q>(&'a self, replace: &mut impl FnMut(&'a P) -> Expr<Q>) -> Expr<Q> {
        match self {
            Self::Const(value) => Expr::Const(*value),
            Self::Not(inner) => inner.substitute(replace).negate(),
            Self::All(parts) => {
                let mut kept = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.substitute(replace) {
                        Expr::Const(false) => return Expr::Const(false),
                        other => kept.push(other),
                    }
                }
                Expr::all(kept)
            }
            Self::Any(parts) => {
                let mut kept = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.substitute(replace) {
                        Expr::Const(true) => return Expr::Const(true),
                        other => kept.push(other),
                    }
                }
                Expr::any(kept)
            }
            Self::Is(predicate) => replace(predicate),
        }
    }

    /// Like [`Expr::substitute`], where a predicate may have no replacement: then the whole has none, and
    /// every part is looked at all the same. A part that decides is enough, as there.
    pub fn try_substitute<'a, Q, E>(
        &'a self,
        replace: &mut impl FnMut(&'a P) -> Result<Expr<Q>, E>,
    ) -> Result<Expr<Q>, E> {
        match self {
            Self::Const(value) => Ok(Expr::Const(*value)),
            Self::Not(inner) => Ok(inner.try_substitute(replace)?.negate()),
            Self::All(parts) => Ok(Self::try_parts(parts, false, replace)?.map_or(Expr::Const(false), Expr::all)),
            Self::Any(parts) => Ok(Self::try_parts(parts, true, replace)?.map_or(Expr::Const(true), Expr::any)),
            Self::Is(predicate) => replace(predicate),
        }
    }

    /// The parts replaced; none where one of them is the constant that decides.
    fn try_parts<'a, Q, E>(
        parts: &'a [Self],
        decisive: bool,
        replace: &mut impl FnMut(&'a P) -> Result<Expr<Q>, E>,
    ) -> Result<Option<Vec<Expr<Q>>>, E> {
        let mut kept = Vec::with_capacity(parts.len());
        let mut refused = None;
        for part in parts {
            match part.try_substitute(replace) {
                Ok(Expr::Const(value)) if value == decisive && refused.is_none() => return Ok(None),
                Ok(other) => kept.push(other),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        refused.map_or(Ok(Some(kept)), Err)
    }
}
