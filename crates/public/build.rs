//! Whether the public rules and recordings are there is settled here: only what is known when a test is compiled can
//! make it an ignored one.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(public_corpus)");
    println!("cargo::rerun-if-env-changed=CONTENTCHECK_SHARED");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("CONTENTCHECK_SHARED").unwrap_or_else(|| "../shared".into());
    let corpus = workspace.join(shared).join("corpus");
    // While it is missing cargo runs this every time, so its arrival is seen.
    println!("cargo::rerun-if-changed={}", corpus.display());
    if corpus.is_dir() {
        println!("cargo::rustc-cfg=public_corpus");
    }
    // The tests look where this looked.
    println!("cargo::rustc-env=PUBLIC_CORPUS={}", corpus.canonicalize().unwrap_or(corpus).display());
}
