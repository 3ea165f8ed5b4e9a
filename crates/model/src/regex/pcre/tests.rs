//! What PCRE2 10.42 answers, in UTF mode, to each of these patterns. The answers are its own.

use crate::predicate::Regex;
use crate::regex::{Flags, canonical, inspect};

/// A pattern, strings that it matches and strings that it does not.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const ANSWERS: &[Row] = &[
    (r"\<b\>", &["a<b>c"], &["a b c", "b"]),
    (r"a\>b", &["a>b"], &["a b", "ab"]),
    (r#"\_\-\/\@\!\:\;\,\=\"\%\~\&\#"#, &["_-/@!:;,=\"%~&#"], &["x"]),
    ("^[x&&y]$", &["x", "&", "y"], &["z"]),
    ("^[a-z&&[^x]]$", &["q]", "&]", "[]", "^]"], &["x", "q", "A]"]),
    ("^[a~~b]$", &["a", "~", "b"], &["c"]),
    ("^[+--]$", &["+", ",", "-"], &[".", "*"]),
    ("^[^[=%!(]$", &["x"], &["[", "=", "%", "(", "!"]),
    ("^[[a]$", &["[", "a"], &["]"]),
    ("^[a[b]$", &["[", "a", "b"], &["c"]),
    ("^[]a]$", &["]", "a"], &["b"]),
    ("^[^]a]$", &["b"], &["]", "a"]),
    (r"^[\w-]$", &["-", "a"], &["."]),
    ("^[-a]$", &["-", "a"], &["b"]),
    ("^[a-c-x]$", &["b", "-", "x"], &["d"]),
    (r"^[a\-c]$", &["a", "-", "c"], &["b"]),
    ("^[:;=.]$", &[":", ";", "=", "."], &["a"]),
    (r"^[\b]$", &["\u{8}"], &["b", ""]),
    (r"^[\Qa-c]\E]$", &["a", "-", "c", "]"], &["b"]),
    ("^[[:alpha:]_]+$", &["aZ_"], &["a1", "é"]),
    ("^[[:^digit:]]$", &["a", "é"], &["1"]),
    ("^[[:word:][:blank:]]+$", &["a_1 \t"], &["-"]),
    ("^[[:xdigit:]]+$", &["0aF"], &["g"]),
    ("[[:<:]]net[[:>:]]", &["net", "a net b"], &["inet", "nets"]),
    ("a(?#a comment)b", &["ab"], &["a(?#a comment)b"]),
    ("a(?#x)+$", &["aaa"], &["b"]),
    (r"\Qa.b*\E+$", &["a.b**"], &["aab"]),
    (r"\Qa(b", &["a(b"], &["ab"]),
    (r"a\Eb", &["ab"], &["aEb"]),
    (r"^\h+$", &[" \t", "\u{A0}", "\u{3000}", "\u{180E}"], &["\n", "a"]),
    (r"^\H$", &["a", "\n"], &[" ", "\u{2003}"]),
    (r"^\v$", &["\n", "\u{B}", "\u{2028}", "\u{85}"], &[" ", "v"]),
    (r"^\V$", &["a", " "], &["\u{B}"]),
    (r"(?s)^\N$", &["a"], &["\n"]),
    (r"^\N{2}$", &["ab"], &["a"]),
    (r"foo\Kbar", &["foobar"], &["bar"]),
    (r"(?<year>\d{4})-(?P<m>\d)", &["2024-1"], &["24-1"]),
    ("(?'q'a)b", &["ab"], &["b"]),
    ("^(?|ab|cd)$", &["ab", "cd"], &["a"]),
    (r"^\x{20AC}$", &["€"], &[" AC"]),
    (r"^\x4\x41$", &["\u{4}A"], &["4A"]),
    (r"^\o{101}\101\0101$", &["AA\u{8}1"], &["AAA"]),
    (r"^\12$", &["\n"], &["12"]),
    (r"^[\1]$", &["\u{1}"], &["1"]),
    (r"^\0\012$", &["\u{0}\n"], &["0"]),
    (r"^\cA\ca\c[$", &["\u{1}\u{1}\u{1B}"], &["A"]),
    (r"^\a\e\f\n\r\t$", &["\u{7}\u{1B}\u{C}\n\r\t"], &["aefnrt"]),
    (r"^\N{U+20AC}$", &["€"], &["N"]),
    ("^ab$", &["ab", "ab\n"], &["ab\n\n", "xab", "ab\r\n"]),
    (r"^ab\Z", &["ab", "ab\n"], &["ab\nc"]),
    (r"^ab\z", &["ab"], &["ab\n"]),
    (r"\Aab", &["ab"], &["\nab"]),
    (r"\Gab", &["ab"], &["xab"]),
    ("^$", &["", "\n"], &["\n\n", "a"]),
    ("(?m)^ab$", &["ab", "x\nab\ny", "ab\n"], &["xab", "ab\r\n"]),
    (r"(?m)ab\Z", &["ab", "ab\n"], &["ab\nc"]),
    ("(?m)^[ab]?", &["", "\n", "x"], &[]),
    (r"(?m)b\n^", &["b\nc", "b\n\n"], &["b\n", "b"]),
    (r"(?m)\n^(a|)", &["x\ny"], &["\n", "x\n"]),
    ("(a$|b)c?", &["a", "a\n", "bc", "ab"], &["ac"]),
    ("(;|$).*x?$", &["a;b", "a", "a\n"], &[]),
    ("(a|$)b", &["ab"], &["b", "a\n"]),
    ("^a$$", &["a", "a\n"], &["a\n\n"]),
    ("^(a$)?", &["b", "a\n"], &[]),
    ("a{,b", &["a{,b"], &["ab"]),
    ("^a{x}$", &["a{x}"], &["ax"]),
    ("^{$", &["{"], &[""]),
    ("^a{2}$", &["aa"], &["a"]),
    ("^a{1,}b{0,2}$", &["aabb"], &["aabbb", "b"]),
    ("^]}$", &["]}"], &[""]),
    ("(?i)AB", &["ab", "aB"], &["a"]),
    ("a(?i)b|c", &["aB", "C"], &["AB"]),
    ("(a(?i)b)c", &["aBc"], &["aBC"]),
    ("(?i:a)b", &["Ab"], &["AB"]),
    ("(?i)a(?-i)b", &["Ab"], &["aB"]),
    ("(?i)a(?^)b", &["Ab"], &["aB"]),
    ("(?^i:a)b", &["Ab"], &["AB"]),
    ("(?x) a b # comment\n c", &["abc"], &["a b c"]),
    (r"(?x)a [ b] \ c", &["ab c"], &["a c", "abc"]),
    ("(?xx)a[ b ]c", &["abc"], &["a c"]),
    ("(?x) a + b", &["aab"], &["a+b"]),
    ("(?s)a.b", &["a\nb"], &["ab"]),
    ("a.b", &["a\rb", "axb"], &["a\nb"]),
    ("(?n)(a)(?<x>b)", &["ab"], &["b"]),
    ("(?U)a+b", &["aab"], &["b"]),
    ("(?J)(?<n>a)", &["a"], &["b"]),
    ("(|a)b", &["b", "ab"], &["a"]),
    ("()a", &["a"], &["b"]),
    ("a||b", &["", "x"], &[]),
    ("", &["", "x"], &[]),
    (r"^[^\s\S]?$", &[""], &["x"]),
    ("^.{3}$", &["äöü"], &["€", "abcd"]),
    (r"^[\h\d]+$", &["1 \u{A0}2"], &["a"]),
    (r"^[^\H]$", &[" "], &["a"]),
    (r"\Bb", &["ab"], &["b", "a b"]),
    ("^(?:a|b)*?c", &["abc", "ac"], &["d"]),
];

/// Patterns that PCRE reads in a way that no automaton can follow, that its readers differ on, or that it refuses, and
/// what each is told.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("(?=a)", "look-around"),
    ("(?!a)b", "look-around"),
    ("(?<=a)b", "look-around"),
    ("(?<!a)b", "look-around"),
    ("(*pla:a)b", "look-around"),
    ("(*nlb:a)b", "look-around"),
    ("(?>a+)b", "an atomic group"),
    ("(*atomic:a)b", "an atomic group"),
    ("a++b", "a possessive repeat"),
    ("a*+", "a possessive repeat"),
    ("a?+", "a possessive repeat"),
    ("a{2,3}+", "a possessive repeat"),
    (r"(a)\1", "a backreference"),
    (r"\8", "a backreference"),
    (r"(a)\g1", "a backreference"),
    (r"(a)\g{-1}", "a backreference"),
    (r"(?<n>a)\k<n>", "a backreference"),
    (r"(?<n>a)\k'n'", "a backreference"),
    ("(?<n>a)(?P=n)", "a backreference"),
    ("(?R)", "recursion"),
    ("(a(?1)?)", "recursion"),
    ("(?&n)", "recursion"),
    ("(?P>n)", "recursion"),
    ("(?+1)(a)", "recursion"),
    ("(a)(?-1)", "recursion"),
    ("(a)?(?(1)b|c)", "a conditional group"),
    ("a(?C)b", "a callout"),
    ("(*UTF)a", "a verb"),
    ("(*SKIP)a", "a verb"),
    (r"a\Rb", "`\\R`"),
    (r"a\Xb", "`\\X`"),
    (r"a\Cb", "`\\C`"),
    (r"\p{Greek}", "a named Unicode class"),
    (r"[\PL]", "a named Unicode class"),
    (r"\N{DOLLAR SIGN}", "a character by its name"),
    (r"a$\n", "what follows this `$`"),
    (r"a$\s+", "what follows this `$`"),
    (r"a$.?\b", "what follows this `$`"),
    (r"(\n$){2}", "what follows this `$`"),
    ("(?m)^$", "what follows it may be empty"),
    (r"(?m)^\s*$", "what follows it may be empty"),
    ("a{,3}", "a repeat to some readers"),
    ("a{1, 3}", "a repeat to some readers"),
    ("a{ 2 }", "a repeat to some readers"),
    ("*a", "nothing before this repeat"),
    ("a|+", "nothing before this repeat"),
    ("a**", "nothing before this repeat"),
    ("a{2}{3}", "nothing before this repeat"),
    ("^*", "nothing before this repeat"),
    (r"\b+", "nothing before this repeat"),
    ("(?i)+", "nothing before this repeat"),
    ("(a", "this group is never closed"),
    ("a)", "closes no group"),
    ("[a", "never closed"),
    ("[]", "never closed"),
    ("(?#a", "not closed"),
    (r"a\", "backslash at the end"),
    ("[z-a]", "ends before it begins"),
    ("[a--b]", "ends before it begins"),
    ("a{3,2}", "least count"),
    ("a{65536}", "least count"),
    ("[:alpha:]", "within a class only"),
    ("[[:alfa:]]", "not a class"),
    ("[[.a.]]", "not a class"),
    ("[[=a=]]", "not a class"),
    ("(?q)a", "no flag"),
    ("(?<1>a)", "name of a group"),
    ("(?<>a)", "name of a group"),
    ("(?<a>a)(?<a>b)", "have this name"),
    (r"\i", "no meaning"),
    (r"\y", "no meaning"),
    (r"\U{41}", "no meaning"),
    (r"\u0041", "no meaning"),
    (r"\L", "no meaning"),
    (r"[\B]", "no meaning"),
    (r"[\R]", "no meaning"),
    (r"[\z]", "no meaning"),
    (r"\x{110000}", "not the number"),
    (r"\x{D800}", "not the number"),
    (r"\x{}", "not the number"),
    (r"\xg", "not the number"),
    (r"\o{9}", "not the number"),
    (r"\c€", "\\c"),
];

fn matches(pattern: &str, flags: Flags, text: &str) -> bool {
    let regex = Regex { pattern: pattern.into(), multi_line: flags.multi_line, dot_all: flags.dot_all };
    let canonical = canonical(&regex, flags.ignore_case);
    regex::Regex::new(&canonical).expect("a regex").find(text).is_some()
}

#[test]
fn patterns_mean_what_pcre_says() {
    for (pattern, yes, no) in ANSWERS {
        let read = inspect(pattern, Flags::default());
        assert!(read.is_ok(), "{pattern}: {read:?}");
        for text in *yes {
            assert!(matches(pattern, Flags::default(), text), "{pattern} on {text:?}");
        }
        for text in *no {
            assert!(!matches(pattern, Flags::default(), text), "{pattern} on {text:?}");
        }
    }
}

#[test]
fn what_cannot_be_read_alike_is_refused_by_its_name() {
    for (pattern, name) in REFUSED {
        let problem = inspect(pattern, Flags::default()).expect_err(pattern);
        assert_eq!(problem.code.id, "CC0501", "{pattern}");
        assert!(problem.message.contains(name), "{pattern}: {}", problem.message);
        let (from, to) = problem.at.expect(pattern);
        assert!(from <= to && pattern.get(from..to).is_some(), "{pattern}: {from}..{to}");
    }
}

/// The flags of the predicate are those that the pattern would begin with.
#[test]
fn flags_beside_a_pattern_are_flags_in_it() {
    let texts = ["ab", "AB", "x\nab\ny", "a\nb", "ab\n", "x ab"];
    for pattern in ["^ab$", "a.b", "^a.?b", "b$"] {
        for (ignore_case, multi_line, dot_all) in (0..8).map(|bits: u8| (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)) {
            let letters = [(ignore_case, "i"), (multi_line, "m"), (dot_all, "s")];
            let letters: String = letters.iter().filter(|(on, _)| *on).map(|(_, letter)| *letter).collect();
            let within = format!("(?{letters}){pattern}");
            for text in texts {
                let beside = matches(pattern, Flags { ignore_case, multi_line, dot_all }, text);
                assert_eq!(beside, matches(&within, Flags::default(), text), "{within} on {text:?}");
            }
        }
    }
}

/// Reading is linear in the pattern and bounded in depth, whatever is written.
#[test]
fn hostile_patterns_are_read_at_once() {
    for part in [
        "[", "[:", "[[:", "(?:", "(", "\\Q", "\\E", "(?#", "[^", "$", "(?m:^)", "(a$)?", "{", "{1", "a{1,", "(?<a>",
        "[a-", "(?x) #", "(?i)",
    ] {
        for length in [100, 16_384] {
            let pattern = part.repeat(length / part.len());
            drop(inspect(&pattern, Flags { multi_line: true, ..Flags::default() }));
        }
    }
    for open in ["(", "(?:", "(?i:", "(?:a|", "(?:a$|"] {
        let close = ")".repeat(400);
        let problem = inspect(&format!("{}{close}", open.repeat(400)), Flags::default()).expect_err(open);
        assert_eq!(problem.code.id, "CC0503", "{open}");
    }
}
