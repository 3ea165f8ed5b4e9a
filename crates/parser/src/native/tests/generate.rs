//! A generator of files that the grammar allows, in all layouts: comments and line breaks
//! stand between tokens at random.

#![expect(clippy::string_slice, reason = "test data is cut at signs that were just found")]

use proptest::prelude::*;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_][a-zA-Z0-9_]{0,8}".prop_map(|word| format!("{word}_")),
        "[a-z]{1,4}_[.-][a-z0-9]{1,4}",
        "[a-zA-Z .,:()é-]{1,12}".prop_map(|name| format!("`{name}`")),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_]{0,8}".prop_map(|word| format!("{word}_x"))
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        "\"[a-zA-Z0-9 #é(){},']{0,20}\"",
        "\"(a|\\\\n|\\\\\\\\|\\\\\"|\\\\t|\\\\x1F|\\\\u\\{202E\\}|#){0,6}\"",
        "r\"[a-zA-Z\\\\. #*?]{0,20}\"",
        "r##\"[a-z\\\\]{0,5}\"[a-z]{0,3}\"#\"##",
        "-?[0-9]{1,12}",
        "0x[0-9A-F_]{0,6}7",
        "-?[0-9]{1,4}\\.[0-9]{1,4}",
        Just("true".to_owned()),
        "hex\"([0-9a-fA-F]{2} ?){1,6}\"",
    ]
}

fn list() -> impl Strategy<Value = String> {
    (prop::collection::vec(literal(), 1..6), any::<bool>())
        .prop_map(|(values, comma)| format!("[ {} {}]", values.join(" , "), if comma { ", " } else { "" }))
}

fn reference() -> impl Strategy<Value = String> {
    prop_oneof![word(), "[1-9][0-9]{0,2}".prop_map(|position| format!("${position}"))]
}

fn predicate() -> impl Strategy<Value = String> {
    let compare = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "==~", "!=~"]);
    let many = vec!["in", "in~", "contains", "contains~ all", "starts_with", "like~", "matches any", "cidr"];
    let many = prop::sample::select(many);
    let quantifier = prop::sample::select(vec!["", "any ", "all "]);
    prop_oneof![
        (quantifier, reference(), compare, prop_oneof![literal(), reference()])
            .prop_map(|(quantifier, field, operator, value)| format!("{quantifier}{field} {operator} {value}")),
        (reference(), many, prop_oneof![list(), word()])
            .prop_map(|(field, operator, value)| format!("{field} {operator} {value}")),
        reference().prop_map(|field| format!("{field} exists")),
        (reference(), "0x[0-9A-F]{1,4}").prop_map(|(field, mask)| format!("{field} & {mask} != 0")),
        name(),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    predicate().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..5).prop_map(|parts| parts.join(" and ")),
            prop::collection::vec(inner.clone(), 2..5).prop_map(|parts| parts.join(" or ")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("( {} )", parts.join(" || "))),
            inner.clone().prop_map(|part| format!("( {part} )")),
            inner.prop_map(|part| format!("not {part}")),
        ]
    })
}

fn ty() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "string",
        "string? nocase",
        "int",
        "float?",
        "bool",
        "ip",
        "bytes",
        "list < string > nocase",
        "list<int>?",
    ])
}

fn template() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        Just("serves { product: windows , category: \"odd one\" }".to_owned()),
        (word(), list()).prop_map(|(key, values)| format!("reads {{ {key} : {values} , EventID : 7 }}")),
        (word(), ty()).prop_map(|(key, ty)| format!("header {{ {key} : {ty} , }}")),
        Just("retired 3 , 0x07".to_owned()),
        Just("open".to_owned()),
        (1..500u32, word(), ty()).prop_map(|(at, name, ty)| format!("{at} {name} : {ty}")),
    ];
    (name(), prop::collection::vec(entry, 0..8))
        .prop_map(|(name, entries)| format!("template a.{name} @ 2 {{ {} }}", entries.join(" \n ")))
}

fn table() -> impl Strategy<Value = String> {
    let rows = prop_oneof![
        Just("from \"a/b.csv\"".to_owned()),
        prop::collection::vec(list(), 0..4).prop_map(|rows| format!("rows [ {} ]", rows.join(" , "))),
    ];
    (name(), prop::collection::vec((word(), ty()), 1..4), rows).prop_map(|(name, columns, rows)| {
        let columns: Vec<String> = columns.into_iter().map(|(name, ty)| format!("{name} : {ty} key")).collect();
        format!("table {name} @ 1 {{ {} }} capacity 10_000 {rows}", columns.join(" , "))
    })
}

fn rule() -> impl Strategy<Value = String> {
    let binding = prop_oneof![
        (name(), condition()).prop_map(|(name, condition)| format!("let {name} = {condition}")),
        (name(), list()).prop_map(|(name, list)| format!("let {name} = {list}")),
    ];
    let field = (word(), prop_oneof![literal(), list(), Just("[ ]".to_owned())])
        .prop_map(|(name, value)| format!("{name} : {value}"));
    let test = prop::collection::vec(field, 0..5)
        .prop_map(|fields| format!("test fires \"a test\" {{ {} }}", fields.join(" , ")));
    (name(), prop::collection::vec(binding, 0..3), condition(), prop::collection::vec(test, 0..3)).prop_map(
        |(name, bindings, condition, tests)| {
            format!(
                "rule {name} {{ id: \"x\" \n template: t.u @ 2 \n severity: low tags: [ attack.t1055 , \"odd tag\" ] \n\n {} \n when {condition} \n {} }}",
                bindings.join(" \n "),
                tests.join(" \n ")
            )
        },
    )
}

fn declaration() -> impl Strategy<Value = String> {
    prop_oneof![template(), table(), (name(), list()).prop_map(|(name, list)| format!("list {name} = {list}")), rule(),]
}

/// Replaces some blanks outside texts by comments and line breaks.
fn scatter(text: &str, choices: &[u8]) -> String {
    let mut out = String::new();
    let mut choice = choices.iter().cycle();
    let mut count = 0;
    let mut close: Option<String> = None;
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        if let Some(end) = &close {
            if rest.starts_with('\\') && end == "\"" {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..length]);
                rest = &rest[length..];
                continue;
            }
            if rest.starts_with(end.as_str()) {
                out.push_str(end);
                rest = &rest[end.len()..];
                close = None;
                continue;
            }
        } else if let Some((open, end)) = [("r##\"", "\"##"), ("r\"", "\" "), ("\"", "\""), ("`", "`")]
            .iter()
            .find(|(open, _)| rest.starts_with(open))
        {
            out.push_str(open);
            rest = &rest[open.len()..];
            close = Some((*end).to_owned());
            continue;
        } else if sign == ' ' {
            match choice.next() {
                Some(0..=5) => {
                    count += 1;
                    out.push_str(&format!(" # note {count}\n "));
                    rest = &rest[1..];
                    continue;
                }
                Some(6..=12) => out.push_str("\n\n"),
                _ => {}
            }
        }
        out.push(sign);
        rest = &rest[sign.len_utf8()..];
    }
    out
}

/// A file that the grammar allows.
pub(crate) fn file() -> impl Strategy<Value = String> {
    (prop::collection::vec(declaration(), 1..4), prop::collection::vec(0..120u8, 1..64))
        .prop_map(|(declarations, choices)| scatter(&declarations.join(" \n "), &choices))
}
