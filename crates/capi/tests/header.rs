//! The header and the library say the same: sizes, places of members, numbers, functions.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::mem::{align_of, offset_of, size_of};
use std::process::Command;

use contentcheck_capi::*;
use support::{fresh, gcc, has, library, own, run};

/// Lines of C that print what a struct looks like, and the lines that they should print.
#[derive(Default)]
struct Layout {
    c: String,
    expected: String,
    names: BTreeSet<String>,
}

impl Layout {
    fn line(&mut self, c: &str, value: u64) {
        writeln!(self.c, "    printf(\"%s %llu\\n\", {c:?}, (unsafe_t)({c}));").unwrap();
        writeln!(self.expected, "{c} {value}").unwrap();
    }
}

macro_rules! layout {
    ($layout:ident, $($rust:ident = $c:literal { $($member:ident $(= $named:literal)?),* })*) => {$(
        $layout.names.insert($c.to_owned());
        $layout.line(concat!("sizeof(", $c, ")"), size_of::<$rust>() as u64);
        $layout.line(concat!("ALIGNOF(", $c, ")"), align_of::<$rust>() as u64);
        let mut members = 0;
        $(
            members += 1;
            let named = [stringify!($member) $(, $named)?].last().copied().unwrap_or_default();
            $layout.line(&format!("offsetof({}, {named})", $c), offset_of!($rust, $member) as u64);
        )*
        assert_eq!(members, members_of($c), "members of {}", $c);
    )*};
}

fn header() -> String {
    ["contentcheck.h", "contentcheck_store.h"]
        .map(|name| fs::read_to_string(own("include").join(name)).unwrap())
        .concat()
}

/// The headers without comments.
fn declarations() -> String {
    let header = header();
    let mut parts = header.split("/*");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| all + part.split_once("*/").unwrap().1)
}

/// How many members the header gives a struct.
fn members_of(name: &str) -> usize {
    let declarations = declarations();
    let (body, _) = declarations.split_once(&format!("}} {name};")).unwrap_or_else(|| panic!("{name} is missing"));
    let (_, body) = body.rsplit_once("typedef struct").unwrap();
    let (_, body) = body.split_once('{').unwrap();
    // A union is one member, whatever it has.
    let body = match body.split_once("union {") {
        Some((before, rest)) => before.to_owned() + rest.split_once('}').unwrap().1,
        None => body.to_owned(),
    };
    body.matches(';').count()
}

#[test]
fn structs_and_numbers_are_those_of_the_library() {
    if !has("gcc", &["--version"], "what C makes of the header") {
        return;
    }
    let mut all = Layout::default();
    layout! { all,
        CcBytes = "cc_bytes_t" { ptr, len }
        CcInput = "cc_input_t" { name, ty = "type" }
        CcSupply = "cc_supply_t" { template_name, inputs, input_count }
        CcCapacity = "cc_capacity_t" { size_of_self, interpreter, image_bytes, rules, table_rows, automaton_states, steps,
            steps_per_byte, scratch_bytes }
        CcManifest = "cc_manifest_t" { size_of_self, sensor, version, versioning, header, header_count, templates,
            template_count, capacity }
        CcValue = "cc_value_t" { tag, by, len, payload = "as" }
        CcEvent = "cc_event_t" { template_no, inputs, input_count, header, header_count, others, other_count }
        CcSizes = "cc_sizes_t" { image, scratch, kill }
        CcRefusal = "cc_refusal_t" { status, what, rule, template_no, input, record, needed, held }
        CcIdentity = "cc_identity_t" { release, compiler, content, sequence, features, format }
        CcImageInfo = "cc_image_info_t" { rule_count, loaded_rules, template_count, scratch, kill }
        CcTemplateInfo = "cc_template_info_t" { name, version, supplied }
        CcCost = "cc_cost_t" { fixed, per_unit }
        CcRule = "cc_rule_t" { id, title, word, revision, level_name, level, tag_count, loaded }
        CcLeftOut = "cc_left_out_t" { rule, template_no, why, input }
        CcOutcome = "cc_outcome_t" { status, match_count, unasked_from, mistyped, steps, needed, found, values, index, element }
        CcMatch = "cc_match_t" { event, rule }
        CcStoreConfig = "cc_store_config_t" { size_of_self, manifest, directory, root, factory, build, built, log,
            watch_seconds, watch_events, group, behind }
        CcStanding = "cc_standing_t" { condition, rung, image, sequence, rule_count, loaded_rules, switched_off, is_owner,
            seconds, events, matches, exhausted, faults, mistyped }
        CcReason = "cc_reason_t" { test, input_name, text, input, holds, values, index, element, offset, length }
    }
    let declared = declarations();
    let structs = declared.lines().filter_map(|line| line.strip_prefix("} ")?.strip_suffix(';')).map(str::to_owned);
    assert_eq!(structs.collect::<BTreeSet<_>>(), all.names);

    let own_numbers = [
        ("CC_ABI", u64::from(CC_ABI)),
        ("CC_FORMAT", u64::from(CC_FORMAT)),
        ("CC_ALIGN", CC_ALIGN as u64),
        ("CC_VALUE_BYTES", CC_VALUE_BYTES as u64),
        ("CC_NONE", u64::from(CC_NONE)),
        ("CC_NONE64", CC_NONE64),
    ];
    let numbers: Vec<(&str, u64)> = own_numbers
        .into_iter()
        .chain(NUMBERS.iter().map(|(name, number)| (*name, u64::from(*number))))
        .chain(STATUSES.iter().map(|(name, status, ..)| (*name, u64::from(status.unsigned_abs()))))
        .collect();
    for (name, number) in &numbers {
        all.line(name, *number);
    }
    let macros = ["CC_STR(literal)", "CC_STR_ARG(bytes)", "CC_SCRATCH(sizes,"];
    let defined = declared.lines().filter_map(|line| line.strip_prefix("#define ")?.split_whitespace().next());
    let defined: BTreeSet<&str> = defined.filter(|name| name.starts_with("CC_") && !macros.contains(name)).collect();
    assert_eq!(defined, numbers.iter().map(|(name, _)| *name).collect());

    let directory = fresh("layout");
    let (source, program) = (directory.join("layout.c"), directory.join("layout"));
    let text = format!(
        "#include <stdio.h>\n#include \"contentcheck_store.h\"\ntypedef unsigned long long unsafe_t;\n\
         #define ALIGNOF(type) offsetof(struct {{ char one; type two; }}, two)\n\
         int main(void)\n{{\n{}    return 0;\n}}\n",
        all.c
    );
    fs::write(&source, text).unwrap();
    run(gcc("-std=c99").arg(&source).arg("-o").arg(&program));
    assert_eq!(run(&mut Command::new(&program)), all.expected);

    // C++ reads the header too.
    if has("g++", &["--version"], "what C++ makes of the header") {
        let source = directory.join("plus.cpp");
        fs::write(&source, "#include \"contentcheck_store.h\"\nint main() { return cc_abi() == CC_ABI ? 0 : 1; }\n")
            .unwrap();
        let mut plus = Command::new("g++");
        plus.args(["-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-I"])
            .arg(own("include"));
        run(plus.arg(&source));
    }
}

/// Functions of the header, of the sources, and of the shared library: the same.
#[test]
fn functions_are_those_of_the_library() {
    let declared = declarations();
    let names = |text: &str, before: &str| -> BTreeSet<String> {
        let found = text.split(before).skip(1).filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.trim());
        let found = found.filter(|name| name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_'));
        found.map(|name| format!("cc_{name}")).collect()
    };
    let in_header: BTreeSet<String> = ["\nuint32_t cc_", "\ncc_status_t cc_", "\nconst char *cc_"]
        .iter()
        .flat_map(|before| names(&declared, before))
        .collect();
    let sources = fs::read_dir(own("src")).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let in_sources: BTreeSet<String> = sources.flat_map(|source| names(&source, "extern \"C\" fn cc_")).collect();
    assert_eq!(in_header, in_sources);
    assert!(in_header.len() > 20, "{in_header:?}");

    if has("nm", &["--version"], "the symbols of the library") {
        let symbols = run(Command::new("nm").args(["-D", "--defined-only"]).arg(library("libcontentcheck_capi.so")));
        let exported = symbols.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned);
        assert_eq!(exported.collect::<BTreeSet<_>>(), in_header);
    }
}

/// A status that is the number of a code has that code, and the program knows what to do about it.
#[test]
fn statuses_have_the_codes_of_their_numbers() {
    for (name, status, code, meaning) in STATUSES {
        let code = code.to_str().unwrap();
        if *status >= 400 {
            assert_eq!(code, format!("CC{status:04}"), "{name}");
        } else {
            assert_eq!(code, *name);
        }
        assert!(!meaning.is_empty(), "{name}");
    }
}
