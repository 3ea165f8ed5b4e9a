//! The same seed gives the same bytes, whatever the threads and the shards.

use contentcheck_simulate::{Options, Policy, Scenario, compare};

type Checked = Result<(), Box<dyn core::error::Error>>;

#[test]
fn threads_and_shards_change_no_byte() -> Checked {
    let scenarios: Vec<Scenario> =
        ["july-19", "silent-hang", "leak", "oscillating"].into_iter().filter_map(Scenario::named).collect();
    let policies = [Policy::standard()?, Policy::at_once()];
    for seeds in [1, 3] {
        let base = Options { devices: 40_000, days: 5, seeds, threads: 1, ..Options::default() };
        let expected = compare(&scenarios, &policies, base)?;
        let (json, page) = (serde_json::to_vec(&expected)?, expected.html());
        for (threads, shard) in [(2, 32_768), (4, 32_768), (1, 1_000), (2, 4_099), (4, 65_535), (3, 37)] {
            let again = compare(&scenarios, &policies, Options { threads, shard, ..base })?;
            assert!(serde_json::to_vec(&again)? == json, "{threads} threads, {shard} devices a shard");
            assert!(again.html() == page);
        }
    }
    Ok(())
}

#[test]
fn another_seed_gives_another_course() -> Checked {
    let scenario = Scenario::named("july-19").ok_or("none")?;
    let options = Options { devices: 40_000, days: 2, seeds: 3, ..Options::default() };
    let runs = contentcheck_simulate::runs(&scenario, &Policy::at_once(), options)?;
    assert!(runs.windows(2).all(|pair| pair[0].curve != pair[1].curve));
    assert!(runs.iter().zip(0..).all(|(run, seed)| run.seed == seed));
    Ok(())
}

#[test]
fn a_fleet_that_is_too_small_is_refused_and_not_simulated() -> Checked {
    let scenario = Scenario::named("good").ok_or("none")?;
    let options = Options { devices: 5_000, days: 1, seeds: 1, ..Options::default() };
    let refused = contentcheck_simulate::run(&scenario, &Policy::standard()?, options);
    assert!(refused.is_err_and(|why| why.to_string().contains("ring 0")));
    Ok(())
}
