//! What rules see on a sensor that runs them: less than before, though they run.

use super::*;

/// A rule that a sensor still runs, and is shown less there than it was: the events of one of its template types, or a field that its template type does
/// not declare, are gone.
#[test]
fn a_rule_that_sees_less_on_a_sensor_is_told() {
    let templates = "template acme.one @ 1 {\n    serves { product: acme, category: x }\n    reads { kind: \"one\" }\n    1 image: string nocase\n}\n\
        template acme.two @ 1 {\n    serves { product: acme, category: x }\n    reads { kind: \"two\" }\n    1 image: string nocase\n}\n\
        template acme.open @ 1 {\n    open\n    serves { product: acme, category: y }\n    reads { kind: \"open\" }\n    1 image: string nocase\n}\n";
    let rule = |id: u32, category: &str, field: &str| {
        format!(
            "title: Rule {id}\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f{id}\nlogsource:\n    product: acme\n    category: {category}\ndetection:\n    s:\n        {field}: evil\n    condition: s\nlevel: low\n"
        )
    };
    let sensor = |version: &str, templates: &[(&str, &[&str])]| {
        let templates: Vec<String> = templates
            .iter()
            .map(|(template, inputs)| {
                let inputs: Vec<String> =
                    inputs.iter().map(|name| format!("{{\"name\":\"{name}\",\"type\":\"string\"}}")).collect();
                format!("\"acme.{template}\":{{\"inputs\":[{}]}}", inputs.join(","))
            })
            .collect();
        let json = format!(
            "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"{version}\",\"templates\":{{{}}}}}",
            templates.join(",")
        );
        Manifest::parse(&Source::new("m", json)).unwrap()
    };
    type Supplied<'s> = &'s [(&'s str, &'s [&'s str])];
    let all: Supplied<'_> = &[("one", &["image"]), ("two", &["image"]), ("open", &["image", "u1"])];
    let release = |sensors: Vec<contentcheck_model::sensor::Sensor>| {
        let mut gathered = Gathered::of(vec![
            (Source::new("t.content", templates), Language::Native),
            (Source::new("a.yml", rule(8405, "x", "image")), Language::Sigma),
            (Source::new("b.yml", rule(8406, "y", "u1")), Language::Sigma),
        ]);
        gathered.fleet = Some(Fleet::new(sensors).unwrap());
        Built::new(gathered, false, 1).unwrap()
    };
    let before = release(vec![sensor("1", all)]);
    assert_eq!(before.content().rules().len(), 2, "{:?}", before.judged().findings());
    let said = |sensors: Vec<contentcheck_model::sensor::Sensor>, allow_shrink: bool| -> Vec<String> {
        let settings = Settings { allow_shrink, ..settings() };
        let found = checked(&release(sensors), Some(&before), settings, &["verify", "change"]);
        // A manifest that says something else than before is told by itself.
        let of = found.errors().filter(|(_, of)| of.code == "CC0810");
        of.map(|(_, of)| format!("{}: {}", of.code, of.message)).collect()
    };
    let no_two: Supplied<'_> = &[("one", &["image"]), ("open", &["image", "u1"])];
    let no_field: Supplied<'_> = &[("one", &["image"]), ("two", &["image"]), ("open", &["image"])];
    for (less, what, rule) in
        [(no_two, "the events of acme.two", "Rule 8405"), (no_field, "`u1` of acme.open", "Rule 8406")]
    {
        let new = format!("CC0810: acme 2 is new in the fleet and does not show `{rule}` {what}, as acme 1 does");
        assert_eq!(said(vec![sensor("1", all), sensor("2", less)], false), [new]);
        let same = format!("CC0810: `{rule}` no longer sees {what} on acme 1, and did in the previous release");
        // The manifest of a sensor that is there already says less than it did.
        assert_eq!(said(vec![sensor("1", less), sensor("3", all)], false), [same]);
        assert_eq!(said(vec![sensor("1", all), sensor("2", less)], true), [""; 0]);
    }
    assert_eq!(said(vec![sensor("1", all), sensor("2", all)], false), [""; 0]);
}

const OPEN: &str =
    "template acme.open @ 1 {\n    open\n    serves { product: acme, category: y }\n    1 image: string? nocase\n}\n";

/// A sensor with a header, and with inputs of these names and types for the open template type.
fn sensor(version: &str, header: &[(&str, &str)], inputs: &[(&str, &str)]) -> contentcheck_model::sensor::Sensor {
    let listed = |of: &[(&str, &str)]| {
        let of: Vec<String> =
            of.iter().map(|(name, ty)| format!("{{\"name\":\"{name}\",\"type\":\"{ty}\"}}")).collect();
        of.join(",")
    };
    let json = format!(
        "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"{version}\",\"header\":[{}],\"templates\":{{\"acme.open\":{{\"inputs\":[{}]}}}}}}",
        listed(header),
        listed(inputs)
    );
    Manifest::parse(&Source::new("m", json)).unwrap()
}

/// A release of one rule with this detection.
fn release(detection: &str, sensors: Vec<contentcheck_model::sensor::Sensor>) -> Built {
    release_on(OPEN, detection, sensors)
}

fn release_on(templates: &str, detection: &str, sensors: Vec<contentcheck_model::sensor::Sensor>) -> Built {
    let rule = format!(
        "title: Rule\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8407\nlogsource:\n    product: acme\n    category: y\ndetection:\n{detection}\nlevel: low\n"
    );
    let mut gathered = Gathered::of(vec![
        (Source::new("t.content", templates), Language::Native),
        (Source::new("a.yml", rule), Language::Sigma),
    ]);
    gathered.fleet = Some(Fleet::new(sensors).unwrap());
    let built = Built::new(gathered, false, 1).unwrap();
    assert_eq!(built.content().rules().len(), 1, "{:?}", built.judged().findings());
    built
}

fn told(before: &Built, now: &Built) -> Vec<String> {
    let found = checked(now, Some(before), settings(), &["verify", "change"]);
    let of = found.errors().filter(|(_, of)| of.code == "CC0810");
    of.map(|(_, of)| of.message.clone()).collect()
}

/// A sensor loads a rule with keywords whatever it supplies: what it no longer supplies, or no longer in a form in which a keyword can be, is what the rule
/// no longer sees.
#[test]
fn keywords_that_are_looked_for_in_less_are_told() {
    let all: &[(&str, &str)] = &[("image", "string"), ("u1", "string"), ("u2", "string?"), ("n", "int")];
    let header: &[(&str, &str)] = &[("host", "string")];
    let keyword = "    k: [evil]\n    condition: k";
    let negated = "    s:\n        image: x\n    k: [good]\n    condition: s and not k";
    let address = "    k:\n        '|cidr': 10.0.0.0/8\n    condition: k";
    let field = "    s:\n        image: evil\n    condition: s";
    type Inputs<'s> = &'s [(&'s str, &'s str)];
    let cases: [(&str, Inputs<'_>, Inputs<'_>, Option<&str>); 11] = [
        ("all of it", header, all, None),
        (
            "more",
            header,
            &[("image", "string"), ("u1", "string"), ("u2", "string"), ("n", "int"), ("u3", "string")],
            None,
        ),
        ("an optional one", header, &[("image", "string"), ("u1", "string?"), ("u2", "string"), ("n", "int")], None),
        (
            "text for a number",
            header,
            &[("image", "string"), ("u1", "string"), ("u2", "string"), ("n", "string")],
            None,
        ),
        ("nothing of a header", &[], all, Some("`host`")),
        ("one less", header, &[("image", "string"), ("u1", "string"), ("n", "int")], Some("`u2`")),
        ("three less", header, &[("image", "string")], Some("`u1`, `u2`")),
        ("bytes", header, &[("image", "string"), ("u1", "bytes"), ("u2", "string"), ("n", "int")], Some("`u1`")),
        ("floats", header, &[("image", "string"), ("u1", "float"), ("u2", "string"), ("n", "int")], Some("`u1`")),
        ("numbers", header, &[("image", "string"), ("u1", "int"), ("u2", "string"), ("n", "int")], Some("`u1`")),
        ("another place", header, &[("n", "int"), ("image", "string"), ("u1", "string"), ("u2", "string")], None),
    ];
    for (what, header_now, inputs, lost) in cases {
        // Without what a filter looks in, a rule fires on more.
        for (detection, has_keywords) in [(keyword, true), (negated, false), (field, false)] {
            let before = release(detection, vec![sensor("1", header, all)]);
            let expected = |words: &dyn Fn(&str) -> String| -> Vec<String> {
                lost.filter(|_| has_keywords).map(words).into_iter().collect()
            };
            let same = release(detection, vec![sensor("1", header_now, inputs)]);
            let no_longer = |lost: &str| {
                format!(
                    "`Rule` no longer sees its keywords in {lost} of acme.open on acme 1, and did in the previous release"
                )
            };
            assert_eq!(told(&before, &same), expected(&no_longer), "{what}: {detection}");
            let new = release(detection, vec![sensor("1", header, all), sensor("2", header_now, inputs)]);
            let is_new = |lost: &str| {
                format!(
                    "acme 2 is new in the fleet and does not show `Rule` its keywords in {lost} of acme.open, as acme 1 does"
                )
            };
            assert_eq!(told(&before, &new), expected(&is_new), "{what}: {detection}");
        }
    }
    // An address is in no number, so it is none that is lost; and a rule that looks for no keywords any more lost none.
    let before = release(address, vec![sensor("1", header, all)]);
    let now = |detection| {
        release(detection, vec![sensor("1", header, &[("image", "string"), ("u1", "string"), ("u2", "string")])])
    };
    assert_eq!(told(&before, &now(address)), [""; 0]);
    let before = release(keyword, vec![sensor("1", header, all)]);
    assert_eq!(told(&before, &now(field)), [""; 0]);
}

/// A rule on an open template type is loaded whatever it reads. Changed to read what a sensor does not supply, it can fire on nothing there any more.
#[test]
fn a_rule_that_was_changed_to_read_what_a_sensor_lacks_is_told() {
    let selection = |of: &str| format!("    s:\n{of}    condition: s");
    let fleet = || {
        vec![
            sensor("1", &[], &[("image", "string"), ("u1", "string")]),
            sensor("2", &[], &[("image", "string"), ("u2", "string")]),
        ]
    };
    let field = |name: &str| selection(&format!("        {name}: evil\n"));
    let either = "    a:\n        u1: evil\n    b:\n        u2: evil\n    condition: a or b";
    let missing = selection("        u2: null\n");
    let of_filter =
        |not: &str| format!("    s:\n        image: evil\n    f:\n        u2: x\n    condition: s and {not}f");
    let with_keywords = |op: &str| format!("    k: [evil]\n    s:\n        u2: x\n    condition: k {op} s");
    let blind = |sensors: &str, field: &str, who: &str| {
        format!(
            "`Rule` can fire on no event of acme.open on {sensors} any more, and could in the previous release: it asks for `{field}`, which {who} not supply"
        )
    };
    let on_one = vec![blind("acme 1", "u2", "that sensor does")];
    let on_both = vec![blind("acme 1, acme 2", "u3", "they do")];
    let never_absent = "`Rule` can fire on no event of acme.open on acme 2 any more, and could in the previous release: what that sensor supplies never has what it asks for".to_owned();
    let each = vec![blind("acme 2", "u1", "that sensor does"), on_one[0].clone()];
    let cases = [
        (field("image"), field("u2"), on_one.clone()),
        (field("image"), field("u3"), on_both),
        (field("image"), selection("        image: evil\n        u2: evil\n"), on_one.clone()),
        (field("u1"), field("u2"), on_one.clone()),
        // What it read before, and need not have had.
        (either.to_owned(), field("u2"), on_one.clone()),
        (either.to_owned(), either.replace(" or ", " and "), each),
        (missing.clone(), field("u2"), on_one.clone()),
        (of_filter("not "), of_filter(""), on_one.clone()),
        (with_keywords("or"), with_keywords("and"), on_one.clone()),
        // A keyword can be in nothing that it supplies.
        (
            field("u1"),
            with_keywords("and").replace("[evil]", "['|']").replace("k and s", "s or k and s"),
            on_one.clone(),
        ),
        // It always supplies what is not to be there.
        (
            field("image"),
            "    s:\n        u2: x\n    t:\n        image: null\n    condition: s or t".to_owned(),
            on_one.clone(),
        ),
        // It could not before either.
        (field("u2"), selection("        u2: evil\n        image: evil\n"), Vec::new()),
        (field("u3"), field("u2"), Vec::new()),
        // It still can where it is not there, and nowhere else: that is what it asks for.
        (field("image"), missing, vec![never_absent]),
        // And there is an alternative.
        (field("u1"), either.to_owned(), Vec::new()),
        (field("u2"), either.to_owned(), Vec::new()),
        (of_filter(""), of_filter("not "), Vec::new()),
    ];
    for (then, now, expected) in cases {
        let found = told(&release(&then, fleet()), &release(&now, fleet()));
        assert_eq!(found, expected, "{then}\n{now}");
    }
}

/// A keyword is looked for in values of several types; in which it can be is a question of its letters.
#[test]
fn keywords_that_could_be_in_values_of_another_type_are_told() {
    let keyword = |word: &str| format!("    k: ['{word}']\n    condition: k");
    let types = ["string", "int", "bool", "ip", "float", "bytes"];
    // In values of which of these types each can be.
    let words: [(&str, &[&str]); 5] = [
        ("evil", &["string"]),
        ("4624", &["string", "int", "ip"]),
        ("true", &["string", "bool"]),
        ("fe", &["string", "ip"]),
        ("*", &["string", "int", "bool", "ip"]),
    ];
    for (word, can) in words {
        for before in types {
            for now in types {
                let of = |ty: &str| sensor("1", &[], &[("other", "string"), ("u1", ty)]);
                let found = told(&release(&keyword(word), vec![of(before)]), &release(&keyword(word), vec![of(now)]));
                // Text may be that of a value of each type.
                let is_lost = can.contains(&before) && now != before && now != "string";
                assert_eq!(found.len(), usize::from(is_lost), "{word}: {before} to {now}: {found:?}");
            }
        }
        let lists = told(
            &release(&keyword(word), vec![sensor("1", &[], &[("u1", "list<string>")])]),
            &release(&keyword(word), vec![sensor("1", &[], &[("u1", "string")])]),
        );
        assert_eq!(lists.len(), 1, "of several values one is left: {lists:?}");
    }
}

/// Every rule is named, however many there are: a report shortens what people read, and no finding is dropped.
#[test]
fn all_rules_that_see_less_are_named() {
    let rules: String = (0..45)
        .map(|number| {
            format!(
                "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f9{number:03}\"\n    template: acme.open @ 1\n    severity: low\n    when u1 == \"a{number}\"\n}}\n"
            )
        })
        .collect();
    let release = |inputs: &[(&str, &str)]| {
        let text = format!("{OPEN}{rules}");
        let mut gathered = Gathered::of(vec![(Source::new("r.content", text), Language::Native)]);
        gathered.fleet = Some(Fleet::new(vec![sensor("1", &[], inputs)]).unwrap());
        Built::new(gathered, false, 1).unwrap()
    };
    let found = told(&release(&[("image", "string"), ("u1", "string")]), &release(&[("image", "string")]));
    assert_eq!(found.len(), 45, "{found:?}");
}

/// A rule whose keywords are other ones now asks for what it did not, and the sensor shows what it did.
#[test]
fn keywords_that_were_edited_are_no_loss_of_a_sensor() {
    let keywords = |words: &str| format!("    k: [{words}]\n    condition: k");
    let fleet = || vec![sensor("1", &[], &[("image", "string"), ("n", "int"), ("on", "bool"), ("at", "ip")])];
    for (then, now) in
        [("5, aaa", "aaa"), ("5", "bbb"), ("5", "5x"), ("'true'", "truely"), ("fe", "'7'"), ("evil", "5")]
    {
        let found = told(&release(&keywords(then), fleet()), &release(&keywords(now), fleet()));
        assert_eq!(found, [""; 0], "{then} to {now}");
    }
}

/// Where a sensor supplies a number alone, a keyword that is none can be in nothing of it.
#[test]
fn keywords_that_a_sensor_can_have_in_nothing_fire_on_nothing() {
    let templates = OPEN.replace("1 image: string? nocase", "1 image: string? nocase\n    2 n: int?");
    let release = |detection: &str, sensors| release_on(&templates, detection, sensors);
    let fleet = || vec![sensor("1", &[], &[("n", "int")]), sensor("2", &[], &[("n", "int"), ("u0", "string")])];
    let of = |condition: &str| {
        format!("    n5:\n        n: 5\n    k: [evil]\n    s:\n        u0: x\n    condition: {condition}")
    };
    for (then, now) in
        [("n5 or s", "k or s"), ("n5 or k or s", "(n5 and k) or s"), ("n5 and not k or s", "(n5 and k) or s")]
    {
        let found = told(&release(&of(then), fleet()), &release(&of(now), fleet()));
        assert_eq!(found.len(), 1, "{then} to {now}: {found:?}");
        assert!(
            found.iter().all(|one| one.contains("can fire on no event of acme.open on acme 1 any more")),
            "{found:?}"
        );
    }
}

/// What one sensor always supplies and another one may lack decides for each of them, in whatever order they are asked.
#[test]
fn sensors_that_lack_the_same_and_supply_otherwise_are_told_apart() {
    let always = || sensor("1", &[], &[("image", "string"), ("u1", "string")]);
    let sometimes = || sensor("2", &[], &[("image", "string"), ("u1", "string?")]);
    let then = "    s:\n        image: evil\n    condition: s";
    let now = "    a:\n        u3: x\n    b:\n        image: evil\n        u1: null\n    condition: a or b";
    for fleet in [|a, b| vec![a, b], |a, b| vec![b, a]] {
        let found = told(&release(then, fleet(always(), sometimes())), &release(now, fleet(always(), sometimes())));
        let expected = "`Rule` can fire on no event of acme.open on acme 1 any more, and could in the previous release: it asks for `u3`, which that sensor does not supply";
        assert_eq!(found, [expected]);
    }
    // Also where it lacks nothing.
    let now = "    b:\n        image: evil\n        u1: null\n    condition: b";
    let found = told(&release(then, vec![always(), sometimes()]), &release(now, vec![always(), sometimes()]));
    let expected = "`Rule` can fire on no event of acme.open on acme 1 any more, and could in the previous release: what that sensor supplies never has what it asks for";
    assert_eq!(found, [expected]);
}

/// A template type declares a type, and a sensor supplies what its manifest says: a keyword is looked for in that.
#[test]
fn keywords_are_looked_for_in_what_a_sensor_supplies_whatever_its_template_type_declares() {
    let types = ["string", "int", "bool", "ip", "float", "bytes", "list<string>", "list<int>"];
    // In values of which of these types each can be.
    let words: [(&str, &[&str]); 3] = [
        ("evil", &["string", "list<string>"]),
        ("4624", &["string", "int", "ip", "list<string>", "list<int>"]),
        ("true", &["string", "bool", "list<string>"]),
    ];
    let first = "    s:\n        u0: x\n    condition: s";
    for declared in types {
        let optional = if declared.starts_with("list") { "" } else { "?" };
        let templates =
            OPEN.replace("1 image: string? nocase", &format!("1 image: string? nocase\n    2 v: {declared}{optional}"));
        for supplied in types {
            let of = || vec![sensor("1", &[], &[("v", supplied)]), sensor("2", &[], &[("u0", "string")])];
            let before =
                || vec![sensor("1", &[], &[("v", supplied), ("u0", "string")]), sensor("2", &[], &[("u0", "string")])];
            for (word, can) in words {
                let keyword = format!("    k: ['{word}']\n    condition: k");
                let now = release_on(&templates, &keyword, of());
                let found = checked(&now, None, settings(), &["coverage"]);
                let blind =
                    found.errors().filter(|(_, of)| of.code == "CC1005" && of.message.contains("`acme 1`")).count();
                let never = !can.contains(&supplied);
                assert_eq!(blind, usize::from(never), "{word} in {supplied}, declared {declared}");
                let told = told(&release_on(&templates, first, before()), &now);
                let told =
                    told.iter().filter(|one| one.contains("can fire on no event of acme.open on acme 1")).count();
                assert_eq!(told, usize::from(never), "{word} in {supplied}, declared {declared}");
            }
        }
    }
}

/// A version that always supplies what a rule wants to be absent can never fire it, though nothing of the rule changed.
#[test]
fn a_version_that_always_supplies_what_must_be_absent_is_told() {
    let detection = |field: &str| {
        format!(
            "    s:\n        u0|contains: worm\n    unsigned:\n        {field}: null\n    condition: s and unsigned"
        )
    };
    let then: &[(&str, &str)] = &[("u0", "string"), ("u1", "string?"), ("image", "string?")];
    let supplied = |version: &str, header: &[(&str, &str)], always: &str| {
        let inputs: Vec<(&str, &str)> =
            then.iter().map(|(name, ty)| (*name, if *name == always { "string" } else { *ty })).collect();
        sensor(version, header, &inputs)
    };
    for field in ["u1", "image", "host"] {
        let header = |ty| if field == "host" { vec![("host", ty)] } else { Vec::new() };
        let old = || supplied("1", &header("string?"), "");
        let before = release(&detection(field), vec![old()]);
        let new = supplied("2", &header("string"), field);
        let found = told(&before, &release(&detection(field), vec![old(), new]));
        let expected = "`Rule` can fire on no event of acme.open on acme 2, new in the fleet, and could on acme 1 in the previous release: what that sensor supplies never has what it asks for";
        assert_eq!(found, [expected], "{field}");
        let same = supplied("1", &header("string"), field);
        let found = told(&before, &release(&detection(field), vec![same]));
        let expected = "`Rule` can fire on no event of acme.open on acme 1 any more, and could in the previous release: what that sensor supplies never has what it asks for";
        assert_eq!(found, [expected], "{field}");
        // What it may still lack is no loss.
        assert_eq!(
            told(&before, &release(&detection(field), vec![old(), supplied("2", &header("string?"), "")])),
            [""; 0]
        );
    }
}

/// Regexes and keywords that ask for letters in their case are in values of a type where their letters are.
#[test]
fn what_a_keyword_needs_decides_in_which_types_it_can_be() {
    let cases: [(&str, &[&str]); 5] = [
        ("'|re': 'q[0-9]z'", &[]),
        ("'|re': '47[0-9]+'", &["int", "ip"]),
        ("'|re': '^(?:a|7)'", &["int", "ip"]),
        ("'|cased': 'TRUE'", &[]),
        ("'|cased': 'true'", &["bool"]),
    ];
    for (keyword, can) in cases {
        let detection = format!("    k:\n        {keyword}\n    condition: k");
        for ty in ["int", "bool", "ip"] {
            let before = release(&detection, vec![sensor("1", &[], &[("u0", "string"), ("u1", ty)])]);
            let now = release(&detection, vec![sensor("1", &[], &[("u0", "string")])]);
            // Of three letters each is one of "truefals".
            let is_lost = can.contains(&ty) || (ty == "bool" && keyword.contains("(?:a|7)"));
            assert_eq!(told(&before, &now).len(), usize::from(is_lost), "{keyword} in {ty}");
        }
    }
}

/// Where a template type declares what a sensor no longer supplies, analysis says whether a keyword could be in it, and whether that decides anything.
#[test]
fn keywords_lose_nothing_in_an_input_that_never_decides() {
    let cases: [(&str, &str, &[&str]); 12] = [
        ("'|re': '[a-f0-9]{32}'", "k", &[]),
        ("'|re': '[A-Za-z0-9+/]{40,}'", "k", &[]),
        ("'|re': '[0-9]{25}'", "k", &[]),
        ("'|re': '^$'", "k", &[]),
        ("'|re': '^.{2}$'", "k", &["int", "list<int>"]),
        ("'|re': '^t'", "k", &["bool"]),
        ("'|all': ['4624', '99999999999999999999']", "k", &["int", "list<int>"]),
        ("'|cased': '99999999999999999999'", "k", &[]),
        ("'|contains': 'true'", "k", &["bool"]),
        ("'|contains': 'true'", "k and no", &[]),
        ("'|contains': 'true'", "no or (k and no)", &[]),
        ("'|contains': '1'", "k or no", &["int", "list<int>"]),
    ];
    for (keyword, condition, can) in cases {
        let detection = format!(
            "    k:\n        {keyword}\n    no:\n        image|startswith: a\n    no_more:\n        image|startswith: b\n    condition: {}",
            condition.replace("no", "(no and no_more)")
        );
        for ty in ["int", "bool", "list<int>"] {
            let optional = if ty.starts_with("list") { "" } else { "?" };
            let templates = OPEN.replace("nocase\n", &format!("nocase\n    2 v: {ty}{optional}\n"));
            let supplied = [("image", "string?"), ("v", ty)];
            let before = release_on(&templates, &detection, vec![sensor("1", &[], &supplied)]);
            let now = release_on(&templates, &detection, vec![sensor("1", &[], &supplied[..1])]);
            let told = told(&before, &now);
            assert_eq!(told.len(), usize::from(can.contains(&ty)), "{keyword} in {ty}, {condition}: {told:?}");
        }
    }
}

/// Inputs that are lost together can matter where none does by itself.
#[test]
fn keywords_that_need_several_lost_inputs_are_told() {
    let templates = OPEN.replace("nocase\n", "nocase\n    2 x: string?\n    3 y: string?\n    4 n: int?\n");
    let all = [("image", "string?"), ("x", "string?"), ("y", "string?"), ("n", "int?")];
    let cases = [
        ("    a:\n        '|endswith': .exe\n    b:\n        '|endswith': .dll\n", "a and b and s", true),
        ("    a:\n        '|startswith|all': [aa, bb]\n", "a and s", true),
        ("    a: [evil]\n    b:\n        '|re': '^\\d+$'\n", "a and b and s", true),
        ("    a:\n        '|cidr': 10.0.0.0/8\n    b:\n        '|cidr': 192.168.0.0/16\n", "a and b and s", true),
        (
            "    a:\n        '|endswith': .exe\n    b:\n        '|startswith': 'z.dll'\n",
            "a and b and s and not b",
            false,
        ),
    ];
    for (keywords, condition, is_told) in cases {
        let detection = format!(
            "{keywords}    s:\n        image: proc\n    t:\n        image: svc\n    condition: ({condition}) or t"
        );
        let before = release_on(&templates, &detection, vec![sensor("1", &[], &all)]);
        for supplied in [&all[..1], &[("image", "string?"), ("x", "int?"), ("y", "int?")]] {
            let found = told(&before, &release_on(&templates, &detection, vec![sensor("1", &[], supplied)]));
            assert_eq!(found.len(), usize::from(is_told), "{keywords} {condition} {supplied:?}: {found:?}");
        }
    }
}
