//! The statement: what a run of the gate is said to have seen, as in-toto's `test-result` writes it.

use std::fmt::Display;

use contentcheck_model::diagnostic::{clip, visible};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{EVIDENCE, IMAGE, PREDICATE, Refusal, STATEMENT, TOOL};
use crate::evidence::{Evidence, InputKind, Missing, Status, Tool};
use crate::verdict::{Acceptances, Allowance, CHECKS, Conclusion, is_zero};
use contentcheck_parser::release::sha256;

/// What is said about an image. It is made from evidence, or read from a payload whose signature was verified, and is
/// consistent in itself: one image, each check named once, a result that follows from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

/// How a run ended, in the words of in-toto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestResult {
    /// Every check ran and passed.
    Passed,
    /// Every check that ran passed, some did not run, and they were not required.
    Warned,
    /// The release does not ship.
    Failed,
}

impl TestResult {
    const WORDS: [(&'static str, Self); 3] =
        [("PASSED", Self::Passed), ("WARNED", Self::Warned), ("FAILED", Self::Failed)];
}

/// What a run of the gate is said to have seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Predicate {
    /// How it ended.
    pub result: TestResult,
    /// Whether a check that did not run stops the release.
    pub required_all: bool,
    /// Everything that was read, by digest.
    pub configuration: Vec<Configuration>,
    /// The evidence that the statement was made from.
    pub evidence: Resource,
    /// Checks that ran without an error.
    pub passed_tests: Vec<String>,
    /// Checks that have errors against the release.
    pub failed_tests: Vec<String>,
    /// Checks that did not run.
    pub skipped_tests: Vec<String>,
    /// What did not run, whole checks and parts, with the reasons.
    pub missing: Vec<Missing>,
    /// The words that let something pass which otherwise fails.
    pub allowed: Vec<Allowance>,
    /// The release.
    pub release: Attested,
    /// What made the statement.
    pub tool: Tool,
    /// The seed of everything that is random.
    pub seed: u64,
    /// Generated events that were asked for.
    pub cases: u64,
    /// How many findings something accepted.
    pub accepted: Acceptances,
    /// How many warnings there are, which stop no release by themselves; left out where there are none.
    #[serde(skip_serializing_if = "is_zero")]
    pub warnings: u64,
    /// What each sensor of the fleet loads.
    pub sensors: Vec<Sensor>,
}

/// Something with a name and a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
}

/// A digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Digest {
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// An input of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Configuration {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
    /// What it was to the run.
    pub annotations: Influence,
}

/// What an input was to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Influence {
    /// Its kind.
    pub kind: InputKind,
    /// Its size.
    pub bytes: u64,
}

/// What is said of the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attested {
    /// What it is called.
    pub name: Option<String>,
    /// Its sequence number.
    pub sequence: Option<u64>,
    /// Its rules.
    pub rules: u64,
    /// Rules that were read and do not ship.
    pub left_out: u64,
    /// The digest of its content: names and bytes of all files.
    pub digest: Digest,
}

/// What a sensor loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sensor {
    /// Its name.
    pub sensor: String,
    /// Its version.
    pub version: String,
    /// Rules that it loads; nothing where it refuses the image.
    pub loads: Option<u64>,
    /// Rules of the image.
    pub of: u64,
}

/// The statement about a release. The evidence that it names is what [`Evidence::to_json`] writes.
///
/// # Errors
/// When there is no image, or the evidence contradicts itself.
pub fn statement(evidence: &Evidence) -> Result<Statement, Refusal> {
    let image = evidence.release.image_sha256.clone().ok_or(Refusal::NoImage)?;
    if !evidence.has_its_verdict() {
        return Err(Refusal::Evidence("its verdict is not the one that its results give".to_owned()));
    }
    let json = evidence.to_json().map_err(|error| Refusal::Evidence(error.to_string()))?;
    let verdict = &evidence.verdict;
    let of = |status: Status| -> Vec<String> {
        let checks = evidence.checks.iter().filter(|check| !verdict.failed().contains(&check.name));
        checks.filter(|check| check.status == status).map(|check| check.name.clone()).collect()
    };
    let resource = |name: &str, sha256: String| Resource { name: name.to_owned(), digest: Digest { sha256 } };
    let configuration = evidence.inputs.iter().map(|input| Configuration {
        name: input.name.clone(),
        digest: Digest { sha256: input.sha256.clone() },
        annotations: Influence { kind: input.kind, bytes: input.bytes },
    });
    let sensors = evidence.sensors.iter().map(|one| Sensor {
        sensor: one.sensor.clone(),
        version: one.version.clone(),
        loads: one.loads,
        of: one.of,
    });
    let made = Statement {
        kind: STATEMENT.to_owned(),
        subject: vec![resource(IMAGE, image)],
        predicate_type: PREDICATE.to_owned(),
        predicate: Predicate {
            result: match verdict.outcome() {
                Conclusion::Passed => TestResult::Passed,
                Conclusion::Incomplete if verdict.ships() => TestResult::Warned,
                Conclusion::Incomplete | Conclusion::Failed => TestResult::Failed,
            },
            required_all: verdict.required_all(),
            configuration: configuration.collect(),
            evidence: resource(EVIDENCE, sha256(json.as_bytes())),
            passed_tests: of(Status::Passed),
            failed_tests: verdict.failed().to_vec(),
            skipped_tests: of(Status::Skipped),
            missing: verdict.missing().to_vec(),
            allowed: verdict.allowed().to_vec(),
            release: Attested {
                name: evidence.release.name.clone(),
                sequence: evidence.release.sequence,
                rules: evidence.release.rules as u64,
                left_out: evidence.left_out.len() as u64,
                digest: Digest { sha256: evidence.release.content_sha256.clone() },
            },
            tool: evidence.tool.clone(),
            seed: evidence.settings.seed,
            cases: evidence.settings.cases,
            accepted: verdict.accepted(),
            warnings: verdict.warnings(),
            sensors: sensors.collect(),
        },
    };
    // What would be refused is not signed.
    made.is_consistent().map(|()| made)
}

impl Statement {
    /// What it says.
    #[must_use]
    pub const fn predicate(&self) -> &Predicate {
        &self.predicate
    }

    /// What was read of a kind.
    pub fn inputs(&self, kind: InputKind) -> impl Iterator<Item = &Configuration> {
        self.predicate.configuration.iter().filter(move |input| input.annotations.kind == kind)
    }

    /// The digest of the image that it is about.
    #[must_use]
    pub fn image_sha256(&self) -> &str {
        self.subject.first().map_or("", |subject| &subject.digest.sha256)
    }

    /// Reads a statement. Only for what was signed.
    pub(super) fn read(value: &Value) -> Result<Self, Refusal> {
        let whole = Members::of(value, "what it is about and how the gate ended")?;
        let kind = whole.string("_type", "what kind of statement it is")?;
        let predicate_type = whole.string("predicateType", "what kind of result it holds")?;
        for (own, expected, what) in
            [(&kind, STATEMENT, "an in-toto statement"), (&predicate_type, PREDICATE, "a test result")]
        {
            if own != expected {
                return Err(wrong(format!(
                    "the payload says that it is `{}` and not {what}, `{expected}`",
                    shown(own)
                )));
            }
        }
        let subject = whole.each("subject", "what it is about", |subject| resource(subject, "what it is about"))?;
        let predicate = predicate(whole.any("predicate", "how the gate ended")?)?;
        let read = Self { kind, subject, predicate_type, predicate };
        // All that is known was read as it is; what is left is unknown, and might take something back.
        let again = serde_json::to_value(&read).map_err(wrong)?;
        if again != *value {
            return Err(wrong(surplus(value, &again).map_or_else(
                || "the statement is not written as this version writes it".to_owned(),
                |name| format!("the statement says more than this version understands: `{}`", shown(&name)),
            )));
        }
        read.is_consistent().map(|()| read)
    }

    /// Whether it says one thing, of one image, as the gate says it.
    fn is_consistent(&self) -> Result<(), Refusal> {
        let Predicate { tool, passed_tests, failed_tests, skipped_tests, missing, .. } = &self.predicate;
        match self.subject.as_slice() {
            [only] if only.name == IMAGE => {}
            [only] => return Err(wrong(format!("the statement is about `{}` and not `{IMAGE}`", shown(&only.name)))),
            [] => return Err(wrong("the statement is about no image")),
            _ => return Err(wrong("the statement is about several files, and not about one image")),
        }
        if tool.name != TOOL {
            return Err(wrong(format!("the statement was made by `{}` and not by `{TOOL}`", shown(&tool.name))));
        }
        if self.predicate.evidence.name != EVIDENCE {
            let name = shown(&self.predicate.evidence.name);
            return Err(wrong(format!("the statement calls its evidence `{name}` and not `{EVIDENCE}`")));
        }
        let named = || passed_tests.iter().chain(failed_tests).chain(skipped_tests);
        if let Some(unknown) =
            named().chain(missing.iter().map(|one| &one.check)).find(|name| !CHECKS.contains(&name.as_str()))
        {
            return Err(wrong(format!(
                "the statement names a check that the gate does not have: `{}`",
                shown(unknown)
            )));
        }
        for check in CHECKS {
            match named().filter(|name| *name == check).count() {
                1 => {}
                0 => return Err(wrong(format!("the statement does not say how the check `{check}` ended"))),
                _ => return Err(wrong(format!("the statement says twice how the check `{check}` ended"))),
            }
        }
        for check in skipped_tests {
            if !missing.iter().any(|one| one.check == *check) {
                return Err(wrong(format!("the statement does not say why the check `{check}` did not run")));
            }
        }
        let expected = match (failed_tests.is_empty(), missing.is_empty()) {
            (true, true) => TestResult::Passed,
            (true, false) if !self.predicate.required_all => TestResult::Warned,
            _ => TestResult::Failed,
        };
        if self.predicate.result != expected {
            return Err(wrong("the result of the statement is not the one that its checks give"));
        }
        if !self.predicate.allowed.is_sorted_by(|one, next| one < next) {
            return Err(wrong("the statement does not say each allowance once, and in their order"));
        }
        let is_content = |input: &Configuration| input.annotations.kind == InputKind::Content;
        if self.predicate.release.rules > 0 && !self.predicate.configuration.iter().any(is_content) {
            return Err(wrong("the statement does not say which content was checked"));
        }
        Ok(())
    }

    /// Where another statement says something else, in words.
    pub(super) fn differs(&self, other: &Self) -> &'static str {
        let (own, other) = (&self.predicate, &other.predicate);
        let of = [
            (own.release == other.release, "the release"),
            (own.tool == other.tool, "the tool"),
            (own.configuration == other.configuration, "the inputs"),
            (own.result == other.result, "the result"),
            (own.missing == other.missing, "what did not run"),
            (own.allowed == other.allowed, "what was allowed"),
            (own.accepted == other.accepted, "what was accepted"),
            (own.warnings == other.warnings, "the warnings"),
            (own.sensors == other.sensors, "the sensors"),
            ((own.seed, own.cases) == (other.seed, other.cases), "the seed or the number of events"),
        ];
        of.into_iter().find(|(same, _)| !same).map_or("the image or the checks", |(_, what)| what)
    }
}

fn wrong(reason: impl Display) -> Refusal {
    Refusal::Statement(reason.to_string())
}

/// A string of a statement, short enough for a message.
fn shown(text: &str) -> String {
    visible(&clip(text)).into_owned()
}

/// The name of the first member that one value has and another, which is otherwise the same, has not.
fn surplus(value: &Value, known: &Value) -> Option<String> {
    match (value, known) {
        (Value::Object(value), Value::Object(known)) => value.iter().find_map(|(name, value)| match known.get(name) {
            None => Some(name.clone()),
            Some(known) => surplus(value, known),
        }),
        (Value::Array(value), Value::Array(known)) => {
            value.iter().zip(known).find_map(|(value, known)| surplus(value, known))
        }
        _ => None,
    }
}

/// The members of an object. For each there are words for what is not said where it is missing.
struct Members<'v>(&'v Map<String, Value>);

impl<'v> Members<'v> {
    fn of(value: &'v Value, what: &str) -> Result<Self, Refusal> {
        value.as_object().map(Self).ok_or_else(|| misread(value, "an object", what))
    }

    fn any(&self, name: &str, what: &str) -> Result<&'v Value, Refusal> {
        self.0.get(name).ok_or_else(|| wrong(format!("the statement does not say {what}")))
    }

    fn string(&self, name: &str, what: &str) -> Result<String, Refusal> {
        let value = self.any(name, what)?;
        value.as_str().map(str::to_owned).ok_or_else(|| misread(value, "a string", what))
    }

    fn number(&self, name: &str, what: &str) -> Result<u64, Refusal> {
        let value = self.any(name, what)?;
        value.as_u64().ok_or_else(|| misread(value, "a whole number", what))
    }

    fn flag(&self, name: &str, what: &str) -> Result<bool, Refusal> {
        let value = self.any(name, what)?;
        value.as_bool().ok_or_else(|| misread(value, "true or false", what))
    }

    fn object(&self, name: &str, what: &str) -> Result<Self, Refusal> {
        Self::of(self.any(name, what)?, what)
    }

    /// What may be null, which says that there is none.
    fn or_none<T>(
        &self,
        name: &str,
        what: &str,
        of: fn(&Self, &str, &str) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        if self.any(name, what)?.is_null() { Ok(None) } else { of(self, name, what).map(Some) }
    }

    fn each<T>(&self, name: &str, what: &str, of: impl Fn(&'v Value) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
        let value = self.any(name, what)?;
        value.as_array().ok_or_else(|| misread(value, "a list", what))?.iter().map(of).collect()
    }

    fn strings(&self, name: &str, what: &str) -> Result<Vec<String>, Refusal> {
        self.each(name, what, |value| value.as_str().map(str::to_owned).ok_or_else(|| misread(value, "a string", what)))
    }

    fn digest(&self, what: &str) -> Result<Digest, Refusal> {
        let what = format!("the digest of {what}");
        let sha256 = self.object("digest", &what)?.string("sha256", &what)?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if sha256.len() == 64 && sha256.bytes().all(is_hex) {
            Ok(Digest { sha256 })
        } else {
            Err(wrong(format!("the statement does not say {what}: a SHA-256 has 64 hexadecimal digits in lower case")))
        }
    }
}

/// A member of a wrong type says nothing.
fn misread(value: &Value, expected: &str, what: &str) -> Refusal {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    wrong(format!("the statement does not say {what}: it has {found} where {expected} belongs"))
}

fn resource(value: &Value, what: &str) -> Result<Resource, Refusal> {
    let members = Members::of(value, what)?;
    Ok(Resource { name: members.string("name", &format!("the name of {what}"))?, digest: members.digest(what)? })
}

fn predicate(value: &Value) -> Result<Predicate, Refusal> {
    let members = Members::of(value, "how the gate ended")?;
    let result = members.string("result", "how the gate ended")?;
    let Some((_, result)) = TestResult::WORDS.into_iter().find(|(word, _)| *word == result) else {
        let words: Vec<&str> = TestResult::WORDS.iter().map(|(word, _)| *word).collect();
        let result = shown(&result);
        return Err(wrong(format!(
            "the statement does not say how the gate ended: `{result}` is not one of {}",
            words.join(", ")
        )));
    };
    let (tool, accepted) = ("which tool made it", "how many findings were accepted");
    let made = members.object("tool", tool)?;
    let counts = members.object("accepted", accepted)?;
    Ok(Predicate {
        result,
        required_all: members.flag("requiredAll", "whether every check was required")?,
        configuration: members.each("configuration", "what the gate read", configuration)?,
        evidence: resource(members.any("evidence", "which evidence it was made from")?, "its evidence")?,
        passed_tests: members.strings("passedTests", "which checks passed")?,
        failed_tests: members.strings("failedTests", "which checks failed")?,
        skipped_tests: members.strings("skippedTests", "which checks did not run")?,
        missing: members.each("missing", "what did not run", |value| {
            let members = Members::of(value, "what did not run")?;
            Ok(Missing {
                check: members.string("check", "of which check something did not run")?,
                reason: members.string("reason", "why something did not run")?,
            })
        })?,
        allowed: members.each("allowed", "what was allowed", |value| {
            let word = value.as_str().ok_or_else(|| misread(value, "a string", "what was allowed"))?;
            let unknown = || wrong(format!("the statement names an allowance that is not known: `{}`", shown(word)));
            Allowance::from_word(word).ok_or_else(unknown)
        })?,
        release: release(members.any("release", "which release it is about")?)?,
        tool: Tool {
            name: made.string("name", tool)?,
            version: made.string("version", "which version of the tool made it")?,
        },
        seed: members.number("seed", "with which seed the gate ran")?,
        cases: members.number("cases", "how many generated events were asked for")?,
        accepted: Acceptances {
            comment: counts.number("comment", "how many findings comments accepted")?,
            baseline: counts.number("baseline", "how many findings the baseline accepted")?,
            severity: counts.number("severity", "how many findings severities accepted")?,
        },
        warnings: if members.0.contains_key("warnings") {
            members.number("warnings", "how many warnings there are")?
        } else {
            0
        },
        sensors: members.each("sensors", "what each sensor loads", |value| {
            let members = Members::of(value, "what each sensor loads")?;
            Ok(Sensor {
                sensor: members.string("sensor", "the name of a sensor")?,
                version: members.string("version", "the version of a sensor")?,
                loads: members.or_none("loads", "how many rules a sensor loads", Members::number)?,
                of: members.number("of", "of how many rules a sensor loads some")?,
            })
        })?,
    })
}

fn configuration(value: &Value) -> Result<Configuration, Refusal> {
    let Resource { name, digest } = resource(value, "an input")?;
    let annotations = Members::of(value, "what an input is")?.object("annotations", "what an input is")?;
    let kind = annotations.string("kind", "what an input is")?;
    let Some(kind) = InputKind::from_word(&kind) else {
        return Err(wrong(format!("the statement names an input of a kind that is not known: `{}`", shown(&kind))));
    };
    let bytes = annotations.number("bytes", "how many bytes an input has")?;
    Ok(Configuration { name, digest, annotations: Influence { kind, bytes } })
}

fn release(value: &Value) -> Result<Attested, Refusal> {
    let members = Members::of(value, "which release it is about")?;
    Ok(Attested {
        name: members.or_none("name", "what the release is called", Members::string)?,
        sequence: members.or_none("sequence", "which sequence the release has", Members::number)?,
        rules: members.number("rules", "how many rules the release has")?,
        left_out: members.number("leftOut", "how many rules were left out")?,
        digest: members.digest("the content")?,
    })
}
