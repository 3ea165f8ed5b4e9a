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

pub(super) static EXAMPLES: &[Example] = examples! {};
