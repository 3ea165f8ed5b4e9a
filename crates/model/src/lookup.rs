//! Look-up: which rule is meant by an id, a name, a title or a file. Every option, setting and file of tests that names
//! a rule asks here.

use std::fmt;

use crate::diagnostic::{clip, closest, visible};
use crate::language::Language;
use crate::rule::{CheckedRule, RuleId};

/// Of several rules that are meant, so many are listed.
const LISTED: usize = 10;

/// What a rule is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names<'r> {
    /// Id; of a rule without one empty.
    pub id: &'r str,
    /// The word that a native rule is written under; of another empty.
    pub word: &'r str,
    /// What reports call it.
    pub name: &'r str,
    /// Title.
    pub title: &'r str,
    /// The file that it is in; empty where that is not known.
    pub file: &'r str,
}

impl<'r> Names<'r> {
    /// What people know it by, the most exact first.
    fn own(&self) -> [&'r str; 4] {
        [self.id, self.word, self.name, self.title]
    }

    /// What an answer with several rules calls it.
    fn listed(&self) -> String {
        let name = if self.id.is_empty() { self.name } else { self.id };
        let place = if self.file.is_empty() { String::new() } else { format!(" in {}", self.file) };
        format!("{}{place}", clip(name))
    }

    fn is_in(&self, wanted: &str, same: fn(&str, &str) -> bool) -> bool {
        let wanted = wanted.strip_prefix("./").unwrap_or(wanted);
        let tail = self.file.len().checked_sub(wanted.len()).and_then(|at| self.file.split_at_checked(at));
        tail.is_some_and(|(above, tail)| same(tail, wanted) && (above.is_empty() || above.ends_with('/')))
    }
}

impl CheckedRule {
    /// What the rule of one release is known by in another: its id, else its name.
    #[must_use]
    pub fn key(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.name)
    }

    /// The word that a native rule is written under. A Sigma rule has none.
    #[must_use]
    pub fn own_word(&self) -> Option<&str> {
        (Language::of(self.source.name()) == Some(Language::Native)).then(|| self.source.slice(self.span))
    }

    /// The word that a native rule is written under; of a Sigma rule what reports call it.
    #[must_use]
    pub fn word(&self) -> &str {
        self.own_word().unwrap_or(&self.name)
    }

    /// All that the rule is called.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names {
            id: self.id.as_deref().unwrap_or(""),
            word: self.own_word().unwrap_or(""),
            name: &self.name,
            title: &self.title,
            file: self.source.name(),
        }
    }
}

/// Why no rule is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// None is called that.
    Unknown {
        /// What was asked for.
        wanted: String,
        /// The name nearest to it, where one is near.
        near: Option<String>,
        /// How many rules there are.
        among: usize,
    },
    /// More than one is.
    Several {
        /// What was asked for.
        wanted: String,
        /// The first of them, with their files.
        rules: Vec<String>,
        /// How many there are.
        count: usize,
    },
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| visible(&clip(text)).into_owned();
        match self {
            Self::Unknown { wanted, near: Some(near), .. } => {
                write!(f, "there is no rule `{}`; did you mean `{}`?", shown(wanted), shown(near))
            }
            Self::Unknown { wanted, near: None, among } => {
                write!(f, "there is no rule `{}` among the {among} that were compiled", shown(wanted))
            }
            Self::Several { wanted, rules, count } => {
                write!(f, "`{}` means {count} rules: {}", shown(wanted), visible(&rules.join(", ")))?;
                if *count > rules.len() { write!(f, " and {} more", count - rules.len()) } else { Ok(()) }
            }
        }
    }
}

impl std::error::Error for NotFound {}

/// The rule that is meant, by its number among `rules`: as it is written before ignoring case, and by a name of its own
/// before by the file that it is alone in.
///
/// # Errors
/// When none is meant, or more than one.
pub fn find<'r>(rules: impl Iterator<Item = Names<'r>> + Clone, wanted: &str) -> Result<RuleId, NotFound> {
    let exact = |own: &str, wanted: &str| own == wanted;
    let loose = |own: &str, wanted: &str| own.eq_ignore_ascii_case(wanted);
    let named = |names: &Names<'_>, same: fn(&str, &str) -> bool| names.own().iter().any(|own| same(own, wanted));
    for same in [exact, loose as fn(&str, &str) -> bool] {
        for by_file in [false, true] {
            let meant = |names: &Names<'_>| {
                !wanted.is_empty() && if by_file { names.is_in(wanted, same) } else { named(names, same) }
            };
            let mut found = rules.clone().enumerate().filter(|(_, names)| meant(names));
            let Some((number, first)) = found.next() else { continue };
            let others: Vec<Names<'_>> = found.map(|(_, names)| names).collect();
            if others.is_empty() {
                return Ok(RuleId::of_index(number));
            }
            let rules = std::iter::once(&first).chain(&others).take(LISTED).map(Names::listed).collect();
            return Err(NotFound::Several { wanted: wanted.to_owned(), rules, count: others.len() + 1 });
        }
    }
    let known = rules.clone().flat_map(|names| [names.word, names.name, names.title, file_name(names.file)]);
    let known = known.filter(|name| !name.is_empty());
    let holds = |name: &&str| wanted.len() > 2 && name.to_lowercase().contains(&wanted.to_lowercase());
    let near = closest(wanted, known.clone()).or_else(|| known.filter(holds).min_by_key(|name| (name.len(), *name)));
    let among = rules.count();
    Err(NotFound::Unknown { wanted: wanted.to_owned(), near: near.map(str::to_owned), among })
}

/// A path without directories.
fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [Names<'static>; 4] = [
        Names { id: "1f", word: "shell", name: "1f", title: "A shell", file: "a/one.content" },
        Names { id: "", word: "", name: "Dump of memory", title: "Dump of memory", file: "a/dump.yml" },
        Names { id: "2f", word: "", name: "2f", title: "Twins", file: "a/twins.yml" },
        Names { id: "3f", word: "", name: "3f", title: "Twins", file: "b/twins.yml" },
    ];

    fn found(wanted: &str) -> Result<usize, String> {
        find(RULES.into_iter(), wanted).map(RuleId::index).map_err(|error| error.to_string())
    }

    #[test]
    fn every_name_of_a_rule_means_it() {
        for (number, rule) in RULES.iter().enumerate() {
            for name in [rule.id, rule.word, rule.name, rule.file].into_iter().filter(|name| !name.is_empty()) {
                assert_eq!(found(name), Ok(number), "{name}");
                assert_eq!(found(&name.to_ascii_uppercase()), Ok(number), "{name}");
            }
        }
        assert_eq!(found("one.content"), Ok(0));
        assert_eq!(found("./a/dump.yml"), Ok(1));
    }

    #[test]
    fn what_is_written_so_comes_before_case_and_names_before_files() {
        let rules = [
            Names { id: "X", word: "", name: "X", title: "x.yml", file: "b.yml" },
            Names { id: "x", word: "", name: "x", title: "", file: "x.yml" },
        ];
        assert_eq!(find(rules.into_iter(), "x"), Ok(RuleId::of_index(1)));
        assert_eq!(find(rules.into_iter(), "x.yml"), Ok(RuleId::of_index(0)));
        assert_eq!(find(rules.into_iter(), "X.yml"), Ok(RuleId::of_index(0)));
    }

    #[test]
    fn what_means_none_or_several_says_which_are_near() {
        assert_eq!(found("Twins"), Err("`Twins` means 2 rules: 2f in a/twins.yml, 3f in b/twins.yml".to_owned()));
        assert_eq!(
            found("twins.yml"),
            Err("`twins.yml` means 2 rules: 2f in a/twins.yml, 3f in b/twins.yml".to_owned())
        );
        assert_eq!(found("shel"), Err("there is no rule `shel`; did you mean `shell`?".to_owned()));
        assert_eq!(
            found("wholly else"),
            Err("there is no rule `wholly else` among the 4 that were compiled".to_owned())
        );
        // A part of a name of a file is no name of it, and nothing is called nothing.
        assert!(found("ne.content").is_err() && found("").is_err());
        let many = [Names { id: "", word: "", name: "n", title: "n", file: "" }; 12];
        let error = find(many.into_iter(), "n").unwrap_err().to_string();
        assert!(error.starts_with("`n` means 12 rules: n, n,") && error.ends_with(" and 2 more"), "{error}");
    }
}
