//! The automata of a release's regular expressions. Several threads may make them ahead; each is paid for where the
//! image asks for it, in order, so that its bytes do not depend on the threads.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};

use contentcheck_model::limits;
use contentcheck_parser::check::parallel;

use crate::Problem;
use crate::regex::{self, Compiled};

/// Deterministic automata that were asked for, and what is left of the work on them.
pub(crate) struct Automata<'c> {
    work: Work<'c>,
    /// Whether an expression that was asked for has one.
    known: HashMap<Box<str>, bool>,
    /// Those that nobody took yet.
    ready: HashMap<Box<str>, Compiled>,
    ahead: HashMap<Box<str>, Made>,
}

/// Expressions that are asked of one value, and the file that asks for them.
pub(crate) type Groups<'q, 'c> = BTreeMap<Vec<&'q str>, &'c str>;

/// What was made ahead, and the work that it took.
struct Made {
    automaton: Option<Compiled>,
    taken: usize,
}

impl<'c> Automata<'c> {
    /// With so much work left for the release.
    pub(crate) fn new(work: usize) -> Self {
        Self { work: Work::new(work), known: HashMap::new(), ready: HashMap::new(), ahead: HashMap::new() }
    }

    /// What is left of the work.
    pub(crate) const fn left(&self) -> usize {
        self.work.release
    }

    /// Makes automata for groups of expressions that are asked of one value: of each group one for all of them, and one
    /// for each where that is too large. The file of a group is the first that asks for it. It takes no more than each file
    /// and the release have, but for what each thread is in the middle of.
    pub(crate) fn make_ahead(&mut self, groups: Groups<'_, 'c>, threads: usize) {
        if threads <= 1 {
            return;
        }
        let groups: Vec<(Vec<&str>, &str)> = groups.into_iter().collect();
        let of_release = AtomicUsize::new(self.work.release);
        let of_files: HashMap<&str, AtomicUsize> =
            groups.iter().map(|(_, file)| (*file, AtomicUsize::new(limits::FILE_REGEX_WORK))).collect();
        let one = |expression: &str, file: &str| -> Option<Made> {
            let of_file = of_files.get(file)?;
            let lent = of_release.load(Ordering::Relaxed).min(of_file.load(Ordering::Relaxed));
            let mut rest = lent;
            let automaton = regex::deterministic(expression, &mut rest);
            let taken = lent - rest;
            for left in [&of_release, of_file] {
                let _ =
                    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(taken)));
            }
            // What ran out of work may come out otherwise where it is asked for.
            (rest > 0).then_some(Made { automaton, taken })
        };
        let made = parallel::map(&groups, threads, |(group, file)| {
            let mut made = Vec::new();
            if group.len() > 1 {
                let union = union(group);
                let Some(found) = one(&union, file) else { return made };
                let is_joined = found.automaton.is_some();
                made.push((union, found));
                if is_joined {
                    return made;
                }
            }
            made.extend(group.iter().filter_map(|expression| Some(((*expression).into(), one(expression, file)?))));
            made
        });
        self.ahead.extend(made.into_iter().flatten());
    }

    /// Whether an expression that a file asks for has a deterministic automaton.
    pub(crate) fn is_deterministic(&mut self, expression: &str, file: &'c str) -> bool {
        if let Some(known) = self.known.get(expression) {
            return *known;
        }
        let ahead = self.ahead.remove(expression);
        let found = self.work.lend(file, |work| match ahead {
            Some(made) if made.taken < *work => {
                *work -= made.taken;
                made.automaton
            }
            _ => regex::deterministic(expression, work),
        });
        self.known.insert(expression.into(), found.is_some());
        found.map(|found| self.ready.insert(expression.into(), found)).is_some()
    }

    /// The automaton of an expression, for a file that asks for it. Each is asked for once.
    pub(crate) fn take(&mut self, expression: &str, file: &'c str) -> Result<Compiled, Problem> {
        let tree = regex::hir(expression)?;
        if regex::may_be_deterministic(&tree)
            && self.is_deterministic(expression, file)
            && let Some(found) = self.ready.remove(expression)
        {
            return Ok(found);
        }
        regex::nondeterministic(expression, &tree)
    }
}

/// An expression that holds where one of several holds.
pub(crate) fn union(expressions: &[impl AsRef<str>]) -> Box<str> {
    let each: Vec<String> = expressions.iter().map(|pattern| format!("(?:{})", pattern.as_ref())).collect();
    each.join("|").into()
}

/// What is left of the work on regular expressions, of each file and of the release.
struct Work<'c> {
    files: HashMap<&'c str, usize>,
    release: usize,
}

impl<'c> Work<'c> {
    fn new(release: usize) -> Self {
        Self { files: HashMap::new(), release }
    }

    /// Lends what is left for a file to work that takes of it.
    fn lend<R>(&mut self, file: &'c str, work: impl FnOnce(&mut usize) -> R) -> R {
        let of_file = self.files.entry(file).or_insert(limits::FILE_REGEX_WORK);
        let lent = (*of_file).min(self.release);
        let mut left = lent;
        let done = work(&mut left);
        let taken = lent - left.min(lent);
        *of_file -= taken;
        self.release -= taken;
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_taken_of_the_file_and_of_the_release() {
        let file = limits::FILE_REGEX_WORK;
        let mut work = Work::new(file + 7);
        let half = |left: &mut usize| limits::take(left, file / 2);
        assert!(work.lend("a", half) && work.lend("a", half));
        // A file has no more than its own, and takes nothing of the others for what it was refused.
        assert!(!work.lend("a", half));
        assert_eq!(work.release, 7);
        // What is left of the release is all that a fresh file gets.
        assert!(work.lend("b", |left| *left == 7 && limits::take(left, 7)));
        assert!(!work.lend("c", |left| limits::take(left, 1)));
        assert_eq!(work.release, 0);
    }

    /// With any amount of work, what several threads make ahead gives the automata, and leaves the work, of one alone.
    #[test]
    fn threads_change_neither_automata_nor_work() {
        let hard = ["a.{4}b.{4}c", "x.{2,9}y.{2,9}z", "k[0-9]{3}l", "m.*n.*o"];
        let asked = [hard.to_vec(), vec!["k[0-9]{3}l"], vec!["m.*n.*o", "r+s"], vec!["(?:t|u).{9}v"]];
        let groups = || Groups::from_iter(asked.iter().cloned().zip(["a", "b", "a", "b"]));
        let run = |work: usize, threads: usize| {
            let mut automata = Automata::new(work);
            automata.make_ahead(groups(), threads);
            let mut tables = Vec::new();
            for (group, file) in &groups() {
                let union = union(group);
                if group.len() > 1 && automata.is_deterministic(&union, file) {
                    tables.push(automata.take(&union, file).unwrap().table);
                }
                for expression in group {
                    let taken = automata.take(expression, file).unwrap();
                    tables.push([vec![taken.kind], taken.table].concat());
                }
            }
            (tables, automata.left())
        };
        let needed = limits::RELEASE_REGEX_WORK - run(limits::RELEASE_REGEX_WORK, 1).1;
        assert!(needed > 1_000_000, "{needed}");
        for work in (0..=10).map(|part| needed / 9 * part) {
            let alone = run(work, 1);
            for threads in [2, 5] {
                assert!(run(work, threads) == alone, "{threads} threads, {work} of {needed}");
            }
        }
    }
}
