//! What holds for every file.

use proptest::prelude::*;

use super::generate::file;
use super::{EXAMPLE, findings, formatted, read, shape};

fn notes(text: &str) -> Vec<String> {
    let parsed = read(text);
    parsed.ast.comments().iter().map(|span| parsed.ast.source().slice(*span).trim_end().to_owned()).collect()
}

proptest! {
    #[test]
    fn print_and_parse_give_the_same_tree(text in file()) {
        let before = read(&text);
        prop_assert!(before.ast.is_intact(), "{}\n{text}", findings(&text));
        let printed = formatted(&text);
        let after = read(&printed);
        prop_assert!(after.ast.is_intact(), "{}\n{printed}", findings(&printed));
        prop_assert_eq!(shape(&before), shape(&after), "{}", printed);
        prop_assert_eq!(notes(&text), notes(&printed), "{}", printed);
    }

    #[test]
    fn formatting_twice_changes_nothing(text in file()) {
        let once = formatted(&text);
        prop_assert_eq!(&formatted(&once), &once, "{}", text);
    }

    #[test]
    fn what_is_printed_is_tidy(text in file()) {
        let printed = formatted(&text);
        prop_assert!(printed.ends_with('\n') && !printed.ends_with("\n\n"));
        prop_assert!(!printed.contains("\n\n\n"));
        prop_assert!(printed.lines().all(|line| line.trim_end() == line), "{printed}");
        prop_assert!(!findings(&printed).contains("CC0137"), "{printed}");
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_mutation_is_too_strange(
        text in file(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[\\PC\n]{0,3}|\"|\\}|\\(|\\[|and|when|rule"), 1..6),
    ) {
        let mut signs: Vec<char> = text.chars().chain(EXAMPLE.chars()).collect();
        for (at, insert) in edits {
            let at = at.index(signs.len());
            signs.splice(at..(at + insert.len() % 3).min(signs.len()), insert.chars());
        }
        let text: String = signs.into_iter().collect();
        let parsed = read(&text);
        prop_assert_eq!(super::super::format(&parsed.ast).is_ok(), parsed.ast.is_intact());
        for found in &parsed.diagnostics {
            prop_assert!(text.get(found.span.range()).is_some(), "{found} has a span outside the text");
        }
    }
}
