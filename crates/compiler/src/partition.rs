//! Partition: which states of an automaton nothing tells apart (Hopcroft). The work is states times
//! classes times a logarithm, whatever the automaton looks like.

/// The states of a partition, those of one block beside each other.
struct Partition {
    states: Vec<u32>,
    /// Where each state is in `states`.
    place: Vec<usize>,
    block: Vec<u32>,
    /// For each block: where it begins, how many of its states are marked, where it ends.
    bounds: Vec<(usize, usize, usize)>,
}

/// The block of each state in the coarsest partition whose blocks lead to blocks. State 0 never
/// matches, state 1 has matched, and each is a block of its own; `rows` are the others, all of them
/// of one length.
pub(crate) fn coarsest(rows: &[Vec<u32>]) -> Vec<u32> {
    let total = rows.len() + 2;
    let columns = rows.first().map_or(0, Vec::len);
    let sources: Vec<Sources> = (0..columns).map(|column| Sources::new(rows, column, total)).collect();
    let mut partition = Partition {
        states: (0..total as u32).collect(),
        place: (0..total).collect(),
        block: (0..total as u32).map(|state| state.min(2)).collect(),
        bounds: vec![(0, 0, 1), (1, 1, 2), (2, 2, total)],
    };
    // Of the first three blocks any two are enough; the third is what is left.
    let mut waiting: Vec<u32> = vec![0, 1];
    let mut is_waiting = vec![true, true, false];
    let mut touched: Vec<u32> = Vec::new();
    while let Some(splitter) = waiting.pop() {
        set(&mut is_waiting, splitter, false);
        let states: Vec<u32> = partition.states_of(splitter).to_vec();
        for of in &sources {
            for state in states.iter().flat_map(|state| of.of(*state)) {
                if let Some(block) = partition.mark(*state) {
                    touched.push(block);
                }
            }
            for block in touched.drain(..) {
                let Some((new, new_is_smaller)) = partition.split(block) else { continue };
                is_waiting.push(false);
                // Where the whole waits, both halves must; else the smaller one is enough.
                let whole = is_waiting.get(block as usize).copied().unwrap_or(false);
                let next = if whole || new_is_smaller { new } else { block };
                set(&mut is_waiting, next, true);
                waiting.push(next);
            }
        }
    }
    partition.block
}

fn set(flags: &mut [bool], at: u32, to: bool) {
    if let Some(flag) = flags.get_mut(at as usize) {
        *flag = to;
    }
}

/// For one column, the states that lead to each state.
struct Sources {
    starts: Vec<usize>,
    states: Vec<u32>,
}

impl Sources {
    fn new(rows: &[Vec<u32>], column: usize, total: usize) -> Self {
        let target = |row: &Vec<u32>| row.get(column).copied().unwrap_or(0) as usize;
        let mut starts = vec![0; total + 1];
        for row in rows {
            if let Some(count) = starts.get_mut(target(row) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut states = vec![0; rows.len()];
        for (state, row) in (2_u32..).zip(rows) {
            let Some(at) = next.get_mut(target(row)) else { continue };
            if let Some(place) = states.get_mut(*at) {
                *place = state;
            }
            *at += 1;
        }
        Self { starts, states }
    }

    fn of(&self, state: u32) -> &[u32] {
        let state = state as usize;
        let bounds = self.starts.get(state).zip(self.starts.get(state + 1));
        bounds.and_then(|(from, to)| self.states.get(*from..*to)).unwrap_or(&[])
    }
}

impl Partition {
    fn states_of(&self, block: u32) -> &[u32] {
        let bounds = self.bounds.get(block as usize);
        bounds.and_then(|(from, _, to)| self.states.get(*from..*to)).unwrap_or(&[])
    }

    /// Moves a state to the marked ones of its block; the block, where it is the first of them.
    fn mark(&mut self, state: u32) -> Option<u32> {
        let block = *self.block.get(state as usize)?;
        let at = *self.place.get(state as usize)?;
        let (from, marked, _) = self.bounds.get_mut(block as usize)?;
        if at < *marked {
            return None;
        }
        let (first, to) = (*marked == *from, *marked);
        *marked += 1;
        let other = *self.states.get(to)?;
        self.states.swap(at, to);
        *self.place.get_mut(state as usize)? = to;
        *self.place.get_mut(other as usize)? = at;
        first.then_some(block)
    }

    /// Makes a block of the marked states, unless all are; and says whether it is the smaller half.
    fn split(&mut self, block: u32) -> Option<(u32, bool)> {
        let new = self.bounds.len() as u32;
        let bounds = self.bounds.get_mut(block as usize)?;
        let (from, marked, to) = *bounds;
        if marked == to {
            *bounds = (from, from, to);
            return None;
        }
        *bounds = (marked, marked, to);
        self.bounds.push((from, from, marked));
        for state in self.states.get(from..marked)? {
            *self.block.get_mut(*state as usize)? = new;
        }
        Some((new, marked - from <= to - marked))
    }
}

#[cfg(test)]
mod tests {
    use super::coarsest;

    /// The same in the plainest way: refine until nothing changes.
    fn refined(rows: &[Vec<u32>]) -> Vec<u32> {
        let mut block: Vec<u32> = (0..rows.len() as u32 + 2).map(|state| state.min(2)).collect();
        loop {
            let key = |(at, row): (usize, &Vec<u32>)| {
                let targets: Vec<u32> = row.iter().map(|target| block[*target as usize]).collect();
                (block[at + 2], targets)
            };
            let keys: Vec<_> = rows.iter().enumerate().map(key).collect();
            let first = |at: usize| keys.iter().position(|key| *key == keys[at]).unwrap() as u32 + 2;
            let next: Vec<u32> = [0, 1].into_iter().chain((0..rows.len()).map(first)).collect();
            if next == block {
                return block;
            }
            block = next;
        }
    }

    proptest::proptest! {
        #[test]
        fn it_is_what_refining_until_nothing_changes_finds(
            rows in (1_usize..40, 1_usize..4).prop_flat_map(|(states, columns)| {
                let target = 0..states as u32 + 2;
                proptest::collection::vec(proptest::collection::vec(target, columns), states)
            })
        ) {
            let (found, expected) = (coarsest(&rows), refined(&rows));
            for a in 0..found.len() {
                for b in 0..a {
                    proptest::prop_assert_eq!(found[a] == found[b], expected[a] == expected[b], "{} and {}", a, b);
                }
            }
        }
    }

    use proptest::strategy::Strategy as _;
}
