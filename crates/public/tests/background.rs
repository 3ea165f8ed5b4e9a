//! What the compiler takes for common in values of fields is what the public recordings have.

use std::path::Path;

use contentcheck_public::{corpus, released};
use contentcheck_run::{Plan, Recording, profile};

/// As `crates/compiler/src/background/README.md` names them.
const RECORDINGS: [&str; 5] =
    ["windows_otrf", "windows_evtx_to_mitre", "aws_cloudtrail_invictus", "saas_panther_tests", "zeek_otrf"];

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn the_background_is_that_of_the_recordings() {
    let release = released();
    let plan = Plan::for_recorder(&release.content, &release.image).unwrap();
    let recordings = RECORDINGS.map(|name| Recording::File(corpus(&format!("events/{name}.jsonl.zst"))));
    let profiled = profile(&plan, &recordings);
    assert_eq!(profiled.unread, Vec::<String>::new());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compiler/src/background/fields.tsv");
    let common = profiled.profile.common();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &common).unwrap();
    }
    // The rules grow, and with them the fields that are read; what is kept must not say otherwise.
    assert!(std::fs::read_to_string(&path).unwrap() == common, "run with BLESS=1, and measure before it is kept");
}
