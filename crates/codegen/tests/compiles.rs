//! What is made compiles without a warning, whatever the manifest calls its inputs, and does what it says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use contentcheck_codegen::{Language, Refused, generate};
use contentcheck_model::sensor::{Manifest, Sensor};
use contentcheck_model::source::Source;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A directory of this process's own.
fn fresh(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// Whether a program is installed; says plainly that a test skips what needs it.
fn has(program: &str, arguments: &[&str]) -> bool {
    let works = Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("skipped: {program} is not installed");
    }
    works
}

/// Runs a program that must end well and say nothing of its own.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn sensor(json: &str) -> Sensor {
    Manifest::parse(&Source::new("manifest.json", json)).unwrap_or_else(|found| panic!("{found:?}"))
}

fn first() -> Sensor {
    sensor(&fs::read_to_string(root().join("corpus/images/first/edr-1.4.0.json")).unwrap())
}

/// Names that are keywords, no identifiers, the same identifier, or that end a comment or a string in some language.
fn hostile() -> Sensor {
    let names = [
        "type",
        "self",
        "Self",
        "crate",
        "int",
        "class",
        "interface",
        "linux",
        "func",
        "range",
        "values",
        "Values",
        "event",
        "out",
        "m",
        "e",
        "C",
        "a b",
        "a_b",
        "A.B",
        "aB",
        "",
        "1",
        "1.",
        "has_a",
        "größe",
        "\u{202e}abc",
        "*/",
        "/*",
        "*/ import \"C\" /*",
        "\"; system(\"x\"); //",
        "\\",
        "\\\\",
        "??/",
        "%s",
        "`",
        "${x}",
        "{}",
        "len",
        "ptr",
        "as",
        "tag",
        "by",
        "r#type",
        "'e",
        "a\u{2028}b",
        "日本語",
        "\u{1F600}",
        "#define X",
        "x_count",
        "x",
        "_",
        "__",
        "Option",
        "unix",
        "NULL",
    ];
    let types = ["string", "int", "float", "bool", "ip", "bytes"];
    let every: Vec<String> = types
        .iter()
        .flat_map(|ty| [(*ty).to_owned(), format!("{ty}?"), format!("list<{ty}>"), format!("list<{ty}>?")])
        .collect();
    let quoted = |name: &str| serde_json_string(name);
    let input = |name: &str, ty: &str| format!("{{\"name\":{},\"type\":\"{ty}\"}}", quoted(name));
    // Each name with types in turn, then each type.
    let named: Vec<String> = names
        .iter()
        .filter(|name| !name.is_empty())
        .zip(every.iter().cycle())
        .map(|(name, ty)| input(name, ty))
        .collect();
    let typed: Vec<String> = every.iter().map(|ty| input(ty, ty)).collect();
    let counts = [input("x", "int?"), input("has_x", "int?"), input("y", "list<ip>"), input("y_count", "string")];
    let header = [input("host", "string"), input("Host", "ip?"), input("type", "int?")];
    let templates = [
        ("int", typed.join(",")),
        ("self", named.join(",")),
        ("a.b_c", counts.join(",")),
        ("a_b.c", String::new()),
        ("option", input("x", "string?")),
        ("header", input("x", "bool")),
        ("manifest", input("x", "bytes")),
        ("memory", input("x", "float?")),
        ("c", input("x", "ip")),
        ("cc", input("x", "int")),
        ("size", input("x", "int")),
        ("some", input("x", "int?")),
        ("value", input("x", "int")),
        ("linux", input("x", "int")),
        ("main", input("x", "int")),
        ("_", input("x", "int")),
    ];
    let templates: Vec<String> =
        templates.iter().map(|(name, inputs)| format!("{}:{{\"inputs\":[{inputs}]}}", quoted(name))).collect();
    sensor(&format!(
        "{{\"format\":1,\"sensor\":\"cc\",\"version\":\"1.0-x+y_z\",\"versioning\":\"decimal\",\
         \"capacity\":{{\"interpreter\":2,\"image_bytes\":18446744073709551615,\"features\":[\"time\"]}},\
         \"header\":[{}],\"templates\":{{{}}}}}",
        header.join(","),
        templates.join(",")
    ))
}

fn serde_json_string(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// Every manifest that is tried, with a name.
fn manifests() -> Vec<(String, Sensor)> {
    let mut all = vec![("first".to_owned(), first()), ("hostile".to_owned(), hostile())];
    for name in ["sysmon/4.90", "sysmon-linux/4.81", "windows/10.0.18990"] {
        let path = root().join(format!("crates/library/sensors/{name}.json"));
        all.push((name.replace('/', "-"), sensor(&fs::read_to_string(path).unwrap())));
    }
    all
}

fn go(package: &str) -> Language {
    Language::Go { package: package.to_owned() }
}

/// The interpreter, which has no dependency, as a library for what is made.
fn interpreter(directory: &Path) -> PathBuf {
    let library = directory.join("libcontentcheck_interpreter.rlib");
    run(Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "rlib",
            "--crate-name",
            "contentcheck_interpreter",
            "--cap-lints",
            "allow",
        ])
        .arg(root().join("crates/interpreter/src/lib.rs"))
        .arg("-o")
        .arg(&library));
    library
}

fn rustc(library: &Path, source: &Path) -> Command {
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "-Dwarnings", "-Dmissing_docs", "--extern"]);
    rustc.arg(format!("contentcheck_interpreter={}", library.display())).arg(source);
    rustc
}

#[test]
fn rust_compiles_without_a_warning() {
    let directory = fresh("rust");
    let library = interpreter(&directory);
    for (name, sensor) in manifests() {
        let source = directory.join(format!("{name}.rs"));
        fs::write(&source, format!("//! Made.\n{}", generate(&sensor, &Language::Rust).unwrap())).unwrap();
        run(rustc(&library, &source)
            .args(["--crate-type", "lib", "--crate-name", "made", "--emit", "metadata", "-o"])
            .arg(directory.join("made.rmeta")));
    }
}

/// A sensor of what is made, and of an event and an image: it says what matches.
#[test]
fn rust_supplies_what_rules_read() {
    let directory = fresh("rust-sensor");
    let library = interpreter(&directory);
    let main = r#"
use contentcheck_interpreter::{Event, Image, KillList, Workspace};
use core::ops::ControlFlow;

include!("manifest.rs");

fn main() {
    let bytes = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let (mut bindings, mut active, mut scratch) = ([0; 64], [0; 8], [0; 1024]);
    let image = Image::read(&bytes).unwrap();
    let verified = image.verify(&MANIFEST, Workspace { bindings: &mut bindings, active: &mut active }).unwrap();
    let event = EdrProcessStart {
        pid: 7, image: b"/bin/sh", command_line: b"sh -c curl x | sh\xff", user: None, arguments: &[b"LD_PRELOAD=x"],
    };
    let (values, header) = (event.values(), Header { host: b"web-1" }.values());
    for template in verified.templates_named(EdrProcessStart::SUPPLY.template) {
        let bound = verified.bind(template, Event { inputs: &values, header: &header, others: &[] }).unwrap();
        let done = bound.evaluate(&KillList::NONE, &mut scratch, 1_000_000, |rule| {
            println!("{}", image.rule(rule).unwrap().title);
            ControlFlow::Continue(())
        }).unwrap();
        assert_eq!(done.mistyped, 0);
    }
    print!("{}", MANIFEST.json());
}
"#;
    fs::write(directory.join("manifest.rs"), generate(&first(), &Language::Rust).unwrap()).unwrap();
    let (source, program) = (directory.join("main.rs"), directory.join("sensor"));
    fs::write(&source, main).unwrap();
    run(rustc(&library, &source).args(["-Amissing_docs", "-o"]).arg(&program));
    let printed = run(Command::new(&program).arg(root().join("corpus/images/first/rules.ccimage")));
    let json = first().manifest().to_json();
    assert_eq!(printed, format!("Download piped into a shell\nLibrary preloaded by an argument\n{json}"));
}

#[test]
fn c_compiles_without_a_warning_as_c_and_as_cpp() {
    if !has("gcc", &["--version"]) {
        return;
    }
    let directory = fresh("c");
    let include = root().join("crates/capi/include");
    for (name, sensor) in manifests() {
        let text = generate(&sensor, &Language::C).unwrap();
        assert!(text.is_ascii() && text.lines().all(|line| !line.ends_with('\\')));
        fs::write(directory.join("made.h"), text).unwrap();
        let prefix = if sensor.name() == "cc" { "cc_".to_owned() } else { sensor.name().replace('-', "_") };
        let manifest = format!("{}_MANIFEST", prefix.to_uppercase());
        let source = directory.join(format!("{name}.c"));
        // Twice: what is made guards itself.
        let uses = format!(
            "#include \"made.h\"\n#include \"made.h\"\nint main(void) {{ return {manifest}.header_count > 9; }}\n"
        );
        fs::write(&source, uses).unwrap();
        let mut compilers = vec![("gcc", vec!["-std=c99", "-pedantic"]), ("gcc", vec!["-std=gnu17"])];
        if has("g++", &["--version"]) {
            compilers.push(("g++", vec!["-xc++", "-std=c++17"]));
        }
        for (compiler, flags) in compilers {
            run(Command::new(compiler)
                .args(flags)
                .args(["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I"])
                .arg(&include)
                .arg("-I")
                .arg(&directory)
                .arg(&source));
        }
    }
}

#[test]
fn go_is_formatted_and_vetted() {
    if !has("gcc", &["--version"])
        || !has("go", &["version"])
        || !has("gofmt", &["-h"]) && !has("gofmt", &["-l", "/dev/null"])
    {
        return;
    }
    for (name, sensor) in manifests() {
        let directory = fresh(&format!("go-{name}"));
        let file = directory.join("manifest.go");
        let text = generate(&sensor, &go("sensor")).unwrap();
        assert!(text.is_ascii());
        fs::write(&file, text).unwrap();
        fs::write(directory.join("go.mod"), "module sensor\n\ngo 1.19\n").unwrap();
        assert_eq!(run(Command::new("gofmt").arg("-d").arg(&file)), "", "{name}");
        let mut vet = Command::new("go");
        vet.args(["vet", "."]).current_dir(&directory).env("CGO_ENABLED", "1").env("GOFLAGS", "-mod=mod");
        vet.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"));
        run(vet.env(
            "CGO_CFLAGS",
            format!("-I{} -Wall -Werror -Wno-unused-function", root().join("crates/capi/include").display()),
        ));
    }
}

/// One manifest gives one text, and the order of members in the JSON does not show in it.
#[test]
fn a_text_depends_on_the_manifest_alone() {
    let written = sensor(&first().manifest().to_json());
    for language in [Language::Rust, Language::C, go("main")] {
        assert_eq!(generate(&first(), &language), generate(&written, &language));
        assert_eq!(generate(&hostile(), &language), generate(&hostile(), &language));
    }
}

#[test]
fn what_a_language_cannot_say_is_refused() {
    let none =
        sensor(r#"{"format":1,"sensor":"a","version":"1","capacity":{"rules":0},"templates":{"t":{"inputs":[]}}}"#);
    assert_eq!(generate(&none, &Language::C), Err(Refused::NoCapacity { member: "rules" }));
    assert_eq!(generate(&none, &go("main")), Err(Refused::NoCapacity { member: "rules" }));
    assert!(generate(&none, &Language::Rust).unwrap().contains("rules: Some(0)"));
    for name in ["", "Main", "type", "a-b", "a;b", "1a", "a\nb", "_"] {
        assert_eq!(generate(&first(), &go(name)), Err(Refused::Package { name: name.to_owned() }), "{name:?}");
    }
}

/// As many template types and inputs as a manifest may have, all of one spelling: no time that grows with the square.
#[test]
fn many_of_one_spelling_take_no_longer() {
    let inputs: Vec<String> = (1..=1_000)
        .map(|count| {
            format!("{{\"name\":\"{}\",\"type\":\"int\"}}", ".".repeat(count % 100 + 1) + &"-".repeat(count / 100))
        })
        .collect();
    let templates: Vec<String> =
        (0..19_000).map(|number| format!("\"{}\":{{\"inputs\":[]}}", spelling(number))).collect();
    let json = format!(
        "{{\"format\":1,\"sensor\":\"a\",\"version\":\"1\",\"templates\":{{\"t\":{{\"inputs\":[{}]}},{}}}}}",
        inputs.join(","),
        templates.join(",")
    );
    let sensor = sensor(&json);
    let start = std::time::Instant::now();
    for language in [Language::Rust, Language::C, go("main")] {
        assert!(generate(&sensor, &language).unwrap().len() > 100_000);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

/// Names that differ in their points and dashes alone: `a_b.c` and `a.b_c` are one identifier.
fn spelling(number: u32) -> String {
    let mut name = "a".to_owned();
    for bit in 0..15 {
        name.push_str(if number >> bit & 1 == 1 { "_a" } else { ".a" });
    }
    name
}
