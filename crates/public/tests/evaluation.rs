//! Public rules: each of their expressions compiles in its canonical form, and every rule can be
//! evaluated and explained.

use contentcheck_model::predicate::{Pattern, Test};
use contentcheck_model::regex::canonical;
use contentcheck_parser::release::{Checking, WithErrors};
use contentcheck_public::{corpus, gathered};
use contentcheck_reference::{Evaluator, Event};

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn public_rules_are_evaluated() {
    let judged = gathered(&[corpus("sigma")]).check(&Checking::with_threads(2)).judge();
    let content = judged.ship(WithErrors::LeaveOut).unwrap();
    assert!(content.rules().len() > 1_000, "{} rules", content.rules().len());
    let (mut expressions, mut automata, mut targets) = (0, 0, 0);
    for rule in content.rules() {
        for target in &rule.targets {
            target.condition.each(&mut |predicate, _| {
                let Test::Text { patterns, .. } = &*predicate.test else { return };
                for pattern in patterns {
                    if let Pattern::Matches(regex) = &pattern.pattern {
                        let canonical = canonical(regex, pattern.ignore_case);
                        regex::Regex::new(&canonical).unwrap_or_else(|error| panic!("{}: {error}", rule.name));
                        let dense = regex_automata::dfa::dense::Builder::new()
                            .syntax(regex_automata::util::syntax::Config::new().utf8(false))
                            .thompson(regex_automata::nfa::thompson::Config::new().utf8(false))
                            .configure(regex_automata::dfa::dense::Config::new().determinize_size_limit(Some(1 << 20)))
                            .build(&canonical);
                        match dense {
                            Ok(_) => automata += 1,
                            // How large an automaton may be is for the compiler to say.
                            Err(error) => assert!(error.is_size_limit_exceeded(), "{}: {error}", rule.name),
                        }
                        expressions += 1;
                    }
                }
            });
        }
    }
    assert!(expressions > 100, "{expressions} expressions");
    assert!(automata > 0, "no expression becomes a small automaton");
    let evaluator = Evaluator::new(&content).unwrap();
    for rule in evaluator.rules() {
        for prepared in &rule.targets {
            let event = Event::empty(&prepared.target().template);
            assert_eq!(prepared.evaluate(&event), prepared.explain(&event).holds, "{}", rule.rule.name);
            targets += 1;
        }
    }
    eprintln!(
        "{} rules, {targets} targets, {expressions} expressions, {automata} of them small automata",
        content.rules().len()
    );
}
