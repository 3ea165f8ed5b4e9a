//! Fingerprint: one digest over all that decides what checking and compiling a release comes to.
//!
//! It is made of what was read, not of times and sizes of files: an edit that leaves both as they were is an edit. Data of
//! tables is not in it, as which files these are shows only when content is checked: whoever keeps something under a
//! fingerprint keeps their digests beside it ([`TableFiles`](crate::TableFiles)).

use std::time::UNIX_EPOCH;

use contentcheck_model::language::Language;
use contentcheck_parser::release::{Digester, Gathered, Input};

use crate::config::Config;
use crate::gather::{Collected, Project, Selection, UseBaseline};

/// A digest, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub(crate) String);

impl Fingerprint {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parts that no other parts have the digest of: each with its length before it.
#[derive(Default)]
struct Parts(Digester);

impl Parts {
    fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    fn each<'p>(&mut self, parts: impl ExactSizeIterator<Item = &'p [u8]>) {
        self.0.update(&(parts.len() as u64).to_le_bytes());
        parts.for_each(|part| self.add(part));
    }

    fn said(&mut self, part: &impl std::fmt::Debug) {
        self.add(format!("{part:?}").as_bytes());
    }
}

impl Collected {
    /// The fingerprint of the release, of the tool, and of what the caller adds: how it goes on from here. Nothing where a
    /// file could not be read, so that the next run looks again, or where the tool does not know itself.
    ///
    /// Two selections that differ only in the number of threads have one fingerprint; any other difference counts.
    #[must_use]
    pub fn fingerprint(&self, selection: &Selection, more: &[&str]) -> Option<Fingerprint> {
        // Exhaustive, so that what is new is asked whether it decides something.
        let Selection {
            paths,
            config: _,
            no_config: _,
            fleet,
            exclude,
            codes,
            deny_warnings,
            baseline,
            stdin_name,
            threads: _,
            may_be_empty,
            with_the_rest,
        } = selection;
        let Project {
            gathered,
            // Its bytes are among the inputs, and what was made of it is here or in the policy.
            config: Config { fleet: configured, exclude: excluded, .. },
            config_path,
            root,
            files: _,
            // Names and bytes are among the sources.
            paths: _,
            read: _,
            notes: _,
            other_configs: _,
        } = &self.project;
        let Gathered {
            release,
            sources,
            problems,
            beside,
            // Both are the tool's.
            library: _,
            known_sensors: _,
            // What it is made of: the selectors, and the manifests among the inputs.
            fleet: _,
            tables: _,
            policy,
            inputs,
            // It is said and not checked.
            not_taken: _,
            around,
        } = gathered;
        if !problems.is_empty() {
            return None;
        }
        let mut parts = Parts::default();
        parts.add(&tool()?);
        parts.each(more.iter().map(|part| part.as_bytes()));
        parts.said(&(paths, exclude, excluded, codes, deny_warnings, stdin_name, may_be_empty, with_the_rest, around));
        parts.said(&(fleet, configured, config_path, root));
        parts.said(&match baseline {
            UseBaseline::Configured => None,
            UseBaseline::Named(path) => Some(Some(path)),
            UseBaseline::No => Some(None),
        });
        parts.said(&(release, policy.deny_warnings, policy.changed().collect::<Vec<_>>(), policy.per_file()));
        // Where the run and the baseline are decides which findings the baseline means.
        parts.said(&policy.baseline.as_ref().map(|recorded| &recorded.names));
        parts.said(&beside.iter().map(|file| (&file.file, &file.rules, file.is_orphan)).collect::<Vec<_>>());
        for Input { kind, name, sha256, bytes: _ } in inputs {
            parts.said(kind);
            parts.add(name.as_bytes());
            parts.add(sha256.as_bytes());
        }
        for (source, language) in sources {
            parts.add(match language {
                Language::Native => b"native",
                Language::Sigma => b"sigma",
            });
            parts.add(source.name().as_bytes());
            parts.add(source.text().as_bytes());
        }
        Some(Fingerprint(parts.0.finish()))
    }
}

/// What tells this build of the tool from others: the version is that of many builds while the tool is worked on, so the
/// file that runs counts as well.
fn tool() -> Option<Vec<u8>> {
    let path = std::env::current_exe().ok()?;
    let metadata = std::fs::metadata(&path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let build = (env!("CARGO_PKG_VERSION"), path, metadata.len(), modified);
    Some(format!("{build:?}").into_bytes())
}
