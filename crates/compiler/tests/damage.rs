//! Images that were cut off or altered: by accident, which the checksum tells, and by a forger, who
//! makes the checksum right again.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

#[path = "../../../fuzz/src/choices.rs"]
#[expect(clippy::expect_used, unreachable_pub, dead_code, reason = "a file of the fuzz crate")]
mod choices;
#[path = "../../../fuzz/src/images.rs"]
#[expect(clippy::expect_used, unreachable_pub, dead_code, reason = "a file of the fuzz crate")]
mod images;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use choices::Choices;
use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::format::{HEADER, PREFIX, Rule, Section};
use contentcheck_interpreter::{Image, Rejection};
use contentcheck_parser::check::{Context, Language, check};
use contentcheck_parser::source::Source;
use images::{Ends, Trust, run, seal, small};

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The image of the release that ships.
fn demo() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/releases/demo");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths.sort();
    let sources: Vec<(Source, Language)> = paths
        .iter()
        .filter_map(|path| Some((path, Language::of(path.to_str()?)?)))
        .map(|(path, language)| (Source::new(path.to_str().unwrap(), fs::read_to_string(path).unwrap()), language))
        .collect();
    let library = contentcheck_library::templates().unwrap();
    let load = |source: &Source, path: &str| fs::read(Path::new(source.name()).parent()?.join(path)).ok();
    let (content, found) = check(&sources, Context { library, fleet: None, threads: 2 }, &load, &|| {});
    assert!(content.rules().len() > 10, "{} rules, {found:?}", content.rules().len());
    compile(&content, Options::default()).unwrap()
}

#[test]
fn what_is_cut_off_is_refused() {
    for image in [small().to_vec(), demo()] {
        let mut ends = Ends::default();
        for len in 0..image.len() {
            let cut = image.get(..len).unwrap();
            assert!(Image::read(cut).is_err(), "{len} of {} bytes", image.len());
            // Where the sections would still be in order, the forger's copy goes all the way.
            let mut forged = cut.to_vec();
            if len >= 24 {
                forged[16..24].copy_from_slice(&(len as u64).to_le_bytes());
            }
            if Image::read_unverified(&forged).is_ok() {
                seal(&mut forged);
                run(&forged, Trust::Verified, &mut Choices::seeded(len as u64), &mut ends);
            } else {
                ends.unread += 1;
            }
            run(&forged, Trust::Nothing, &mut Choices::seeded(len as u64), &mut Ends::default());
        }
        println!("{} bytes, cut off everywhere: {ends:?}", image.len());
        assert_eq!(ends.verdicts, 0, "a part of an image is an image");
        assert!(ends.unread > 0);
    }
}

#[test]
fn bytes_behind_the_end_are_refused() {
    let mut longer = small().to_vec();
    longer.push(0);
    assert!(matches!(Image::read(&longer), Err(Rejection::Length { .. })));
    seal(&mut longer);
    assert!(matches!(Image::read(&longer), Err(Rejection::Layout { .. })));
}

/// Flips a bit: it is found, and with the checksum made right again the image is refused, or as safe as any.
fn flip(image: &mut [u8], bit: usize, verified: &mut Ends, trusted: &mut Ends) {
    let (at, mask) = (bit / 8, 1_u8 << (bit % 8));
    image[at] ^= mask;
    assert!(Image::read(image).is_err(), "bit {bit} is flipped and nobody finds it");
    run(image, Trust::Nothing, &mut Choices::seeded(bit as u64), trusted);
    let kept = [image[16..24].to_vec(), image[24..32].to_vec()].concat();
    seal(image);
    run(image, Trust::Verified, &mut Choices::seeded(bit as u64), verified);
    image[16..32].copy_from_slice(&kept);
    image[at] ^= mask;
}

#[test]
fn every_flipped_bit_of_a_small_image_is_found_or_harmless() {
    let mut image = small().to_vec();
    let (mut verified, mut trusted) = (Ends::default(), Ends::default());
    for bit in 0..image.len() * 8 {
        flip(&mut image, bit, &mut verified, &mut trusted);
    }
    assert_eq!(image, small());
    println!("{} bits; sealed again: {verified:?}; not verified at all: {trusted:?}", image.len() * 8);
    assert_eq!(verified.faults, 0);
    assert!(verified.unverified > 0 && verified.verdicts > 0 && trusted.faults > 0);
}

#[test]
fn flipped_bits_of_a_release_are_found_or_harmless() {
    let mut image = demo();
    let (mut verified, mut trusted) = (Ends::default(), Ends::default());
    let mut choices = Choices::seeded(291);
    for _ in 0..300 {
        let bit = choices.below(image.len() * 8);
        flip(&mut image, bit, &mut verified, &mut trusted);
    }
    println!("of {} bits 300; sealed again: {verified:?}; not verified at all: {trusted:?}", image.len() * 8);
    assert_eq!(verified.faults, 0);
    assert!(verified.unverified > 0 && verified.verdicts > 0);
}

/// The image with other bytes in some sections, all in their places, and sealed.
fn rebuilt(image: &[u8], section: impl Fn(Section, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let read = Image::read(image).unwrap();
    let (mut directory, mut body) = (Vec::new(), Vec::new());
    for at in Section::ALL {
        body.resize((HEADER + body.len()).next_multiple_of(8) - HEADER, 0);
        let bytes = section(*at, read.section_bytes(*at));
        directory.extend(((HEADER + body.len()) as u32).to_le_bytes());
        directory.extend((bytes.len() as u32).to_le_bytes());
        body.extend(bytes);
    }
    let mut forged = [image.get(..PREFIX).unwrap(), &directory, &body].concat();
    seal(&mut forged);
    forged
}

#[test]
fn names_that_lie_over_each_other_take_no_longer() {
    let same = rebuilt(small(), |_, bytes| bytes.to_vec());
    assert_eq!(same, small());
    const NAMES: usize = 4 << 20;
    let image = rebuilt(small(), |section, bytes| match section {
        Section::Names => [bytes, vec![b'n'; NAMES].as_slice()].concat(),
        // Each of many rules is called by all of the names.
        Section::Rules => {
            let (name_len, title_len) = (NAMES as u32, NAMES as u32);
            let rule = Rule { name_len, title_len, comparators: 1, ..Rule::default() };
            [bytes, &rule.encode().repeat(100_000)].concat()
        }
        _ => bytes.to_vec(),
    });
    let began = Instant::now();
    let mut ends = Ends::default();
    run(&image, Trust::Verified, &mut Choices::seeded(0), &mut ends);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?} for {} bytes", began.elapsed(), image.len());
    assert!(ends.verdicts > 0, "{ends:?}");
}
