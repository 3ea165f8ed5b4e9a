//! A file within the limits of `lint` is compiled in bounded time and memory, whatever is in it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;
use std::time::Instant;

use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::Image;
use contentcheck_interpreter::format::{Regex, Section};
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};

/// A file with a rule for each regular expression.
fn rules(name: &str, first: usize, expressions: impl IntoIterator<Item = String>) -> (Source, Language) {
    let mut text = String::new();
    for (at, expression) in (first..).zip(expressions) {
        let _ = writeln!(
            text,
            "rule r{at} {{ id: \"0e95725d-7320-415d-80f7-0{at:011x}\" template: t @ 1 severity: low when image matches r\"{expression}\" }}"
        );
    }
    (Source::new(name, text), Language::Native)
}

fn shippable(files: impl IntoIterator<Item = (Source, Language)>) -> Shippable {
    let template = Source::new("template.content", "template t @ 1 {\n    1 image : string\n}\n");
    let files = [(template, Language::Native)].into_iter().chain(files).collect();
    Gathered::of(files).check(&Checking::default()).judge().ship(WithErrors::Refuse).unwrap()
}

/// How many automata are deterministic, and how many are not.
fn kinds(image: &[u8]) -> (usize, usize) {
    let image = Image::read(image).unwrap();
    let (records, _) = image.section_bytes(Section::Regexes).as_chunks::<{ Regex::SIZE }>();
    let of = |kind: u8| records.iter().filter(|record| Regex::decode(record).kind == kind).count();
    (of(0), of(1))
}

/// Regular expressions whose deterministic automata double with each repeat.
fn exploding(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|at| format!("{at}.*[ab][^a].{{8}}"))
}

#[test]
fn a_file_of_regexes_that_explode_is_compiled_within_its_work() {
    for (name, expressions) in [
        ("a set for each way to go on", exploding(900).collect::<Vec<_>>()),
        ("long runs that states count", (0..9).map(|at| format!("^.{{2000}}{at}$")).collect()),
        ("one long run", vec!["^[ab]{15000}y$".to_owned()]),
        ("runs of all lengths", (8..180).map(|at| format!("[ab]*a[ab]{{{at}}}")).collect()),
        ("words", (0..200).map(|at| format!(r"(?i){at}\w{{3,9}}[a-z]\d+[^x]{{4}}q")).collect()),
    ] {
        let content = shippable([rules("r.content", 0, expressions)]);
        let before = Instant::now();
        let image = compile(&content, Options::default()).unwrap();
        // Without bounds these take a minute and more; tests run on loaded machines and without optimisation.
        assert!(before.elapsed().as_secs() < 20, "{name}: {:?}", before.elapsed());
        assert!(image.len() < 4 << 20, "{name}: {} bytes", image.len());
        assert_eq!(image, compile(&content, Options::default()).unwrap(), "{name}");
    }
}

#[test]
fn a_file_that_has_spent_its_work_takes_none_from_others() {
    let plain = || (0..20).map(|at| format!(r"plain{at}[0-9]+\.x"));
    let (deterministic, _) =
        kinds(&compile(&shippable([rules("plain.content", 5_000, plain())]), Options::default()).unwrap());
    assert_eq!(deterministic, 20);
    let hostile = shippable([rules("a.content", 0, exploding(900))]);
    let (alone, spent) = kinds(&compile(&hostile, Options::default()).unwrap());
    assert!(spent > 100, "only {spent} are not deterministic");
    let both = shippable([rules("a.content", 0, exploding(900)), rules("plain.content", 5_000, plain())]);
    assert_eq!(kinds(&compile(&both, Options::default()).unwrap()), (alone + 20, spent));
}

/// What lint says of older interpreters is about the format that the compiler writes.
#[test]
fn the_format_that_lint_knows_is_the_one_that_is_written() {
    assert_eq!(contentcheck_model::sensor::IMAGE_FORMAT, contentcheck_interpreter::format::VERSION);
}
