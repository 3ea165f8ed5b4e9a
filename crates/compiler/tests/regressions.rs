//! Replays kept inputs of the fuzz targets that take content or images through compiler and interpreter.

use std::fs;
use std::path::Path;

use crate::fuzz::{images, machine};
use proptest::prelude::*;

#[test]
fn kept_inputs_end_without_a_surprise() {
    for (name, body) in machine::ALL {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/regressions").join(name);
        let mut seen = 0;
        for entry in fs::read_dir(&directory).unwrap() {
            body(&fs::read(entry.unwrap().path()).unwrap());
            seen += 1;
        }
        assert!(seen > 0, "corpus/regressions/{name} has no input");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn images_of_any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        images::image_read(&bytes);
        images::image_evaluate(&bytes);
    }
}
