//! The statistics against tables that were computed elsewhere, closed forms, and simulation.
use contentcheck_log::Hash;
use contentcheck_rollout::entry::{Evidence, Observed};
use contentcheck_rollout::statistics::{
    NoDesign, Pairs, Rate, Sprt, Verdict, e_value, e_value_two_sided, halt_at, mean, rate_e_value, unseen,
};
use contentcheck_rollout::{Census, Policy, Stratum, judge};
use proptest::prelude::*;

fn is_near(found: f64, expected: f64, relative: f64) -> bool {
    (found - expected).abs() <= relative * expected.abs().max(1e-300)
}

/// A row: good, bad, both errors; devices at which 0 to 3 failures are accepted; the most devices of which 2 and 3 are
/// rejected; how often good content is rejected, how often bad is accepted; devices on average.
type Row = ((f64, f64, f64, f64), [u64; 4], [u64; 2], (f64, f64), (f64, f64));

/// By dynamic programming over devices and failures; the last row is the example of the NIST handbook of statistics, 6.2.6.
const ROWS: [Row; 6] = [
    ((1e-3, 5e-2, 1e-3, 1e-3), [138, 217, 295, 374], [20, 99], (3.4141e-4, 9.6685e-4), (149.7109, 57.4310)),
    (
        (1e-4, 5e-3, 1e-3, 1e-3),
        [1_406, 2_204, 3_001, 3_798],
        [188, 986],
        (3.3208e-4, 1.00000e-3),
        (1526.8392, 580.4873),
    ),
    ((1e-3, 1e-2, 1e-2, 1e-2), [508, 764, 1_019, 1_275], [3, 258], (4.53841e-3, 1.001700e-2), (675.8824, 386.1857)),
    (
        (1e-4, 1e-3, 1e-2, 1e-2),
        [5_103, 7_661, 10_219, 12_777],
        [13, 2_571],
        (4.55555e-3, 1.005399e-2),
        (6790.1359, 3868.4560),
    ),
    (
        (1e-5, 1e-3, 1e-3, 1e-3),
        [6_973, 11_624, 16_274, 20_925],
        [2_327, 6_978],
        (3.0955e-4, 1.00064e-3),
        (7308.3194, 2350.3572),
    ),
    ((1e-2, 1e-1, 5e-2, 1e-1), [24, 49, 74, 100], [19, 45], (2.204711e-2, 9.957880e-2), (30.2127, 22.3692)),
];

#[test]
fn the_test_of_a_share_has_the_bounds_and_errors_of_the_table() {
    for ((good, bad, alpha, beta), accepted, rejected, errors, means) in ROWS {
        let test = Sprt::new(good, bad, alpha, beta).unwrap();
        for (failures, devices) in (0..).zip(accepted) {
            assert_eq!(test.accepts_at(failures), devices, "{good} {bad}: {failures} accepted");
            assert_ne!(test.verdict(failures, devices - 1), Verdict::Accept);
        }
        for (failures, devices) in (2..).zip(rejected) {
            assert_eq!(test.rejects_until(failures), Some(devices), "{good} {bad}: {failures} rejected");
            assert_eq!(test.verdict(failures, devices), Verdict::Reject);
            assert_ne!(test.verdict(failures, devices + 1), Verdict::Reject);
        }
        let (of_good, of_bad) = (test.characteristics(good), test.characteristics(bad));
        assert!(is_near(of_good.rejects, errors.0, 2e-5), "{good} {bad}: {of_good:?}");
        assert!(is_near(of_bad.accepts, errors.1, 2e-5), "{good} {bad}: {of_bad:?}");
        assert!(is_near(of_good.mean, means.0, 5e-6) && is_near(of_bad.mean, means.1, 5e-6), "{of_good:?} {of_bad:?}");
        for of in [of_good, of_bad] {
            assert!(is_near(of.accepts + of.rejects, 1.0, 1e-12));
        }
    }
}

/// A random number of a seed and two counters, the same everywhere.
fn random(seed: u64, course: u64, step: u64) -> f64 {
    let mut bits = seed ^ course.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ step.wrapping_mul(0xD1B5_4A32_D192_ED03);
    for _ in 0..2 {
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
    }
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// Courses of the first row, drawn: within four standard errors of what was computed.
#[test]
fn drawn_courses_do_what_was_computed() {
    const COURSES: u64 = 20_000;
    let test = Sprt::new(1e-3, 5e-2, 1e-3, 1e-3).unwrap();
    for share in [1e-3, 5e-2, 1e-2] {
        let (mut rejected, mut sum, mut squares) = (0_u64, 0.0, 0.0);
        for course in 0..COURSES {
            let (mut failures, mut settled) = (0, 0);
            let verdict = loop {
                failures += u64::from(random(7, course, settled) < share);
                settled += 1;
                match test.verdict(failures, settled) {
                    Verdict::Continue => {}
                    verdict => break verdict,
                }
            };
            rejected += u64::from(verdict == Verdict::Reject);
            sum += settled as f64;
            squares += (settled as f64).powi(2);
        }
        let (count, computed) = (COURSES as f64, test.characteristics(share));
        let error = (computed.rejects * (1.0 - computed.rejects) / count).sqrt();
        assert!((rejected as f64 / count - computed.rejects).abs() <= 4.0 * error, "{share}: {rejected}");
        let average = sum / count;
        let error = ((squares / count - average * average) / count).sqrt();
        assert!((average - computed.mean).abs() <= 4.0 * error, "{share}: {average} beside {computed:?}");
    }
}

/// Failures as they come and successes at the end: the order that rejects good content. By hours, and in the order of
/// deadlines, it is not rejected.
#[test]
fn a_good_release_is_not_rejected_for_the_order_of_reports() {
    let test = Sprt::new(1e-3, 5e-2, 1e-3, 1e-3).unwrap();
    // Two failures without a success are enough, so a ring is rejected wherever two of its devices fail.
    assert_eq!((test.verdict(1, 1), test.verdict(2, 2)), (Verdict::Continue, Verdict::Reject));
    for (ring, expected) in [(300.0, 0.036), (1000.0, 0.265), (3000.0, 0.801), (8500.0, 0.998)] {
        let none = libm(0.999, ring);
        let rejected = 1.0 - none - ring * 1e-3 * none / 0.999;
        assert!((rejected - expected).abs() < 0.002, "{ring}: {rejected}");
    }
    assert!(test.characteristics(1e-3).rejects < 1e-3);
    // The same ring by hours: 8,500 devices for four hours, of which as many fail as are good.
    let rate = Rate::new(1e-3 / 4.0, 5e-2 / 4.0, 1e-3, 1e-3).unwrap();
    for minutes in 1..=240_u32 {
        let hours = 8500.0 * f64::from(minutes) / 60.0;
        let events = (hours * 1e-3 / 4.0).round() as u64;
        assert_ne!(rate.verdict(events, hours), Verdict::Reject, "after {minutes} minutes");
    }
}

fn libm(base: f64, power: f64) -> f64 {
    (power * base.ln()).exp()
}

#[test]
fn the_test_of_a_rate_has_the_bounds_of_the_table() {
    let rate = Rate::new(1e-4, 1e-3, 1e-2, 1e-2).unwrap();
    for (events, hours) in (0..).zip([5105.68872, 7664.11660, 10222.54450, 12780.97240]) {
        assert!(is_near(rate.accepts_at(events), hours, 1e-8), "{events}");
    }
    for (events, hours) in (2..).zip([11.1670398, 2569.59492, 5128.02280]) {
        assert!(is_near(rate.rejects_until(events).unwrap(), hours, 1e-8), "{events}");
    }
    assert_eq!((rate.rejects_until(1), rate.verdict(1, 0.0)), (None, Verdict::Continue));
    let rate = Rate::new(1e-5, 1e-3, 1e-3, 1e-3).unwrap();
    assert!(is_near(rate.accepts_at(0), 6976.51998, 1e-8) && is_near(rate.accepts_at(1), 11628.2070, 1e-8));
    assert!(is_near(rate.rejects_until(2).unwrap(), 2326.85413, 1e-8));
    assert!(is_near(rate.rejects_until(3).unwrap(), 6978.54119, 1e-8));
    // The family of MIL-HDBK-781, plan III-D: accept at 4.394 + 1.386 k.
    let rate = Rate::new(0.5, 1.0, 0.1, 0.1).unwrap();
    for events in 0..9 {
        assert!(is_near(rate.accepts_at(events), 4.39444915 + 1.38629436 * events as f64, 1e-8));
    }
}

#[test]
fn pairs_have_the_bounds_of_the_table() {
    for (odds, error, rejected, accepted) in [(5.0, 1e-3, 14, 7), (10.0, 1e-3, 12, 5), (2.0, 1e-2, 16, 12)] {
        let test = Pairs::new(odds, error, error).unwrap();
        assert_eq!((test.verdict(rejected - 1, 0), test.verdict(rejected, 0)), (Verdict::Continue, Verdict::Reject));
        assert_eq!((test.verdict(0, accepted - 1), test.verdict(0, accepted)), (Verdict::Continue, Verdict::Accept));
    }
}

#[test]
fn e_values_are_those_of_the_table() {
    let two_sided = [
        ((5, 5, 0.5), 1.67397643357),
        ((10, 10, 0.5), 4.5335765328),
        ((10, 11, 0.5), 2.74181706357),
        ((20, 30, 0.5), 0.142220897312),
        ((100, 200, 0.5), -2.42710487735),
        ((2, 2, 0.01), 8.11172808331),
        ((3, 3, 0.01), 12.4292161968),
        ((2, 7, 0.01), 4.13662807184),
        ((12, 112, 0.01), 15.5154724502),
    ];
    for ((new, all, theta), expected) in two_sided {
        let found = e_value_two_sided(new, all, theta);
        assert!((found - expected).abs() < 1e-9, "{new} of {all}, {theta}: {found}");
    }
    let one_sided = [
        ((3, 3, 0.5), 3.75),
        ((5, 5, 0.5), 10.5),
        ((8, 8, 0.5), 56.77777778),
        ((2, 2, 0.01), 3367.0),
        ((3, 3, 0.01), 252525.25),
        ((0, 100, 0.01), 0.009900990099),
        ((12, 112, 0.01), 5_529029.086),
    ];
    for ((new, all, theta), expected) in one_sided {
        let found = e_value(new, all, theta).exp();
        assert!(is_near(found, expected, 1e-9), "{new} of {all}, {theta}: {found}");
    }
}

/// The mean of an e-value over what good content brings about is at most 1, at each number of events; that is what makes it one.
#[test]
fn an_e_value_is_one_on_average() {
    for theta in [0.01_f64, 0.2, 0.5, 0.9] {
        for all in [1_u64, 2, 5, 20, 60] {
            let mut chance = (1.0 - theta).powi(all as i32);
            let (mut one_sided, mut two_sided) = (0.0, 0.0);
            for new in 0..=all {
                one_sided += chance * e_value(new, all, theta).exp();
                two_sided += chance * e_value_two_sided(new, all, theta).exp();
                chance *= (all - new) as f64 / (new + 1) as f64 * theta / (1.0 - theta);
            }
            assert!(
                is_near(one_sided, 1.0, 1e-9) && is_near(two_sided, 1.0, 1e-9),
                "{theta} {all}: {one_sided} {two_sided}"
            );
        }
    }
}

#[test]
fn many_tests_are_paid_for() {
    assert!(is_near(halt_at(1, 1, 0.001), 1_000_f64.ln(), 1e-12));
    assert!(is_near(halt_at(20, 20, 0.001), 400_000_f64.ln(), 1e-12));
    // Uncorrected, 400 tests at one in a thousand halt a third of good releases.
    assert!(is_near(1.0 - 0.999_f64.powi(400), 0.33, 0.01));
    assert!(is_near(mean(&[1_f64.ln(), 3_f64.ln()]).unwrap(), 2_f64.ln(), 1e-12));
    assert_eq!(mean(&[]), None);
    // Beyond what a number holds.
    assert!(is_near(mean(&[2000.0, 2000.0]).unwrap(), 2000.0, 1e-12));
    let large = e_value(5_000, 5_000, 1e-3);
    assert!(large.is_finite() && large > 30000.0);
}

#[test]
fn what_a_ring_cannot_see() {
    for (devices, share) in [(10, 0.259), (100, 0.0295), (1_000, 0.00299), (8_500, 0.000352)] {
        assert!(is_near(unseen(devices), share, 2e-3), "{devices}: {}", unseen(devices));
    }
    assert_eq!(unseen(0), 1.0);
}

#[test]
fn what_makes_no_sense_is_no_design() {
    for (good, bad) in [(0.0, 0.1), (0.1, 0.1), (0.2, 0.1), (0.1, 1.0), (f64::NAN, 0.1), (0.1, f64::NAN)] {
        assert_eq!(Sprt::new(good, bad, 0.01, 0.01), Err(NoDesign::Values));
    }
    for error in [0.0, 0.5, 1.0, -0.1, f64::NAN] {
        assert_eq!(Sprt::new(0.01, 0.1, error, 0.01), Err(NoDesign::Errors));
        assert_eq!(Rate::new(0.01, 0.1, 0.01, error), Err(NoDesign::Errors));
        assert_eq!(Pairs::new(2.0, error, 0.01), Err(NoDesign::Errors));
    }
    assert_eq!(Rate::new(1.0, f64::INFINITY, 0.01, 0.01), Err(NoDesign::Values));
    assert_eq!(Pairs::new(1.0, 0.01, 0.01), Err(NoDesign::Values));
    for theta in [0.0, 1.0, f64::NAN] {
        assert_eq!((e_value(3, 3, theta), e_value_two_sided(3, 3, theta)), (0.0, 0.0));
    }
}

proptest! {
    /// More failures of as many devices never make content better, and more devices with as many failures never make it worse.
    #[test]
    fn verdicts_are_monotone(failures in 0_u64..50, settled in 0_u64..5_000, good in 1e-5_f64..0.05, times in 2.0_f64..20.0) {
        let test = Sprt::new(good, (good * times).min(0.9), 1e-3, 1e-3).unwrap();
        let rank = |verdict| match verdict {
            Verdict::Accept => 0,
            Verdict::Continue => 1,
            Verdict::Reject => 2,
        };
        let settled = settled.max(failures);
        prop_assert!(rank(test.verdict(failures + 1, settled + 1)) >= rank(test.verdict(failures, settled + 1)));
        prop_assert!(rank(test.verdict(failures, settled + 1)) <= rank(test.verdict(failures, settled)));
        prop_assert!(e_value(failures + 1, settled + 1, good) >= e_value(failures, settled + 1, good));
        // More failures than devices are as many.
        prop_assert_eq!(test.verdict(settled + 7, settled), test.verdict(settled, settled));
        prop_assert_eq!(e_value(settled + 7, settled, good), e_value(settled, settled, good));
    }

    /// Where a test says that it accepts and rejects is where it does.
    #[test]
    fn bounds_are_where_verdicts_change(failures in 0_u64..40, good in 1e-4_f64..0.02, times in 2.0_f64..40.0) {
        let test = Sprt::new(good, (good * times).min(0.9), 1e-2, 1e-3).unwrap();
        let accepted = test.accepts_at(failures);
        prop_assert_eq!(test.verdict(failures, accepted), Verdict::Accept);
        prop_assert!(accepted == failures || test.verdict(failures, accepted - 1) != Verdict::Accept);
        match test.rejects_until(failures) {
            Some(most) => {
                prop_assert_eq!(test.verdict(failures, most), Verdict::Reject);
                prop_assert!(test.verdict(failures, most + 1) != Verdict::Reject);
            }
            None => prop_assert!(test.verdict(failures, failures) != Verdict::Reject),
        }
    }
}

/// The first failure of a few devices in their first hours is too many; of thousands of devices, or after weeks, it is not. Each bound is where
/// the e-value is 50.
#[test]
fn how_many_failures_are_too_many_depends_on_the_hours() {
    for (events, most) in [(1, 0.0049), (2, 0.05), (3, 0.14), (5, 0.46)] {
        let at = |expected: f64| rate_e_value(events, expected);
        assert!(
            at(most * 0.9) > 50.0_f64.ln() && at(most * 1.15) < 50.0_f64.ln(),
            "{events}: {} {}",
            at(most * 0.9),
            at(most * 1.15)
        );
    }
    // Without events and hours nothing is known, and hours without events say nothing against the content.
    assert!(rate_e_value(0, 0.0).abs() < 1e-12 && rate_e_value(0, 1e6) < 0.0);
    assert!(rate_e_value(1_000_000, 1e-9).is_finite() && rate_e_value(u64::from(u32::MAX) / 4_000, 1e12) < 0.0);
}

/// Of content that fails just as often as is called good, the chance that the e-value ever reaches 50 is at most one in fifty.
#[test]
fn a_rate_that_is_good_is_seldom_rejected() {
    let (runs, mut rejected) = (4_000, 0);
    let mut step = 0;
    let mut wait = |course: u64| -> f64 {
        step += 1;
        -random(11, course, step).max(f64::MIN_POSITIVE).ln()
    };
    for course in 0..runs {
        let (mut expected, mut events) = (0.0, 0);
        while expected < 20.0 {
            expected += wait(course);
            events += 1;
            if rate_e_value(events, expected) >= 50.0_f64.ln() {
                rejected += 1;
                break;
            }
        }
    }
    assert!(rejected <= runs / 50, "{rejected} of {runs}");
    // Content that fails a hundred times as often is found within a few failures.
    let (mut expected, mut events) = (0.0, 0);
    while rate_e_value(events, expected) < 50.0_f64.ln() {
        expected += wait(runs) / 100.0;
        events += 1;
    }
    assert!(events < 10, "{events}");
}

/// The order in which reports come, and how often somebody looks, do not stop good content: failures are told at once and health at the end,
/// and it is looked at after each report.
#[test]
fn early_failures_do_not_reject_good_content() -> Result<(), Box<dyn std::error::Error>> {
    const SEEDS: u64 = 300;
    const DEVICES: u32 = 102;
    let policy = Policy::read(Policy::SMALL)?;
    let stratum = Stratum { name: "all".to_owned(), devices: 1_000, held: 0, members: Vec::new() };
    let census = Census { devices: Hash([0; 32]), strata: vec![stratum] };
    let rejects = |share: f64| -> Result<u64, Box<dyn std::error::Error>> {
        let mut rejected = 0;
        for seed in 0..SEEDS {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut random = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 11) as f64 / (1_u64 << 53) as f64
            };
            for _ in 0..8 {
                random();
            }
            let mut seen = Observed::default();
            let mut is_rejected = false;
            for _ in 0..DEVICES {
                seen.receipts += 1;
                seen.reported += u32::from(random() < share);
                let evidence =
                    Evidence { ring: 1, until: 0, count: 0, reports: Hash([0; 32]), strata: vec![(0, seen)] };
                is_rejected |= judge(&census, &policy, 1, Some(&evidence))?.verdict.rejects();
            }
            rejected += u64::from(is_rejected);
        }
        Ok(rejected)
    };
    // The policy says that good content has one failure in a thousand devices, and may be rejected once in twenty.
    let good = rejects(0.001)?;
    assert!(good * 20 <= SEEDS, "{good} of {SEEDS}");
    // What it calls bad is seen before anybody is settled.
    let bad = rejects(0.1)?;
    assert!(bad * 20 >= SEEDS * 19, "{bad} of {SEEDS}");
    Ok(())
}
