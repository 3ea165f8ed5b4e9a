//! Answers that others worked out: RFC 6962's trees, Go's notes, and the examples of C2SP.

use contentcheck_log::{Checkpoint, Hash, NoKey, Note, Tile, VerifierKey, is_consistent, is_included};

use crate::common::{hex, root};

const LEAVES: [&[u8]; 8] = [
    b"",
    &[0],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F],
];
const ROOT_1: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
const ROOT_2: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
const ROOT_3: &str = "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77";
const ROOT_7: &str = "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c";
const ROOT_8: &str = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
const PATH_5_IN_8: [&str; 3] = [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
];

#[test]
fn roots_of_rfc_6962() {
    let leaves: Vec<Vec<u8>> = LEAVES.iter().map(|leaf| leaf.to_vec()).collect();
    for (size, expected) in [(1, ROOT_1), (2, ROOT_2), (3, ROOT_3), (7, ROOT_7), (8, ROOT_8)] {
        assert_eq!(Hash(root(&leaves[..size])), hex(expected), "the model, of {size}");
    }
    assert_eq!(Hash::of_leaf(b""), hex(ROOT_1));
    assert_eq!(Hash::of_pair(&Hash::of_leaf(b""), &Hash::of_leaf(&[0])), hex(ROOT_2));
    assert_eq!(Hash::empty(), hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

#[test]
fn proofs_of_rfc_6962() {
    let leaf = Hash::of_leaf(LEAVES[5]);
    let path = || PATH_5_IN_8.into_iter().map(hex);
    assert!(is_included(5, 8, leaf, path(), hex(ROOT_8)));
    assert!(!is_included(4, 8, leaf, path(), hex(ROOT_8)));
    assert!(!is_included(5, 6, leaf, path(), hex(ROOT_8)));
    assert!(!is_included(5, 8, leaf, path().take(2), hex(ROOT_8)));
    assert!(is_included(0, 1, Hash::of_leaf(b""), [].into_iter(), hex(ROOT_1)));
    // 2 in 3: the neighbour is the root of the first two.
    assert!(is_included(2, 3, Hash::of_leaf(LEAVES[2]), [hex(ROOT_2)].into_iter(), hex(ROOT_3)));

    let leaves: Vec<Vec<u8>> = LEAVES.iter().map(|leaf| leaf.to_vec()).collect();
    let of = |size: usize| (size as u64, Hash(root(&leaves[..size])));
    let six_to_eight =
        ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", PATH_5_IN_8[1], PATH_5_IN_8[2]].map(hex);
    assert!(is_consistent(of(6), of(8), six_to_eight.into_iter()));
    assert!(!is_consistent(of(5), of(8), six_to_eight.into_iter()));
    let two_to_five = ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", PATH_5_IN_8[0]].map(hex);
    assert!(is_consistent(of(2), of(5), two_to_five.into_iter()));
}

pub(crate) const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
pub(crate) const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_note_of_go_is_signed_by_its_key() {
    let key = VerifierKey::read(GO_KEY).unwrap();
    let note = Note::read(GO_NOTE.as_bytes()).unwrap();
    assert!(note.is_signed_by(&key));
    assert_eq!((key.name(), key.id()), ("PeterNeumann", 0xc74f_20a3));
}

#[test]
fn keys_that_go_refuses_are_refused() {
    // Every part of it, every byte raised by one.
    for start in 0..GO_KEY.len() {
        for end in start..=GO_KEY.len() {
            let is_whole = start == 0 && end == GO_KEY.len();
            assert_eq!(VerifierKey::read(&GO_KEY[start..end]).is_ok(), is_whole, "{start}..{end}");
        }
    }
    for at in 0..GO_KEY.len() {
        let mut other = GO_KEY.as_bytes().to_vec();
        other[at] += 1;
        assert!(VerifierKey::read(&String::from_utf8(other).unwrap()).is_err(), "{at}");
    }
    let long = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    assert_eq!(VerifierKey::read(long), Err(NoKey::Form));
    let unknown = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(VerifierKey::read(unknown), Err(NoKey::Algorithm(0x65)));
}

#[test]
fn the_examples_of_c2sp_are_read() {
    let example = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        \u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let note = Note::read(example.as_bytes()).unwrap();
    let checkpoint = Checkpoint::read(note.text()).unwrap();
    assert_eq!((checkpoint.origin, checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(checkpoint.root, hex("0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"));
    let names: Vec<(&str, u32)> = note.signatures().map(|one| (one.name, one.id)).collect();
    assert_eq!(names, [("example.com/behind-the-sofa", 0x033d_e0ae), ("witness.example.com/w1", 0x8d66_cf3f)]);
    // The text of a note may have empty lines: the last one divides.
    let poem = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        \u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    assert!(Note::read(poem.as_bytes()).unwrap().text().ends_with("sera.\n"));
}

#[test]
fn paths_of_tiles_as_c2sp_has_them() {
    let path = |tile: Result<Tile, _>| tile.map(|tile: Tile| tile.to_string()).unwrap_or_default();
    assert_eq!(path(Tile::of_hashes(0, 1_234_067, u64::MAX)), "tile/0/x001/x234/067");
    assert_eq!(path(Tile::of_entries(1_000, u64::MAX)), "tile/entries/x001/000");
    // A tree of 70,000 entries.
    assert_eq!(path(Tile::of_hashes(0, 272, 70_000)), "tile/0/272");
    assert_eq!(path(Tile::of_hashes(0, 273, 70_000)), "tile/0/273.p/112");
    assert_eq!(path(Tile::of_hashes(0, 274, 70_000)), "", "there is none");
    assert_eq!(path(Tile::of_hashes(1, 0, 70_000)), "tile/1/000");
    assert_eq!(path(Tile::of_hashes(1, 1, 70_000)), "tile/1/001.p/17");
    assert_eq!(path(Tile::of_hashes(2, 0, 70_000)), "tile/2/000.p/1");
    assert_eq!(path(Tile::of_hashes(1, 0, 256)), "tile/1/000.p/1");
    assert_eq!(path(Tile::of_hashes(8, 0, u64::MAX)), "");
    assert_eq!(path(Tile::of_entries(u64::MAX, u64::MAX)), "");
}
