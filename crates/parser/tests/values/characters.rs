//! Characters that cannot be seen, or look like others.

use super::{PLACES, PROCESS, codes, of_item, of_native, read};

#[test]
fn characters_that_cannot_be_seen() {
    for sign in ["\u{200B}", "\u{202E}", "\u{A0}", "\u{AD}", "\u{2060}", "\u{2003}", "\u{3164}"] {
        for item in [
            format!("CommandLine|contains: 'cmd{sign}exe'"),
            format!("CommandLine|contains: \"cmd{sign}exe\""),
            format!("CommandLine|contains: \"{sign}cmd\""),
            format!("CommandLine|contains: ['fine', 'exe{sign}']"),
            format!("CommandLine|re: 'cmd{sign}?a'"),
        ] {
            assert_eq!(of_item(&item), ["CC0127"], "{item:?}");
        }
        let unknown = of_item(&format!("Command{sign}Line|contains: 'cmd'"));
        assert!(unknown.contains(&"CC0127"), "a field with {sign:?}: {unknown:?}");
        let named = codes(PROCESS, &format!("s{sign}x:\n    Image: a\ncondition: 1 of s*"), "");
        assert_eq!(named, ["CC0127"], "a selection with {sign:?}");
        let condition = codes(PROCESS, &format!("s:\n    Image: a\ncondition: s{sign}"), "");
        assert!(condition.contains(&"CC0127"), "a condition with {sign:?}: {condition:?}");
        assert_eq!(
            of_item(&format!("CommandLine|contains: '{0}{0}'", sign)),
            [""; 0],
            "a rule that looks for {sign:?}"
        );
    }
    // Readers of YAML refuse it between words without quotes.
    assert_eq!(of_item("CommandLine|contains: 'cmd\u{FEFF}exe'"), ["CC0127"]);
    // Behind a path that is compared to its end a comma was left over, quoted or not.
    for path in [
        r"Image|endswith: '\\wscript.exe,'",
        r"Image: 'C:\\a.exe,'",
        r#"Image: 'C:\\a.exe",'"#,
        r"Image|endswith: ['\\a.exe,', '\\b.exe']",
    ] {
        let path = path.replace("\\\\", "\\");
        assert_eq!(of_item(&path), ["CC0127"], "{path}");
    }
    assert_eq!(of_item(r"Image|contains: '\\a.exe,'".replace("\\\\", "\\").as_str()), [""; 0]);
    for (item, wanted) in [
        (r#"CommandLine|contains: "\Public""#, "CC0127"),
        (r#"CommandLine|contains: "C:\\Users\Local""#, "CC0127"),
        (r#"CommandLine|contains: "C:\\x\Public""#, "CC0127"),
        (r#"CommandLine|contains: "a\_x""#, "CC0127"),
        (r#"CommandLine|contains: "a\Nx""#, "CC0127"),
    ] {
        assert_eq!(of_item(item), [wanted], "{item}");
    }
    for item in [
        r#"CommandLine|contains: "a\u200Bb""#,
        r#"CommandLine|contains: "a\u2029b""#,
        r#"CommandLine|contains: "a\U0000202Eb""#,
        r#"CommandLine|contains: "a\xA0b""#,
    ] {
        assert_eq!(of_item(item), [""; 0], "{item}");
    }
}

#[test]
fn signs_that_look_like_those_of_ascii() {
    for value in [
        "＼evil.exe",
        r"\evil．exe",
        "http：//evil",
        "http:⁄⁄evil",
        " −enc",
        "x‑evil",
        r"\evil∗.exe",
        "conﬁg",
        "\u{212A}ernel.exe",
        "a․b",
        "a；b",
        "cmd ∕c",
        "a＝b",
        "a…b",
    ] {
        for item in ["CommandLine|contains: 'VALUE'", "CommandLine|contains: ['fine', 'VALUE']", "Image|re: 'VALUE$'"] {
            let item = item.replace("VALUE", if item.contains("re:") { value.trim_start_matches('\\') } else { value });
            assert_eq!(of_item(&item), ["CC0141"], "{item}");
        }
    }
    for value in ["caf\u{FFFD}evil", "evil\u{FE0F}", "a\u{E0101}b", "a\u{180F}b"] {
        assert_eq!(of_item(&format!("CommandLine|contains: '{value}'")), ["CC0127"], "{value:?}");
    }
    for value in [
        " –enc",
        "―enc",
        "don’t",
        "the „x“ y",
        "管理者：admin",
        "パスワード／cmd",
        "x² + y³",
        "10 µs",
        "ærø",
        "naïve",
        "1\u{FE0F}\u{20E3}",
        "\u{2764}\u{FE0F} x",
        "€ 5",
        "a→b",
        "二〇二四年report",
        "：",
        "%E2",
    ] {
        assert_eq!(of_item(&format!("CommandLine|contains: '{value}'")), [""; 0], "{value:?}");
    }
    assert_eq!(of_item(r#"CommandLine|contains: "http\uFF1A//evil""#), [""; 0]);
}

#[test]
fn words_of_two_scripts() {
    for item in [
        "CommandLine|contains: 'сmd.exe'",
        "CommandLine|contains: 'pоwershell'",
        "CommandLine|contains: 'ｃｍｄ'",
        "CommandLine|contains: ['fine', 'ΒΑt']",
        "CommandLine|re: '^сmd'",
    ] {
        assert_eq!(of_item(item), ["CC0141"], "{item}");
    }
    assert!(of_item("Соmmand|contains: a").contains(&"CC0141"));
    assert_eq!(codes(PROCESS, "sеl:\n    Image: a\ncondition: 1 of s*", ""), ["CC0141"]);
    assert!(codes(PROCESS, "sel:\n    Image: a\ncondition: sеl", "").contains(&"CC0141"));
    for item in [
        "CommandLine|contains: 'Администраторы'",
        "CommandLine|contains: 'пароль.exe'",
        "CommandLine|contains: '管理者admin'",
        "CommandLine|contains: 'naïve café'",
        "CommandLine|contains: 'Ü-Wagen'",
        "CommandLine|contains: ['а', 'е', 'с', 'о']",
        "CommandLine|contains: '🏳️\u{200D}🌈'",
        r#"CommandLine|contains: "\u0441md""#,
    ] {
        assert_eq!(of_item(item), [""; 0], "{item}");
    }
}

#[test]
fn the_native_file_of_these_tests_is_in_order() {
    assert_eq!(of_native("when$", "x"), [""; 0]);
}

#[test]
fn characters_that_cannot_be_seen_in_every_place_of_a_native_file() {
    let hidden =
        ["\u{200B}", "\u{A0}", "\u{AD}", "\u{2060}", "\u{2003}", "\u{202F}", "\u{3164}", "\u{3000}", "\u{180E}"];
    for sign in hidden {
        for (kind, place) in PLACES {
            let found = of_native(place, &format!("a{sign}b"));
            match *kind {
                // A space of another width is one, and what has no width is refused in every attribute.
                "title" => assert!(found.is_empty() || found == ["CC0104"], "{sign:?} in {place}: {found:?}"),
                // A declaration and its use, where both have the name.
                "name" => {
                    assert!(
                        !found.is_empty() && found.iter().all(|code| *code == "CC0127"),
                        "{sign:?} in {place}: {found:?}"
                    );
                }
                _ => assert_eq!(found, ["CC0127"], "{sign:?} in {place}"),
            }
        }
        let number = u32::from(sign.chars().next().unwrap_or_default());
        assert_eq!(of_native("when$", &format!("a\\u{{{number:X}}}b")), [""; 0], "an escape means {sign:?}");
        assert_eq!(
            of_native("\"when$", &format!("x\" or Line == \"{sign}")),
            [""; 0],
            "a rule that looks for {sign:?}"
        );
    }
    // What turns the direction of text is refused wherever it stands, once.
    assert_eq!(of_native("when$", "a\u{202E}b"), ["CC0104"]);
}

#[test]
fn words_of_two_scripts_in_every_place_of_a_native_file() {
    for word in ["сmd", "pоwershell", "ｃｍｄ", "ΒΑt", "Ꭺdmin"] {
        for (kind, place) in PLACES {
            let found = of_native(place, &format!(" {word}"));
            let only = !found.is_empty() && found.iter().all(|code| *code == "CC0141");
            assert!(only && (*kind == "name" || found.len() == 1), "{word} in {place}: {found:?}");
        }
    }
    for words in [
        "Администраторы",
        "пароль",
        "管理者admin",
        "naïve café",
        "Ü-Wagen",
        "日本語　テキスト",
        "می\u{200C}خواهم",
        "«là\u{202F}»",
    ] {
        for (kind, place) in PLACES {
            // A narrow space before a quotation mark is how French is set, and no log has it.
            if words.contains('\u{202F}') && *kind != "title" {
                continue;
            }
            // What has no width is refused in every attribute.
            if words.contains('\u{200C}') && *kind == "title" {
                continue;
            }
            assert_eq!(of_native(place, &format!(" {words}")), [""; 0], "{words} in {place}");
        }
    }
    assert_eq!(of_native("when$", r"\u{441}md"), [""; 0]);
    assert_eq!(of_native("regex$", r"[a-zа-я]+ [^0-9а-яё]"), [""; 0]);
    assert_eq!(of_native("^shape$", r"[a-zа-я]+\\bслово"), [""; 0]);
    assert_eq!(of_native("when$", r"[a-zа-я]"), ["CC0141"], "only a regex has classes");
}

#[test]
fn letters_of_a_class_in_a_regex_of_a_sigma_rule() {
    for regex in ["'[a-zа-я]+\\.exe'", r"'\bслово'", "'[^a-zA-Zа-яА-Я]'"] {
        assert_eq!(of_item(&format!("CommandLine|re: {regex}")), [""; 0], "{regex}");
    }
    assert_eq!(of_item("CommandLine|re: '[a-z]+сmd'"), ["CC0141"]);
}

#[test]
fn letters_of_a_title_that_look_like_others() {
    let titled = |title: &str| {
        let text = format!(
            "title: {title}\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nstatus: test\ndescription: It is for this test \
             alone.\nauthor: nobody\ndate: 2026-01-15\nlogsource: {{{PROCESS}}}\ndetection:\n    s:\n        Image: a\n    \
             condition: s\nlevel: low\n"
        );
        read(&[("r.yml", text)]).iter().map(|found| found.code.id).collect::<Vec<_>>()
    };
    assert_eq!(titled("Start of сmd"), ["CC0141"]);
    for title in ["Запуск cmd", "管理者admin", "Là\u{A0}! Début", r#""Start of \u0441md""#] {
        assert_eq!(titled(title), [""; 0], "{title}");
    }
}
