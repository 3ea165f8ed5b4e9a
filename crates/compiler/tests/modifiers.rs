//! Whatever the checks let pass becomes an image that sensors take: every modifier, alone and with each other one, on every type of field.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::Image;
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_parser::sigma::words::modifiers;

const FIELDS: [&str; 9] = ["", "text", "words", "number", "half", "truth", "address", "raw", "undeclared"];

const VALUES: [&str; 9] = ["text", "number", "''", "5", "'10.0.0.0/8'", "'a*b?'", "null", "true", "[text, undeclared]"];

fn template(name: &str, open: &str) -> String {
    format!(
        "template acme.{name} @ 1 {{\n serves {{ product: acme, category: {name} }}\n reads {{ source: \"{name}\" }}\n {open}\n \
         1 text: string?\n 2 words: list<string>?\n 3 number: int?\n 4 half: float?\n 5 truth: bool?\n 6 address: ip?\n 7 raw: bytes?\n}}\n"
    )
}

fn rule(number: usize, category: &str, item: &str) -> (Source, Language) {
    let text = format!(
        "title: R{number}\nid: 00000028-1111-4111-8111-{number:012}\nlogsource: {{product: acme, category: {category}}}\ndetection:\n    s:\n        \
         {item}\n    condition: s\n"
    );
    (Source::new(format!("r{number}.yml"), text), Language::Sigma)
}

/// The image of all rules that pass, and how many they are.
fn image(items: &[String]) -> (Vec<u8>, usize) {
    let mut sources =
        vec![(Source::new("t.content", template("fixed", "") + &template("open", "open")), Language::Native)];
    for (number, item) in items.iter().enumerate() {
        sources.push(rule(2 * number, "fixed", item));
        sources.push(rule(2 * number + 1, "open", item));
    }
    let content = Gathered::of(sources).check(&Checking::with_threads(2)).judge().ship(WithErrors::LeaveOut).unwrap();
    let rules = content.rules().len();
    (compile(&content, Options { allow_empty: true, ..Options::default() }).unwrap(), rules)
}

fn refusal(image: &[u8]) -> Option<String> {
    let image = Image::read(image).unwrap();
    let supplied = Supplied::of_recorder(&image, "any", "0");
    let supplies = supplied.supplies();
    let mut memory = Memory::of(&image);
    let refused = image.verify(&supplied.manifest(&supplies), memory.workspace()).err();
    refused.map(|rejection| image.describe(rejection).to_string())
}

#[test]
fn what_passes_with_any_modifiers_is_an_image_that_sensors_take() {
    let names: Vec<&str> = modifiers().map(|(name, _)| name).collect();
    let mut chains: Vec<String> = names.iter().map(|name| format!("|{name}")).collect();
    for one in &names {
        chains.extend(names.iter().filter(|other| *other != one).map(|other| format!("|{one}|{other}")));
    }
    chains.push(String::new());
    let items = |chain: &String| -> Vec<String> {
        let each = FIELDS.iter().flat_map(|field| VALUES.iter().map(move |value| (field, value)));
        each.map(|(field, value)| format!("'{field}{chain}': {value}")).collect()
    };
    let all: Vec<String> = chains.iter().flat_map(items).collect();
    let (whole, rules) = image(&all);
    assert!(rules > all.len() / 8, "{rules} of {}", 2 * all.len());
    let Some(refused) = refusal(&whole) else { return };
    let alone = all.iter().filter(|item| refusal(&image(std::slice::from_ref(*item)).0).is_some());
    panic!("{refused}: {:#?}", alone.take(20).collect::<Vec<_>>());
}
