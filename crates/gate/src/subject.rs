//! What the gate looks at: a release that was judged, and the images that are made of what may ship of it.

use contentcheck_analysis::findings::Depth;
use contentcheck_compiler::{Options, Problem, Profile, WithCost, compile};
use contentcheck_model::diagnostic::Diagnostic;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::Fleet;
use contentcheck_parser::release::{Checking, Gathered, Judged, Shippable, Unshippable, WithErrors};
use contentcheck_parser::sidecar::Case;
use contentcheck_run::{Recording, profile_of};

/// Checks a release as `lint` does it, so that a severity for what analysis finds counts here too.
pub(crate) fn check(gathered: Gathered, threads: usize) -> Judged {
    let fleet = gathered.fleet.clone();
    let further = WithCost { further: &Depth::Quick, fleet: fleet.as_ref() };
    gathered.check(&Checking { further: Some(&further), ..Checking::with_threads(threads) }).judge()
}

/// A release, judged and compiled. Made of what was gathered alone, on the one road.
#[derive(Debug)]
pub struct Built {
    judged: Judged,
    content: Shippable,
    /// The image that ships. A seeded defect may have damaged it.
    pub(crate) image: Result<Vec<u8>, Problem>,
    /// The image of all rules, whatever sensors they are for: for tests and recorded events.
    pub(crate) all_rules: Result<Vec<u8>, Problem>,
    /// The sensors that must take the image. A seeded defect may have put others in their place.
    pub(crate) devices: Option<Fleet>,
    skip_unsupplied: bool,
    profile: Option<Profile>,
}

impl Built {
    /// Checks as `lint` does, what analysis proves included, judges, and compiles what may ship. Rules with errors are
    /// left out of the images: they fail the gate, and the other checks still look at the rest. With
    /// `skip_unsupplied` a sensor that lacks an input skips the rules that read it instead of refusing the image.
    ///
    /// # Errors
    /// Nothing that the content brings about: rules with errors are left out.
    pub fn new(gathered: Gathered, skip_unsupplied: bool, threads: usize) -> Result<Self, Unshippable> {
        Self::of(check(gathered, threads), skip_unsupplied, threads)
    }

    /// A release with a seeded defect, without what analysis proves: none of it is an error unless a severity says so, and
    /// such a release has none set.
    pub(crate) fn seeded(gathered: Gathered) -> Result<Self, Unshippable> {
        Self::of(gathered.check(&Checking::with_threads(1)).judge(), false, 1)
    }

    fn of(judged: Judged, skip_unsupplied: bool, threads: usize) -> Result<Self, Unshippable> {
        let content = judged.ship(WithErrors::LeaveOut)?;
        let (image, all_rules) = images(&content, skip_unsupplied, None, threads);
        let devices = judged.gathered().fleet.clone();
        Ok(Self { judged, content, image, all_rules, devices, skip_unsupplied, profile: None })
    }

    /// The same release, compiled for events like those of some recordings.
    ///
    /// # Errors
    /// When a recording cannot be read, with the reason.
    pub fn profiled(self, recordings: &[Recording], threads: usize) -> Result<Self, String> {
        // What has no image says so where it is checked.
        let Some(without) = self.all_rules.as_ref().ok().filter(|_| !recordings.is_empty() && self.image.is_ok())
        else {
            return Ok(self);
        };
        let profile = profile_of(&self.content, without, recordings)?.profile;
        let (image, all_rules) = images(&self.content, self.skip_unsupplied, Some(&profile), threads);
        Ok(Self { image, all_rules, profile: Some(profile), ..self })
    }

    /// What the compiler was told of events.
    #[must_use]
    pub const fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// What was found, accepted and left out.
    #[must_use]
    pub const fn judged(&self) -> &Judged {
        &self.judged
    }

    /// The rules that ship, in the order of the image.
    #[must_use]
    pub const fn content(&self) -> &Shippable {
        &self.content
    }

    /// The rules that ship, in the order of the image.
    #[must_use]
    pub fn rules(&self) -> Vec<&CheckedRule> {
        self.content.rules().iter().map(|rule| &**rule).collect()
    }

    /// The image that ships, or why there is none.
    ///
    /// # Errors
    /// When the content is beyond what an image can hold.
    pub const fn image(&self) -> Result<&Vec<u8>, &Problem> {
        self.image.as_ref()
    }

    /// Whether a sensor that lacks an input skips the rules that read it.
    #[must_use]
    pub const fn skips_unsupplied(&self) -> bool {
        self.skip_unsupplied
    }

    /// What was gathered, sources included.
    #[must_use]
    pub fn regathered(&self) -> Gathered {
        self.judged.checked().regathered()
    }

    /// Everything that lint finds, and what stands in the way of shipping besides.
    pub fn findings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.judged.findings().iter().chain(self.judged.blockers()).map(|finding| &**finding)
    }

    /// How many content files there are.
    #[must_use]
    pub fn files(&self) -> usize {
        self.judged.checked().sources().count()
    }

    /// The tests that files beside rules have for each rule, in the order of the image.
    #[must_use]
    pub fn beside(&self) -> Vec<Vec<&Case>> {
        let rules = self.rules();
        let mut found = vec![Vec::new(); rules.len()];
        for file in &self.judged.gathered().beside {
            let own = file.own(&rules);
            for case in file.cases.iter().flatten() {
                if let Some(of) = own.rule_of(case).ok().and_then(|id| found.get_mut(id.index())) {
                    of.push(case);
                }
            }
        }
        found
    }
}

/// The image that ships, and that of all rules.
fn images(
    content: &Shippable,
    skip_unsupplied: bool,
    profile: Option<&Profile>,
    threads: usize,
) -> (Result<Vec<u8>, Problem>, Result<Vec<u8>, Problem>) {
    let options = Options { allow_empty: true, threads, profile, ..Options::default() };
    let image = compile(content, Options { skip_unsupplied, ..options });
    let is_limited = content.rules().iter().any(|rule| rule.sensors.is_some());
    let all_rules = if is_limited || skip_unsupplied {
        compile(content, Options { any_sensor: true, ..options })
    } else {
        image.clone()
    };
    (image, all_rules)
}
