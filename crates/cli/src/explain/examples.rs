//! The examples of corpus/reject, by folder and file. Made by the test of corpus/reject with `BLESS=1`.

use super::Example;

/// Declares examples: folder and file. The folder's name begins with the code.
macro_rules! examples {
    ($($code:literal $case:literal $file:literal)*) => {
        &[$(Example {
            code: $code,
            file: $file,
            text: include_str!(concat!("../../../../corpus/reject/", $case, "/", $file)),
            findings: include_str!(concat!("../../../../corpus/reject/", $case, "/expected.txt")),
        }),*]
    };
}

pub(super) static EXAMPLES: &[Example] = examples! {
    "CC0108" "CC0108-limit-exceeded" "rule.yml"
    "CC0110" "CC0110-yaml-syntax" "rule.yml"
    "CC0111" "CC0111-yaml-duplicate-key" "rule.yml"
    "CC0112" "CC0112-yaml-alias" "rule.yml"
    "CC0113" "CC0113-not-a-rule" "notes.yml"
    "CC0114" "CC0114-wrong-shape" "rule.yml"
    "CC0115" "CC0115-condition-syntax" "rule.yml"
    "CC0116" "CC0116-deprecated-aggregation" "rule.yml"
    "CC0117" "CC0117-unknown-modifier" "rule.yml"
    "CC0118" "CC0118-incompatible-modifiers" "rule.yml"
    "CC0119" "CC0119-not-runnable" "many_logons.yml"
    "CC0120" "CC0120-invalid-value" "rule.yml"
    "CC0121" "CC0121-ambiguous-scalar" "rule.yml"
    "CC0122" "CC0122-empty-selection" "rule.yml"
    "CC0123" "CC0123-empty-values" "rule.yml"
    "CC0124" "CC0124-all-of-one" "rule.yml"
    "CC0130" "CC0130-syntax" "rule.content"
    "CC0131" "CC0131-unterminated" "rule.content"
    "CC0132" "CC0132-single-equals" "rule.content"
    "CC0133" "CC0133-invalid-escape" "rule.content"
    "CC0134" "CC0134-invalid-number" "rule.content"
    "CC0135" "CC0135-chained-comparison" "rule.content"
    "CC0136" "CC0136-single-quotes" "rule.content"
    "CC0137" "CC0137-mixed-and-or" "rule.content"
    "CC0138" "CC0138-unknown-key" "rule.content"
    "CC0139" "CC0139-duplicate-key" "rule.content"
    "CC0140" "CC0140-invalid-attribute-value" "rule.content"
    "CC0201" "CC0201-unknown-log-source" "rule.yml"
    "CC0202" "CC0202-unknown-field" "rule.yml"
    "CC0203" "CC0203-unknown-selection" "rule.yml"
    "CC0207" "CC0207-unexpanded-placeholder" "rule.yml"
    "CC0208" "CC0208-unknown-rule-reference" "many_logons.yml"
    "CC0209" "CC0209-bad-position" "rule.content"
    "CC0304" "CC0304-number-as-text" "rule.yml"
    "CC0407" "CC0407-invalid-manifest" "manifests/acme_8.json"
    "CC0501" "CC0501-invalid-regex" "rule.yml"
    "CC0502" "CC0502-regex-backtracks" "rule.yml"
    "CC0503" "CC0503-regex-too-large" "rule.yml"
    "CC0504" "CC0504-expansion-too-large" "rule.yml"
    "CC0505" "CC0505-too-many-wildcards" "rule.yml"
    "CC0602" "CC0602-always-fires" "rule.yml"
    "CC0603" "CC0603-dead-branch" "rule.yml"
    "CC0604" "CC0604-unused-selection" "rule.yml"
    "CC0605" "CC0605-duplicate-predicate" "rule.yml"
    "CC0606" "CC0606-duplicate-rule" "download_copy.yml"
    "CC0607" "CC0607-wildcard-only" "rule.yml"
    "CC0609" "CC0609-impossible-value" "rule.yml"
    "CC0610" "CC0610-all-of-equals" "rule.yml"
    "CC0701" "CC0701-missing-attribute" "rule.yml"
    "CC0702" "CC0702-duplicate-id" "certutil.yml"
    "CC0703" "CC0703-invalid-id" "rule.yml"
    "CC0704" "CC0704-recommended-attribute" "rule.yml"
    "CC0705" "CC0705-unknown-attribute" "rule.yml"
    "CC0706" "CC0706-invalid-attribute" "rule.yml"
    "CC0707" "CC0707-invalid-date" "rule.yml"
    "CC0708" "CC0708-modified-before-date" "rule.yml"
    "CC0709" "CC0709-too-long" "rule.yml"
    "CC0710" "CC0710-key-case" "rule.yml"
    "CC0711" "CC0711-empty-attribute" "rule.yml"
    "CC0712" "CC0712-deprecated-without-related" "rule.yml"
    "CC0713" "CC0713-invalid-tag" "rule.yml"
    "CC0714" "CC0714-unknown-tag-namespace" "rule.yml"
    "CC0715" "CC0715-duplicate-entry" "rule.yml"
    "CC0716" "CC0716-too-short" "rule.yml"
    "CC0717" "CC0717-logsource-case" "rule.yml"
    "CC0718" "CC0718-misplaced-attribute" "admin_hosts.yml"
    "CC0719" "CC0719-unused-suppression" "rule.yml"
    "CC0720" "CC0720-invalid-suppression" "rule.yml"
};
