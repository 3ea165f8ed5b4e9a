//! Trees of every size up to a few hundred: what the definition proves is accepted, and nothing else.

use contentcheck_log::{Hash, is_consistent, is_included};
use proptest::prelude::*;

use crate::common::{consistency, entries, path, root};

const MOST: usize = 260;

#[test]
fn every_entry_of_every_tree_is_in_it_and_at_no_other_place() {
    let all = entries(MOST);
    for size in 1..=MOST {
        let tree = &all[..size];
        let whole = Hash(root(tree));
        // All of them for small trees, a few for large ones.
        for at in (0..size).step_by(size / 40 + 1) {
            let leaf = Hash::of_leaf(&tree[at]);
            let path: Vec<Hash> = path(at, tree).into_iter().map(Hash).collect();
            let holds = |at: usize, size: usize| is_included(at as u64, size as u64, leaf, path.iter().copied(), whole);
            assert!(holds(at, size), "{at} of {size}");
            assert!(!holds(at + 1, size) && !holds(size, size), "{at} of {size}");
            assert!(!is_included(at as u64, size as u64, leaf, path.iter().copied().chain([whole]), whole));
            if let Some((_, shorter)) = path.split_last() {
                assert!(!is_included(at as u64, size as u64, leaf, shorter.iter().copied(), whole));
            }
        }
    }
}

#[test]
fn every_tree_began_as_each_smaller_one_and_as_no_other() {
    let all = entries(MOST);
    let mut others = all.clone();
    others[0] = b"another".to_vec();
    for size in (1..=MOST).filter(|size| *size < 40 || size % 7 == 0) {
        let now = (size as u64, Hash(root(&all[..size])));
        for old in 0..=size {
            let proof: Vec<Hash> = consistency(old, &all[..size]).into_iter().map(Hash).collect();
            let then = (old as u64, Hash(root(&all[..old])));
            assert!(is_consistent(then, now, proof.iter().copied()), "{old} to {size}");
            assert!(!is_consistent(then, now, proof.iter().copied().chain([now.1])), "{old} to {size}, and more");
            if old > 0 {
                let another = (old as u64, Hash(root(&others[..old])));
                assert!(!is_consistent(another, now, proof.iter().copied()), "another {old} to {size}");
                assert!(!is_consistent(now, then, proof.iter().copied()) || old == size, "{size} to {old}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_proof_with_one_bit_changed_holds_nothing(size in 1_usize..400, at in any::<prop::sample::Index>(),
        old in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>()) {
        let tree = entries(size);
        let whole = Hash(root(&tree));
        let at = at.index(size);
        let mut path: Vec<Hash> = path(at, &tree).into_iter().map(Hash).collect();
        let leaf = Hash::of_leaf(&tree[at]);
        prop_assert!(is_included(at as u64, size as u64, leaf, path.iter().copied(), whole));
        // Leaf, root, or a hash of the path.
        let flip = |hash: &mut Hash, bit: usize| hash.0[bit / 8] ^= 1 << (bit % 8);
        let bit = bit.index(256 * (path.len() + 2));
        let (mut other_leaf, mut other_root) = (leaf, whole);
        match bit / 256 {
            0 => flip(&mut other_leaf, bit % 256),
            1 => flip(&mut other_root, bit % 256),
            hash => flip(&mut path[hash - 2], bit % 256),
        }
        prop_assert!(!is_included(at as u64, size as u64, other_leaf, path.iter().copied(), other_root));

        let old = 1 + old.index(size);
        let then = (old as u64, Hash(root(&tree[..old])));
        let mut proof: Vec<Hash> = consistency(old, &tree).into_iter().map(Hash).collect();
        prop_assert!(is_consistent(then, (size as u64, whole), proof.iter().copied()));
        if !proof.is_empty() {
            let bit = bit % (256 * proof.len());
            flip(&mut proof[bit / 256], bit % 256);
            prop_assert!(!is_consistent(then, (size as u64, whole), proof.iter().copied()));
        }
    }
}
