//! Fingerprints: what makes a finding the same finding after lines have moved.

use contentcheck_parser::diagnostic::Diagnostic;

/// A number for a finding that does not depend on its line: code, file, rule and message.
/// FNV-1a with 64 bits, so it is the same on every machine and in every version.
#[must_use]
pub fn fingerprint(finding: &Diagnostic) -> u64 {
    let parts = [finding.code.id, finding.source.name(), finding.rule.as_deref().unwrap_or(""), &finding.message];
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0xFF])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
