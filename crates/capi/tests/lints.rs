//! The lints of the workspace hold here, but for the one that forbids unsafe code.

use std::fs;
use std::path::Path;

/// The lines of a table of a manifest.
fn table(text: &str, name: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| *line != name).skip(1).take_while(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

#[test]
fn every_lint_of_the_workspace_holds_here() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (workspace, own) = (
        fs::read_to_string(own.join("../../Cargo.toml")).unwrap(),
        fs::read_to_string(own.join("Cargo.toml")).unwrap(),
    );
    for (of, here) in [("[workspace.lints.rust]", "[lints.rust]"), ("[workspace.lints.clippy]", "[lints.clippy]")] {
        let (of, here) = (table(&workspace, of), table(&own, here));
        assert!(of.len() > 2, "{of:?}");
        for lint in of.iter().filter(|lint| !lint.starts_with("unsafe_code")) {
            assert!(here.contains(lint), "`{lint}` of the workspace does not hold in crates/capi/Cargo.toml");
        }
    }
}
