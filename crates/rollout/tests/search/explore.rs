//! Breadth first: everything that can happen in so many moves, from each point of a rollout.

use std::collections::HashSet;
use std::thread;

use crate::ghost::Harm;
use crate::moves::{Claim, Draw, Opens};
use crate::moves::{KeysOf, Lie, Move, Until, Wait, Which};
use crate::people::By;
use crate::world::{Without, World};

/// A point to begin at: how it was come to, in the words of the trace, and the world there.
struct Root {
    name: &'static str,
    world: World,
}

/// What a search found.
pub(crate) struct Found {
    /// Worlds that are not alike, and the moves that were tried in them.
    pub(crate) worlds: usize,
    pub(crate) tried: usize,
    /// The first harm, and how it came about.
    pub(crate) harm: Option<(Harm, Vec<String>)>,
}

/// The honest beginning of a log.
const BEGINS: [Move; 3] =
    [Move::Keys(KeysOf::First, By::People), Move::Census(By::People, false), Move::Release(By::People, false)];
const PLAN: Move = Move::Plan { older: false, reverts: false, by: By::People, is_held: false };
const START: Move = Move::Start(Which::Newest, Draw::Right, Claim::Now);
const OPEN: Move = Move::Open(Which::Newest, Opens::Next);
const KEPT: Move = Move::Resume(Which::Newest, By::People, true);
const HALT: Move = Move::Halt(Which::Newest, By::People);

/// The points of rollouts from which the search begins.
fn roots(without: Without) -> Vec<Root> {
    let late = ["late", "good", "good"];
    let good = ["good", "late", "good"];
    let unseen = ["unseen", "good", "good"];
    let open = &[PLAN, START, OPEN][..];
    let everywhere = [open, &[Move::Advance; 3]].concat();
    let again = [&everywhere[..], &[Move::Wait(Wait::Baked), Move::Release(By::People, false)]].concat();
    let after = ["after", "good", "good"];
    let next = [Move::Release(By::People, false), PLAN, Move::Release(By::People, false)];
    let rejected = [&everywhere[..], &[Move::Wait(Wait::Long); 6], &[Move::Report], &next].concat();
    let takes_back = Move::Plan { older: false, reverts: true, by: By::People, is_held: false };
    let failed = Move::Evidence(Which::First, false, Until::Now, Lie::None);
    let next_back = [Move::Release(By::People, false), PLAN, Move::Release(By::People, false), takes_back];
    let failing =
        [&everywhere[..], &[Move::Wait(Wait::Baked)], &next_back, &[Move::Wait(Wait::Long); 6], &[failed]].concat();
    let (nearly, goes_on) = (Move::Wait(Wait::NearlyBaked), Move::Resume(Which::Newest, By::People, false));
    let resumed = [Move::Wait(Wait::Baked), HALT, goes_on, nearly, Move::Report];
    let two = [Move::Release(By::People, false)];
    let points: Vec<(&'static str, [&'static str; 3], Vec<Move>)> = vec![
        ("nothing is in the log", late, vec![]),
        ("a release that crashes late is in the log", late, BEGINS.to_vec()),
        ("it is planned", late, [&BEGINS[..], &[PLAN]].concat()),
        ("it is started", late, [&BEGINS[..], &[PLAN, START]].concat()),
        ("its first ring is open", late, [&BEGINS, open].concat()),
        ("its second ring is open", late, [&BEGINS, open, &[Move::Advance]].concat()),
        ("its third ring is open", late, [&BEGINS, open, &[Move::Advance, Move::Advance]].concat()),
        (
            "its first ring was halted and went on, and was reported on three minutes before that is long enough ago",
            late,
            [&BEGINS, open, &resumed].concat(),
        ),
        (
            "its second ring has been open for long enough",
            late,
            [&BEGINS, open, &[Move::Advance, Move::Wait(Wait::Baked)]].concat(),
        ),
        (
            "its second ring is open, it was halted, and the server kept back for a bake that two people let it go on",
            late,
            [&BEGINS, open, &[Move::Advance, HALT, KEPT, Move::Wait(Wait::Baked)]].concat(),
        ),
        ("its second ring is open, and it is halted", late, [&BEGINS, open, &[Move::Advance, HALT]].concat()),
        ("two releases are in the log", late, [&BEGINS[..], &two].concat()),
        ("of two releases the first one's first ring is open", late, [&BEGINS, open, &two].concat()),
        (
            "its third ring has just opened, it was halted, and another release is planned",
            late,
            [&BEGINS, open, &[Move::Advance, Move::Advance, HALT], &two, &[PLAN]].concat(),
        ),
        (
            "of a release of which half of the devices show nothing the first ring is open",
            unseen,
            [&BEGINS, open].concat(),
        ),
        ("a good release is everywhere, and one that crashes late is in the log", good, [&BEGINS, &again[..]].concat()),
        (
            "a good release is everywhere, and of one that crashes late the first ring is open",
            good,
            [&BEGINS, &again[..], open].concat(),
        ),
        (
            "a release that was everywhere was rejected there, another one is planned, and a third one has the first one's content",
            after,
            [&BEGINS, &rejected[..]].concat(),
        ),
        (
            "a release that was everywhere fails there, after one with its content is planned to take another one back",
            after,
            [&BEGINS, &failing[..]].concat(),
        ),
    ];
    let mut roots = Vec::new();
    for (name, natures, path) in points {
        let mut world = World::new(without, natures, [1, 2, 1]);
        let came = path.iter().all(|step| match world.after(*step) {
            Some((next, _)) => {
                world = next;
                true
            }
            None => false,
        });
        if came {
            world.forget();
            roots.push(Root { name, world });
        }
    }
    roots
}

/// Points of rollouts from which a search begins.
pub(crate) const POINTS: usize = 19;

/// Those that are reached without anything taken out.
pub(crate) fn root_count() -> usize {
    roots(Without::Nothing).len()
}

struct Step {
    parent: Option<usize>,
    what: String,
}

type Child = (usize, Move, World, Vec<Harm>, u128);

/// What is as good as equal.
pub(crate) fn digest(key: &[u8]) -> u128 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        key.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Everything that can happen in so many moves, until the first harm, or the first of the kind that is looked for.
pub(crate) fn explore(without: Without, wanted: Option<Harm>, depth: usize, threads: usize) -> Found {
    let moves = Move::all();
    let mut steps: Vec<Step> = Vec::new();
    let mut known = HashSet::new();
    let mut front: Vec<(usize, World)> = Vec::new();
    let mut found = Found { worlds: 0, tried: 0, harm: None };
    for root in roots(without) {
        known.insert(digest(root.world.key().as_bytes()));
        front.push((steps.len(), root.world));
        steps.push(Step { parent: None, what: root.name.to_owned() });
    }
    found.worlds = front.len();
    for level in 1..=depth {
        let mut next = Vec::new();
        // In pieces, so that the first harm ends the search soon.
        for piece in front.chunks(64) {
            let part = piece.len().div_ceil(threads);
            let children: Vec<Child> = thread::scope(|scope| {
                let parts = piece.chunks(part.max(1)).map(|part| scope.spawn(|| grow(part, &moves)));
                let parts: Vec<_> = parts.collect();
                parts.into_iter().filter_map(|part| part.join().ok()).flatten().collect()
            });
            found.tried += piece.len() * moves.len();
            for (parent, step, world, harms, key) in children {
                if let Some(harm) = harms.iter().find(|harm| wanted.is_none_or(|wanted| wanted == **harm)) {
                    steps.push(Step { parent: Some(parent), what: step.to_string() });
                    found.harm = Some((*harm, trace(&steps)));
                    return found;
                }
                if known.insert(key) {
                    found.worlds += 1;
                    if level < depth {
                        next.push((steps.len(), world));
                        steps.push(Step { parent: Some(parent), what: step.to_string() });
                    }
                }
            }
        }
        front = next;
    }
    found
}

fn grow(part: &[(usize, World)], moves: &[Move]) -> Vec<Child> {
    let mut children = Vec::new();
    for (parent, world) in part {
        for step in moves {
            if let Some((after, harms)) = world.after(*step) {
                let key = digest(after.key().as_bytes());
                children.push((*parent, *step, after, harms, key));
            }
        }
    }
    children
}

fn trace(steps: &[Step]) -> Vec<String> {
    let mut trace = Vec::new();
    let mut at = steps.len().checked_sub(1);
    while let Some(step) = at.and_then(|at| steps.get(at)) {
        trace.push(step.what.clone());
        at = step.parent;
    }
    trace.reverse();
    trace
}
