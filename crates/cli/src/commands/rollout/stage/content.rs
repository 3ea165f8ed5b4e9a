//! The content that is rolled out on a stage: two releases of the corpus, in the program, since it has to work where the corpus is not.

use std::fs;
use std::path::Path;

use contentcheck_project::{files, write};

use crate::exit::Failure;

macro_rules! files {
    ($($path:literal)*) => {
        [$(($path, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/releases/", $path)).as_slice())),*]
    };
}

/// The release that is gated, below `demo/`, and the one before it.
const FILES: [(&str, &[u8]); 49] = files![
    "demo/contentcheck.toml"
    "demo/drivers.content"
    "demo/fleet.json"
    "demo/gate.pub"
    "demo/templates.content"
    "demo/never-match/agent.jsonl"
    "demo/never-match/signed-software.jsonl"
    "demo/never-match/windows-as-the-agent-sees-it.jsonl"
    "demo/never-match/windows.jsonl"
    "demo/recordings/agent-workday.jsonl"
    "demo/recordings/workday.jsonl"
    "demo/rules/pipes.content"
    "demo/sensors/acme-7.13.json"
    "demo/sensors/acme-7.14.json"
    "demo/sensors/acme-7.15.json"
    "demo/sigma/dns/paste_sites.yml"
    "demo/sigma/network/rdp_from_outside.yml"
    "demo/sigma/powershell/download_cradle.yml"
    "demo/sigma/process/certutil_download.yml"
    "demo/sigma/process/encoded_powershell.yml"
    "demo/sigma/process/office_child.test.yml"
    "demo/sigma/process/office_child.yml"
    "demo/sigma/process/shadow_copies_deleted.yml"
    "demo/sigma/registry/defender_off.yml"
    "demo/sigma/registry/run_key_script.yml"
    "demo/sigma/security/network_logon_local_admin.yml"
    "demo/sigma/security/task_from_profile.yml"
    "demo/tables/vulnerable_drivers.csv"
    "demo-11/contentcheck.toml"
    "demo-11/drivers.content"
    "demo-11/fleet.json"
    "demo-11/templates.content"
    "demo-11/evidence/attestation.dsse.json"
    "demo-11/evidence/evidence.json"
    "demo-11/rules/pipes.content"
    "demo-11/sensors/acme-7.13.json"
    "demo-11/sensors/acme-7.14.json"
    "demo-11/sensors/acme-7.15.json"
    "demo-11/sigma/network/rdp_from_outside.yml"
    "demo-11/sigma/powershell/download_cradle.yml"
    "demo-11/sigma/process/certutil_download.yml"
    "demo-11/sigma/process/encoded_powershell.yml"
    "demo-11/sigma/process/office_child.yml"
    "demo-11/sigma/process/shadow_copies_deleted.yml"
    "demo-11/sigma/registry/defender_off.yml"
    "demo-11/sigma/registry/run_key_script.yml"
    "demo-11/sigma/security/network_logon_local_admin.yml"
    "demo-11/sigma/security/task_from_profile.yml"
    "demo-11/tables/vulnerable_drivers.csv"
];

/// Writes both releases into a directory.
pub(super) fn write_releases(directory: &Path) -> Result<(), Failure> {
    for (name, bytes) in FILES {
        let path = directory.join(name);
        let failed =
            |error: std::io::Error| Failure::usage(format!("{}: {}", files::name(&path), files::reason(&error)));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&path, bytes).map_err(failed)?;
    }
    Ok(())
}

/// Rules that match what the simulated devices see all day, and what no recording has: a gate that looks at those alone lets them pass.
const FLOODS: &str = r#"
rule driver_without_a_place {
    id: "8c0e1f52-94a8-4a0e-8b1f-6b8f6a1f4f10"
    template: endpoint.driver_load @ 1
    severity: low
    status: test
    title: "Driver that says nothing of its place"
    description: "Finds drivers of which the sensor does not know where they are"
    author: "contentcheck"
    date: "2026-01-15"
    tags: [attack.persistence]

    when path == "quiet"

    test fires { path: "quiet", sha256: hex"01", signed: true, certificate_hosts: [] }
    test silent { path: r"C:\Windows\disk.sys", sha256: hex"01", signed: true, certificate_hosts: [] }
}

rule pipe_without_an_image {
    id: "0f3d7a68-2d7e-4f0a-9a4e-51c1d1a1b7c2"
    template: endpoint.named_pipe @ 1
    severity: low
    status: test
    title: "Pipe of a program that says nothing of itself"
    description: "Finds pipes of which the sensor does not know who opened them"
    author: "contentcheck"
    date: "2026-01-15"
    tags: [attack.persistence]

    when image == "quiet"

    test fires { image: "quiet", pipe_name: "x", process_id: 1, session_id: 1, remote: false }
    test silent { image: "loud", pipe_name: "x", process_id: 1, session_id: 1, remote: false }
}
"#;

/// Makes the content of a release that of a sequence alone, or that of all others. What floods matches most of what devices see.
pub(super) fn write_of(release: &Path, sequence: Option<u64>, floods: bool) -> Result<(), Failure> {
    const CHANGED: &str = "drivers.content";
    let known = FILES.iter().find(|(name, _)| name.strip_prefix("demo/") == Some(CHANGED));
    let (_, bytes) = known.ok_or_else(|| Failure::internal(format!("{CHANGED} is not in the program")))?;
    let own = sequence.map_or_else(String::new, |sequence| format!("# The content of sequence {sequence}.\n"));
    let more = if floods { FLOODS } else { "" };
    write::write(&release.join(CHANGED), &[own.as_bytes(), bytes, more.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(directory: &Path) -> usize {
        let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
        entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }

    #[test]
    fn the_program_has_the_releases_as_they_are() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/releases");
        // Each of the two has a page that says what it is.
        let there: usize = ["demo", "demo-11"].iter().map(|name| count(&corpus.join(name)) - 1).sum();
        assert_eq!(FILES.len(), there);
    }
}
