//! What the gate looks at: a release as it was read, and what is made of it.

use contentcheck_analysis::findings::Depth;
use contentcheck_compiler::{Options, Problem, compile};
use contentcheck_parser::check::{self, CheckedContent, Context, Further, Language, LoadTable};
use contentcheck_parser::diagnostic::{Diagnostic, Severity};
use contentcheck_parser::model::CheckedRule;
use contentcheck_parser::sensor::Fleet;
use contentcheck_parser::sidecar::{Beside, Case};
use contentcheck_parser::source::Source;
use contentcheck_parser::template::TemplateType;
use contentcheck_run::proof::hex;
use sha2::{Digest, Sha256};

/// A release as it was read.
#[derive(Clone)]
pub struct Release<'r> {
    /// What it is called.
    pub name: Option<String>,
    /// Its sequence number.
    pub sequence: Option<u64>,
    /// The files, by name.
    pub sources: Vec<(Source, Language)>,
    /// What could not be read.
    pub problems: Vec<Diagnostic>,
    /// Files of tests beside its rules.
    pub beside: Vec<Beside>,
    /// Template types that ship with the tool.
    pub library: Vec<TemplateType>,
    /// The sensors that it is for.
    pub fleet: Option<Fleet>,
    /// The data files of tables.
    pub load: &'r LoadTable<'r>,
    /// Gives findings the severity in force, and leaves out those that are off or accepted.
    pub severities: &'r (dyn Fn(Vec<Diagnostic>) -> Vec<Diagnostic> + Sync + 'r),
    /// The least severity that fails the gate.
    pub least: Severity,
    /// Whether a sensor that lacks an input leaves rules out, in place of refusing the image.
    pub skip_unsupplied: bool,
}

/// A release, checked and compiled.
pub struct Built<'r> {
    /// What was read.
    pub release: Release<'r>,
    /// What was checked.
    pub content: CheckedContent,
    /// Everything that lint finds, with the severity in force.
    pub findings: Vec<Diagnostic>,
    /// The image that ships.
    pub image: Result<Vec<u8>, Problem>,
    /// The image of all rules, whatever sensors they are for: for tests and recorded events.
    pub all_rules: Result<Vec<u8>, Problem>,
}

impl<'r> Built<'r> {
    /// Checks and compiles.
    #[must_use]
    pub fn new(release: Release<'r>, threads: usize) -> Self {
        // As `lint` does it, what analysis proves included.
        let further = Further {
            codes: Depth::Quick.codes(),
            find: &|rules, known| contentcheck_analysis::findings::findings(rules, known, Depth::Quick, threads),
        };
        let context = Context { library: release.library.clone(), fleet: release.fleet.as_ref(), threads };
        let (mut content, mut findings) =
            check::check_further(&release.sources, context, release.load, &|| {}, &further);
        content.note_unread(&release.problems);
        findings.extend(release.problems.iter().cloned());
        findings.sort_by(|a, b| (a.source.name(), a.span, a.code.id).cmp(&(b.source.name(), b.span, b.code.id)));
        let mut findings = (release.severities)(findings);
        findings.extend(content.left_out(&findings));
        let options = Options { skip_unsupplied: release.skip_unsupplied, any_sensor: false };
        let image = compile(&content, options);
        let limited = content.rules().iter().any(|rule| rule.sensors.is_some());
        let all_rules = if limited || release.skip_unsupplied {
            compile(&content, Options { skip_unsupplied: false, any_sensor: true })
        } else {
            image.clone()
        };
        Self { release, content, findings, image, all_rules }
    }

    /// The tests that files beside rules have for each of `rules`, in their order.
    #[must_use]
    pub fn beside<'b>(&'b self, rules: &[&CheckedRule]) -> Vec<Vec<&'b Case>> {
        let mut found = vec![Vec::new(); rules.len()];
        for file in &self.release.beside {
            for case in file.cases.iter().flatten() {
                if let Some(of) = file.rule_of(case, rules).ok().and_then(|rule| found.get_mut(rule.index())) {
                    of.push(case);
                }
            }
        }
        found
    }

    /// The digest of what was read: names and bytes of all files, by name. Names are those below the directory that
    /// they have in common.
    #[must_use]
    pub fn content_sha256(&self) -> String {
        let mut sources: Vec<&Source> = self.release.sources.iter().map(|(source, _)| source).collect();
        sources.sort_by_key(|source| source.name());
        // Where the release lies is not part of it.
        let above = sources.iter().map(|source| directory(source.name())).reduce(common).unwrap_or("").len();
        let mut digest = Sha256::new();
        for source in sources {
            for part in [source.name().get(above..).unwrap_or(""), source.text()] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part.as_bytes());
            }
        }
        hex(&digest.finalize())
    }
}

/// A path up to and with its last separator.
fn directory(path: &str) -> &str {
    path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or("")
}

/// The directories that two have in common.
fn common<'p>(a: &'p str, b: &'p str) -> &'p str {
    let mut len = 0;
    for (part, other) in a.split_inclusive('/').zip(b.split_inclusive('/')) {
        if part != other {
            break;
        }
        len += part.len();
    }
    a.get(..len).unwrap_or("")
}

/// The content of a release once more, for what is made of it: without a fleet and analysis, which only find.
pub(crate) fn content(release: &Release<'_>, threads: usize) -> CheckedContent {
    let context = Context { library: release.library.clone(), fleet: None, threads };
    check::check(&release.sources, context, release.load, &|| {}).0
}

/// The SHA-256 of bytes, hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
