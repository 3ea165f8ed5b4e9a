//! Work is charged: what a longer value takes, its steps grow with. Each bound is what the work named beside it costs
//! together, so that a test fails where any of it is done for nothing.

use contentcheck_interpreter::format::{Look, NfaState, Pattern, PatternKind, Regex};

use super::*;

const TEMPLATE: &str = "template acme.exec @ 1 { serves { product: acme, category: exec } 1 image: string 2 parent: string 3 args: list<string> \
    4 ports: list<int> 5 address: ip 6 hash: bytes 7 key: bytes 8 pid: int }\n";
const SUPPLIED: &str = r#"{"name":"image","type":"string"},{"name":"parent","type":"string"},{"name":"args","type":"list<string>"},
    {"name":"ports","type":"list<int>"},{"name":"address","type":"ip"},{"name":"hash","type":"bytes"},{"name":"key","type":"bytes"},{"name":"pid","type":"int"}"#;
const IMAGE: usize = 0;
const PARENT: usize = 1;
const ARGS: usize = 2;
const PORTS: usize = 3;
const ADDRESS: usize = 4;
const HASH: usize = 5;
const KEY: usize = 6;
const PID: usize = 7;

/// Steps that the scan takes, and those of programs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Taken {
    scan: u64,
    rules: u64,
    in_rule: bool,
}

impl Meter for Taken {
    fn spend(&mut self, steps: u64) -> Result<(), Spent> {
        *(if self.in_rule { &mut self.rules } else { &mut self.scan }) += steps;
        Ok(())
    }

    fn rule(&mut self, _: u32) {
        self.in_rule = true;
    }
}

/// A rule for each condition.
fn image(conditions: &[String]) -> Vec<u8> {
    compile(&content(&[TEMPLATE, &rules(conditions)].concat()), Options::default()).unwrap()
}

fn rules(conditions: &[String]) -> String {
    let rule = |(at, condition): (usize, &String)| {
        format!(
            "rule r{at} {{ id: \"{at:08x}-5d1f-4c1e-9a3b-000000000001\" template: acme.exec @ 1 severity: low {condition} }}\n"
        )
    };
    conditions.iter().enumerate().map(rule).collect()
}

fn one(condition: &str) -> Vec<u8> {
    image(&[format!("when {condition}")])
}

/// The same of a Sigma rule, by what it selects.
fn sigma(selection: &str) -> Vec<u8> {
    let rule = format!(
        "title: Words\nid: 00000008-5d1f-4c1e-9a3b-000000000008\nstatus: test\nlogsource: {{product: acme, category: exec}}\n\
         detection:\n  selection: {selection}\n  condition: selection\nlevel: low\n"
    );
    let files = [(Source::new("a.content", TEMPLATE), Language::Native), (Source::new("k.yml", rule), Language::Sigma)];
    let judged = Gathered::of(files.into()).check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::Refuse).unwrap_or_else(|_| panic!("{:?}", judged.findings()));
    compile(&content, Options::default()).unwrap()
}

/// What an event takes, of which only some values are there. It is no more than the bound says.
fn taken(bytes: &[u8], given: &[(usize, Value<'_>)]) -> Taken {
    with(bytes, &sensor(SUPPLIED, ""), |verified, _| {
        let mut event = [Value::Absent; 8];
        for (at, value) in given {
            event[*at] = *value;
        }
        let bound = of(verified, &event);
        let mut scratch = vec![0; verified.scratch_words()];
        let mut taken = Taken::default();
        let sink = |_| ControlFlow::Continue(());
        assert_eq!(bound.evaluate_metered(&KillList::NONE, &mut scratch, &mut taken, sink), Ok(None));
        let most = verified.image().cost(bound.template()).at(bound.size());
        assert!(taken.scan + taken.rules <= most, "{taken:?} of {most}");
        taken
    })
}

/// What is taken for each of the units by which a value grows.
#[derive(Debug)]
struct Rate {
    scan: f64,
    rules: f64,
}

const FEW: usize = 2_048;
const MANY: usize = 10_240;

fn rate(of: impl Fn(usize) -> Taken) -> Rate {
    let (few, many) = (of(FEW), of(MANY));
    let rate = |few: u64, many: u64| (many as f64 - few as f64) / (MANY - FEW) as f64;
    Rate { scan: rate(few.scan, many.scan), rules: rate(few.rules, many.rules) }
}

/// Of a text that is so many times the same.
fn text_rate(bytes: &[u8], at: &[usize], unit: &[u8]) -> Rate {
    rate(|count| {
        let text = unit.repeat(count);
        let given: Vec<_> = at.iter().map(|at| (*at, Value::Text(&text))).collect();
        taken(bytes, &given)
    })
}

/// Of a list that has one element so many times.
fn list_rate(bytes: &[u8], at: usize, element: Value<'_>) -> Rate {
    rate(|count| taken(bytes, &[(at, Value::List(&vec![element; count]))]))
}

#[track_caller]
fn at_least(what: &str, taken: f64, least: f64) {
    println!("{what}: {taken} of {least}");
    assert!(taken >= least, "{what}: {taken} steps for each unit, where the work is {least}");
}

#[test]
fn comparing_two_inputs() {
    at_least("equal", text_rate(&one("image == parent"), &[IMAGE, PARENT], b"z").rules, 1.0 / 8.0);
    at_least("begins", text_rate(&one("image starts_with parent"), &[IMAGE, PARENT], b"z").rules, 1.0 / 8.0);
    at_least("ends", text_rate(&one("image ends_with parent"), &[IMAGE, PARENT], b"z").rules, 1.0 / 8.0);
    at_least("contains", text_rate(&one("image contains parent"), &[IMAGE, PARENT], b"z").rules, 4.0);
    let bytes = one("hash == key");
    let raw = rate(|count| {
        let run = b"z".repeat(count);
        taken(&bytes, &[(HASH, Value::Bytes(&run)), (KEY, Value::Bytes(&run))])
    });
    at_least("bytes", raw.rules, 1.0 / 8.0);
}

#[test]
fn searching_a_text() {
    at_least("a search", text_rate(&one("image contains \"q1\""), &[IMAGE], b"z").rules, 1.0 / 16.0);
    // Eight texts are searched, and then the signature says of the others that they are not there.
    let ten: Vec<String> = (10..20).map(|at| format!("when image contains \"{at}\"")).collect();
    at_least("a signature", text_rate(&image(&ten), &[IMAGE], b"z").rules, 8.0 / 16.0 + 1.0);
    // The literal is compared wherever four of its bytes stand: it is 200 bytes long, of which the text lacks the last.
    let literal: String = (0..50).map(|at| format!("{at:04}")).collect();
    let unit = literal.as_bytes();
    let bytes = one(&format!("all args contains \"{literal}\""));
    let found = rate(|count| {
        let text = unit[..199].repeat(count / 64);
        let text = str::from_utf8(&text).unwrap();
        taken(&bytes, &[(ARGS, Value::Strs(&[text]))])
    });
    at_least("a place", found.rules * 64.0, 26.0 + 199.0 / 16.0);
}

#[test]
fn automata() {
    let deterministic = one("image matches \"z[0-9]\"");
    at_least("a byte", text_rate(&deterministic, &[IMAGE], b"z").rules, 1.5);
    let spoiled = [b"z".repeat(100).as_slice(), b"\xFF"].concat();
    at_least("a byte that is no UTF-8", text_rate(&deterministic, &[IMAGE], &spoiled).rules, 1.5 * 100.0 + 16.0);
    let bytes = one("any args matches \"a.{20}b.{20}c.{20}d\"");
    let read = Image::read(&bytes).unwrap();
    let regex = Regex::decode(&read.section_bytes(Section::Regexes).as_chunks::<{ Regex::SIZE }>().0[0]);
    assert_eq!(regex.kind, 1);
    assert_eq!(regex.len, regex.states * NfaState::SIZE as u32);
    // The first state is entered and left.
    let words = f64::from(regex.states.div_ceil(64));
    let of =
        |unit: &'static str| rate(|count| taken(&bytes, &[(ARGS, Value::Strs(&[unit.repeat(count).as_str()]))])).rules;
    at_least("a state", of("z"), 2.0 * 3.0 + 2.0 * words + 4.0);
    // A character that ends no line is of two ranges behind a fork, and twenty of them are waited for.
    at_least("many states", of("a"), 62.0 * 2.0 * 3.0 + 2.0 * words + 4.0);
}

#[test]
fn what_a_pattern_takes_of_each_element() {
    let pattern = |bytes: &[u8], kind: PatternKind| {
        let image = Image::read(bytes).unwrap();
        let records = image.section_bytes(Section::Patterns).as_chunks::<{ Pattern::SIZE }>().0;
        let [record] = records else { panic!("{} patterns", records.len()) };
        let pattern = Pattern::decode(record);
        assert_eq!(PatternKind::from_number(pattern.kind), Some(kind));
        f64::from(pattern.b)
    };
    // To come to it, the test, and to begin with its patterns.
    let each = 1.0 + 16.0 + 1.0;
    let literal = "/bin".repeat(50);
    let bytes = one(&format!("all args starts_with \"{literal}\""));
    assert_eq!(pattern(&bytes, PatternKind::Prefix), 200.0);
    at_least("a beginning", list_rate(&bytes, ARGS, Value::from(literal.as_str())).rules, each + 26.0);
    let bytes = one("all args like \"a?b*c?d\"");
    let parts = pattern(&bytes, PatternKind::Like);
    at_least("wildcards", list_rate(&bytes, ARGS, Value::from("axbcxd")).rules, each + parts + 6.0 * 7.0);
    let bytes = one("all args matches \"(evil|worse)[0-9]\"");
    let gates = pattern(&bytes, PatternKind::Matches);
    assert!(gates > 0.0);
    at_least("a regex", list_rate(&bytes, ARGS, Value::from("evil1")).rules, each + gates + 1.0 + 8.0);
}

#[test]
fn elements_that_are_passed_over() {
    // A number is no string: nothing is asked of it.
    at_least("a test", list_rate(&one("all args starts_with \"/bin/sh\""), ARGS, Value::Int(1)).rules, 1.0);
    let bytes = one("any args == \"evil\"");
    at_least("a number", list_rate(&bytes, ARGS, Value::Int(1)).scan, 1.0);
    at_least("a string", list_rate(&bytes, ARGS, Value::from("z")).scan, 1.0 + 1.0);
    at_least("a port", list_rate(&one("any ports == 4444"), PORTS, Value::Int(1)).scan, 1.0 + 1.0);
    at_least("a value", list_rate(&sigma("[mimikatz]"), ARGS, Value::from("")).scan, 1.0);
}

/// A list in one run of bytes has an element of a megabyte where the run has no end of one, and each who goes through the
/// list looks for it.
#[test]
fn looking_for_the_end_of_an_element() {
    let split = |bytes: &[u8]| {
        rate(|count| {
            let run = b"z".repeat(count);
            taken(bytes, &[(ARGS, Value::Split(&run, 0))])
        })
    };
    at_least("a test", split(&one("all args starts_with \"z\"")).rules, 0.5);
    at_least("a look", split(&one("any args == \"evil\"")).scan, 0.5);
    at_least("a look for keywords", split(&sigma("['evil?x*']")).scan, 0.5);
    at_least("a keyword", split(&sigma("['z?z*']")).rules, 0.5);
}

#[test]
fn values_with_what_rules_look_for() {
    let bytes = one("image contains \"zq#x\"");
    let looks = |bytes: &[u8]| {
        let image = Image::read(bytes).unwrap();
        let looks = image.section_bytes(Section::Looks).as_chunks::<{ Look::SIZE }>().0;
        Look::decode(&looks[0])
    };
    let look = looks(&bytes);
    assert!(look.needle_count > 0 && look.stride == 0, "{look:?}");
    at_least("needles", text_rate(&bytes, &[IMAGE], b"z").scan, 1.0 / 4.0);
    // Beside a needle every byte is looked at. At each literal a bucket with one entry, which is compared, and one atom.
    let met = 4.0 * 1.25 + 8.0 + 2.0 + 1.0 + 1.0;
    at_least("literals", text_rate(&bytes, &[IMAGE], b"zq#x").scan, met);
    let literal = "0123456789abcdefghijklmnopqrstuvwxyz#%&+";
    let bytes = one(&format!("image contains \"{literal}\""));
    at_least(
        "a long literal",
        text_rate(&bytes, &[IMAGE], literal.as_bytes()).scan,
        40.0 * 1.25 + 8.0 + 2.0 + 6.0 + 1.0,
    );
    // Literals that have no pair in common are looked for without needles.
    let many = |len: usize| {
        let literal = |at: u64| {
            let letters = (0..len as u32)
                .map(|by| char::from(b'a' + (at.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(by * 5) % 23) as u8));
            format!("when image contains \"{}\"", letters.collect::<String>())
        };
        image(&(1..200).map(literal).collect::<Vec<_>>())
    };
    for (len, strides) in [(4, 1..2), (8, 2..6)] {
        let bytes = many(len);
        let look = looks(&bytes);
        assert!(look.needle_count == 0 && strides.contains(&look.stride), "{look:?}");
        at_least("grams", text_rate(&bytes, &[IMAGE], b"-").scan, 1.0);
    }
}

#[test]
fn what_is_there_once_for_an_event() {
    // A rule that does not run here is looked at all the same.
    let other: Vec<String> = (0..1_000).map(|at| format!("sensors: \">=9\" when pid > {at}")).collect();
    at_least("rules that always run", taken(&image(&other), &[(PID, Value::Int(1))]).scan as f64, 1_000.0);
    let witnessed: Vec<String> =
        (0..1_000).map(|at| format!("when image contains \"zq#xy\" and pid == {at}")).collect();
    at_least("witnesses", taken(&image(&witnessed), &[(IMAGE, Value::from("zq#xy"))]).scan as f64, 1_000.0);
    // Of what a literal has decided only instructions are taken: two for each rule.
    let told: Vec<String> =
        (0..1_000).map(|at| format!("when image contains \"zq#xy\" and not parent == \"{at}\"")).collect();
    let bytes = image(&told);
    at_least("instructions", taken(&bytes, &[(IMAGE, Value::from("zq#xy"))]).rules as f64, 1_000.0 * 2.0 * 2.0);
    let template = Template::decode(&Image::read(&bytes).unwrap().section_bytes(Section::Templates).as_chunks().0[0]);
    let bits = [template.atom_count, template.program_count, template.predicate_count];
    let words: u32 = bits.iter().map(|bits| bits / 64).sum();
    at_least("memory", taken(&bytes, &[]).scan as f64, f64::from(words / 4));
    let rows: Vec<String> = (0..1_000).map(|at| format!("[\"{at:060}\"]")).collect();
    let table = format!("table known @ 1 {{ k: string key }} rows [{}]\n", rows.join(", "));
    let text = [TEMPLATE, &table, &rules(&["when image in known".to_owned()])].concat();
    let bytes = compile(&content(&text), Options::default()).unwrap();
    // A thousand keys are searched in nine looks at least.
    let value = "0".repeat(59) + "z";
    at_least("keys", taken(&bytes, &[(IMAGE, Value::from(value.as_str()))]).rules as f64, 9.0 * (60.0 / 2.0 + 5.0));
    let networks: Vec<String> = (0..1_000).map(|at| format!("\"10.{}.{}.0/30\"", at / 250, at % 250)).collect();
    let bytes = one(&format!("address cidr [{}]", networks.join(", ")));
    let address = Value::Ip(std::net::Ipv4Addr::LOCALHOST.into());
    at_least("networks", taken(&bytes, &[(ADDRESS, address)]).rules as f64, 500.0);
}

/// What spells a number or an address is short. Of anything longer no byte is read, so none is paid for.
#[test]
fn a_long_text_spells_no_number_and_takes_no_time() {
    let long = vec![b'0'; 1 << 26];
    for selection in ["{image|gt: -1}", "{image|gt: -1.5}", "{image|cidr: 10.0.0.0/8}"] {
        let bytes = sigma(selection);
        with(&bytes, &sensor(SUPPLIED, ""), |verified, _| {
            let run = |text: &[u8]| {
                let mut event = [Value::Absent; 8];
                event[IMAGE] = Value::Text(text);
                let before = std::time::Instant::now();
                (matches(&of(verified, &event), verified).len(), before.elapsed())
            };
            assert_eq!(run(b"10.1.2.3").0 + run(&long[..64]).0, 1, "{selection}");
            let found: Vec<_> = (0..5).map(|_| run(&long)).collect();
            let fastest = found.iter().map(|(_, elapsed)| elapsed.as_millis()).min();
            assert!(found.iter().all(|(matched, _)| *matched == 0) && fastest < Some(5), "{selection}: {found:?}");
        });
    }
}
