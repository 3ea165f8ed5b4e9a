//! What a file is by its name: content, tests beside it, a copy of content, or what is known to lie beside it.

use contentcheck_model::language::Language;

/// What a file of tests is called: the name of the rule's file without its ending, and one of these.
pub const SIDECARS: [&str; 4] = [".test.yml", ".tests.yml", ".test.yaml", ".tests.yaml"];

/// The name of the rule's file without its ending, if a name is that of a file of tests.
#[must_use]
pub fn sidecar_of(name: &str) -> Option<&str> {
    let stem = SIDECARS.iter().find_map(|ending| name.strip_suffix(ending))?;
    (!stem.is_empty() && !stem.ends_with('/')).then_some(stem)
}

/// What is said of a file that has content by all but the end of its name.
pub(super) const COPY: &str = "its name has an ending behind that of content";
/// What is said of a file that has the name of tests by all but its ending.
pub(super) const NO_TESTS: &str = "no file of tests: those end in .test.yml";
/// What is said of a file that is neither content nor of a kind that is known to lie beside it. Which names people take for
/// those of content cannot be listed: with a space behind, a letter of another script, an ending that some tool made.
pub(super) const UNKNOWN: &str = "neither content nor of a known kind";

/// Endings of what lies beside content and is known not to be any: documents, pictures, programs, settings, data, keys.
const BESIDE: [&str; 104] = [
    "adoc",
    "asc",
    "awk",
    "bash",
    "bat",
    "bib",
    "c",
    "cc",
    "ccimage",
    "cfg",
    "cjs",
    "cmd",
    "conf",
    "cpp",
    "crt",
    "cs",
    "css",
    "csv",
    "dat",
    "doc",
    "docx",
    "drawio",
    "dtd",
    "etl",
    "evtx",
    "fish",
    "gif",
    "go",
    "gv",
    "h",
    "hpp",
    "htm",
    "html",
    "ico",
    "in",
    "ini",
    "ipynb",
    "java",
    "jpeg",
    "jpg",
    "js",
    "json",
    "json5",
    "jsonc",
    "jsonl",
    "jsx",
    "key",
    "kt",
    "lock",
    "log",
    "lua",
    "man",
    "markdown",
    "md",
    "mdx",
    "minisig",
    "mjs",
    "mk",
    "mmd",
    "ndjson",
    "odt",
    "pcap",
    "pcapng",
    "pdf",
    "pem",
    "php",
    "pl",
    "png",
    "pptx",
    "properties",
    "ps1",
    "psd1",
    "psm1",
    "pub",
    "puml",
    "py",
    "r",
    "rb",
    "rs",
    "rst",
    "sarif",
    "scss",
    "sh",
    "sha256",
    "sig",
    "sql",
    "svg",
    "tex",
    "toml",
    "ts",
    "tsv",
    "tsx",
    "txt",
    "vbs",
    "webp",
    "woff",
    "woff2",
    "xlsx",
    "xml",
    "xsd",
    "xsl",
    "yar",
    "yara",
    "zsh",
];

/// Names without an ending of what lies beside content.
const NAMED_BESIDE: [&str; 34] = [
    "authors",
    "brewfile",
    "changelog",
    "changes",
    "cname",
    "codeowners",
    "contributing",
    "contributors",
    "copying",
    "dockerfile",
    "gemfile",
    "gnumakefile",
    "history",
    "install",
    "jenkinsfile",
    "justfile",
    "licence",
    "license",
    "maintainers",
    "makefile",
    "manifest",
    "news",
    "notice",
    "owners",
    "patents",
    "pipfile",
    "procfile",
    "rakefile",
    "readme",
    "security",
    "thanks",
    "todo",
    "vagrantfile",
    "version",
];

/// Whether a file is of a kind that is known to lie beside content, by its name.
pub(super) fn is_beside_content(name: &str) -> bool {
    let is_plain =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    // Settings of tools: `.gitignore`, `.DS_Store`.
    if name.strip_prefix('.').is_some_and(is_plain) {
        return true;
    }
    let packed = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst"));
    let name = packed.unwrap_or(name).to_ascii_lowercase();
    match name.rsplit_once('.') {
        Some((_, ending)) => BESIDE.contains(&ending),
        // `LICENSE-MIT` too.
        None => is_plain(&name) && NAMED_BESIDE.contains(&name.split('-').next().unwrap_or_default()),
    }
}

/// Whether a name is that of tests with another ending, such as `rule.test.json`.
pub(super) fn is_named_as_tests(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    [".test", ".tests"].iter().any(|word| stem.len() > word.len() && stem.to_ascii_lowercase().ends_with(word))
}

/// Whether a name is that of content with one more ending, such as `rule.yml.bak`, `rule.yml.txt` or `rule.yml~`.
pub(super) fn is_copy(name: &str) -> bool {
    let name = name.trim_end_matches('~');
    let known = |name: &str| Language::of(name).is_some();
    known(name) || name.rsplit_once('.').is_some_and(|(name, _)| known(name))
}
