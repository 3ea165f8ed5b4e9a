//! What people write in a Sigma rule that other tools understand, and what it is called here.
//!
//! Words alone: nothing here decides what a rule means, so a word that is missing costs an answer its help and no more.

use super::names::{NAMES, is_modifier};
use contentcheck_model::diagnostic::{clip, closest};

/// What to write for a modifier that Sigma does not have, where a similar name would mislead.
pub(crate) fn modifier(name: &str) -> Option<String> {
    let bare = name.trim();
    let several: Vec<&str> =
        bare.split([',', ';', '+', '&', ' ', '/', ':']).map(str::trim).filter(|part| !part.is_empty()).collect();
    if several.len() > 1 && several.iter().all(|part| NAMES.contains(part)) {
        return Some(format!("each modifier follows a `|` of its own: write `{}`", several.join("|")));
    }
    let lower: String = bare.to_ascii_lowercase().chars().filter(|sign| !matches!(sign, '_' | '-' | ' ')).collect();
    let fixed = match lower.as_str() {
        other if name != bare && NAMES.contains(&other) => {
            return Some(format!("write `{other}` without spaces around the `|`"));
        }
        "" => "remove the `|`, or write a modifier behind it",
        "regex" | "regexp" | "match" | "matches" | "rx" | "pcre" | "rlike" => "write `re` for a regex",
        "includes" | "include" | "has" | "substring" | "containing" => "write `contains`",
        "containsall" => "write `contains|all`",
        "containsany" | "any" | "anyof" | "or" | "oneof" => {
            "leave it out: any value of a list is enough; `all` asks for each of them"
        }
        "allof" | "and" => "write `all`",
        "like" | "wildcard" | "glob" => "write the field without a modifier; `*` and `?` in its values are wildcards",
        "equals" | "equal" | "eq" | "is" | "exact" | "in" | "==" | "=" | "string" => {
            "write the field without a modifier, which compares the whole value"
        }
        "not" | "!" | "exclude" | "notcontains" | "notin" => {
            "put the item into a selection of its own, and write `not` before its name in the condition"
        }
        "ne" | "noteq" | "notequals" | "!=" | "<>" => "write `neq`, or negate a selection in the condition",
        "nocase" | "caseinsensitive" | "ignorecase" | "icase" | "icontains" => {
            "leave it out: strings ignore case, unless `cased` is written"
        }
        "case" | "casesensitive" | "cs" | "matchcase" => "write `cased`",
        "null" | "isnull" | "empty" | "missing" => {
            "write `exists: false`, or the field without a modifier and the value `null`"
        }
        "notnull" | "present" => "write `exists: true`",
        ">" | "greater" | "greaterthan" => "write `gt`",
        ">=" | "ge" | "min" => "write `gte`",
        "<" | "less" | "lessthan" => "write `lt`",
        "<=" | "le" | "max" => "write `lte`",
        "ip" | "subnet" | "network" | "cidrmatch" => "write `cidr`",
        "starts" | "prefix" | "beginswith" => "write `startswith`",
        "ends" | "suffix" => "write `endswith`",
        "b64" => "write `base64` or `base64offset`",
        "length" | "len" | "size" | "count" => "Sigma does not compare lengths; a regex such as `re: '.{1000}'` does",
        other => return NAMES.contains(&other).then(|| format!("did you mean `{other}`?")),
    };
    Some(fixed.to_owned())
}

/// What to write for modifiers that do not go together.
pub(crate) fn together(modifiers: &[&str]) -> String {
    let has = |name: &str| modifiers.contains(&name);
    let parts: Vec<&str> = ["contains", "startswith", "endswith"].into_iter().filter(|part| has(part)).collect();
    match parts[..] {
        [first, second, ..] => format!("keep one of `{first}` and `{second}`, or write an item for each"),
        ["contains"] if has("re") => {
            "remove `contains`: a regex is looked for anywhere in the value already".to_owned()
        }
        ["startswith"] if has("re") => "remove `startswith`, and write `^` at the start of the regex".to_owned(),
        ["endswith"] if has("re") => "remove `endswith`, and write `$` at the end of the regex".to_owned(),
        _ if ["i", "m", "s"].into_iter().any(has) && !has("re") => {
            "`i`, `m` and `s` follow `re`; strings ignore case without them".to_owned()
        }
        _ if has("re") && has("windash") => "remove `windash`, and write the dashes into the regex: `[-/]`".to_owned(),
        _ => "keep the one that is meant".to_owned(),
    }
}

/// A field of other tools and the fields that a template type may call it.
struct Foreign {
    name: &'static str,
    of: &'static str,
    here: &'static [&'static str],
}

const FOREIGN: &[Foreign] = &[
    Foreign { name: "NewProcessName", of: "event 4688", here: &["Image"] },
    Foreign { name: "ParentProcessName", of: "event 4688", here: &["ParentImage"] },
    Foreign { name: "NewProcessId", of: "event 4688", here: &["ProcessId"] },
    Foreign { name: "SubjectUserName", of: "event 4688", here: &["User"] },
    Foreign { name: "SubjectLogonId", of: "event 4688", here: &["LogonId"] },
    Foreign { name: "TokenElevationType", of: "event 4688", here: &["IntegrityLevel"] },
    Foreign { name: "ProcessCommandLine", of: "Defender", here: &["CommandLine"] },
    Foreign { name: "InitiatingProcessCommandLine", of: "Defender", here: &["ParentCommandLine", "CommandLine"] },
    Foreign { name: "InitiatingProcessFolderPath", of: "Defender", here: &["ParentImage", "Image"] },
    Foreign { name: "InitiatingProcessFileName", of: "Defender", here: &["ParentImage", "Image"] },
    Foreign { name: "FolderPath", of: "Defender", here: &["Image", "TargetFilename"] },
    Foreign { name: "FileName", of: "other tools", here: &["Image", "TargetFilename"] },
    Foreign { name: "AccountName", of: "Defender", here: &["User"] },
    Foreign { name: "RemoteIP", of: "Defender", here: &["DestinationIp"] },
    Foreign { name: "RemotePort", of: "Defender", here: &["DestinationPort"] },
    Foreign { name: "process.command_line", of: "ECS", here: &["CommandLine"] },
    Foreign { name: "process.executable", of: "ECS", here: &["Image"] },
    Foreign { name: "process.name", of: "ECS", here: &["Image"] },
    Foreign { name: "process.pid", of: "ECS", here: &["ProcessId"] },
    Foreign { name: "process.working_directory", of: "ECS", here: &["CurrentDirectory"] },
    Foreign { name: "process.parent.command_line", of: "ECS", here: &["ParentCommandLine"] },
    Foreign { name: "process.parent.executable", of: "ECS", here: &["ParentImage"] },
    Foreign { name: "process.parent.name", of: "ECS", here: &["ParentImage"] },
    Foreign { name: "process.pe.original_file_name", of: "ECS", here: &["OriginalFileName"] },
    Foreign { name: "process.hash.sha256", of: "ECS", here: &["Hashes"] },
    Foreign { name: "file.path", of: "ECS", here: &["TargetFilename"] },
    Foreign { name: "registry.path", of: "ECS", here: &["TargetObject"] },
    Foreign { name: "dns.question.name", of: "ECS", here: &["QueryName"] },
    Foreign { name: "destination.ip", of: "ECS", here: &["DestinationIp"] },
    Foreign { name: "destination.port", of: "ECS", here: &["DestinationPort"] },
    Foreign { name: "source.ip", of: "ECS", here: &["SourceIp"] },
    Foreign { name: "user.name", of: "ECS", here: &["User"] },
    Foreign { name: "event.code", of: "ECS", here: &["EventID"] },
    Foreign { name: "EventCode", of: "Splunk", here: &["EventID"] },
    Foreign { name: "CmdLine", of: "other tools", here: &["CommandLine"] },
    Foreign { name: "ProcessName", of: "other tools", here: &["Image"] },
    Foreign { name: "ProcessPath", of: "other tools", here: &["Image"] },
    Foreign { name: "ParentProcess", of: "other tools", here: &["ParentImage"] },
    Foreign { name: "UserName", of: "other tools", here: &["User"] },
    Foreign { name: "dst_ip", of: "other tools", here: &["DestinationIp"] },
    Foreign { name: "dst_port", of: "other tools", here: &["DestinationPort"] },
    Foreign { name: "src_ip", of: "other tools", here: &["SourceIp"] },
];

/// Hashes that have no field of their own where all of them are in one.
const HASHES: &[(&str, &str)] = &[("md5", "MD5"), ("sha1", "SHA1"), ("sha256", "SHA256"), ("imphash", "IMPHASH")];

/// Words of which one log has the one and another log the other.
const SYNONYMS: &[(&str, &str)] = &[("account", "user"), ("computer", "host"), ("address", "ip")];

/// What W3C and CEF logs put before the name of a field, to say from whom to whom it went.
const DIRECTIONS: &[&str] = &["cs-", "sc-", "c-", "s-", "r-"];

/// The words of a name, in lower case: `SubjectUserName`, `user_agent`, `cs-host`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut inside, mut before) = (false, false);
    for sign in name.chars() {
        let is_part = sign.is_alphanumeric();
        if is_part {
            match words.last_mut().filter(|_| inside && (before || !sign.is_uppercase())) {
                Some(word) => word.extend(sign.to_lowercase()),
                None => words.push(sign.to_lowercase().collect()),
            }
        }
        (inside, before) = (is_part, sign.is_uppercase());
    }
    words
}

/// The field that is called by the same words, one of them by another that means the same.
fn synonym<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let own = words(name);
    let other =
        |word: &str| SYNONYMS.iter().find_map(|(a, b)| if *a == word { Some(*b) } else { (*b == word).then_some(*a) });
    (0..own.len()).find_map(|at| {
        let other = other(own.get(at)?)?;
        let renamed = own.iter().enumerate().map(|(index, word)| if index == at { other } else { word.as_str() });
        let renamed: Vec<&str> = renamed.collect();
        known.iter().copied().find(|known| words(known) == renamed)
    })
}

/// The known field of which a name is a slip of the pen. One in which another word stands means something else.
pub(crate) fn slip<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = closest(name, known.iter().copied())?;
    let (own, other) = (words(name), words(near));
    let is_slip = own.len() != other.len()
        || own.iter().zip(&other).all(|(own, other)| own == other || closest(own, [other.as_str()]).is_some());
    is_slip.then_some(near)
}

/// What to write for a field that is unknown, given those that are known; `None` where only the spelling can be near.
pub(crate) fn field(name: &str, known: &[&str]) -> Option<String> {
    let is_known = |word: &str| known.iter().copied().find(|known| *known == word);
    let squeezed = |word: &str| -> String {
        word.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_lowercase()).collect()
    };
    let same = |word: &str| {
        let wanted = squeezed(word);
        known.iter().copied().find(|known| !wanted.is_empty() && squeezed(known) == wanted)
    };
    if let Some((head, tail)) = name.rsplit_once(['.', ' ', ':', '_', '\\', '/', '-'])
        && let (Some(field), Some(modifier)) = (same(head), is_modifier(tail))
    {
        return Some(format!("modifiers follow a `|`: write `{field}|{modifier}`"));
    }
    if let Some(modifier) = is_modifier(name) {
        return Some(format!("`{modifier}` is a modifier: write it behind a field, as in `CommandLine|{modifier}`"));
    }
    if let Some((field, value)) = name.split_once([':', '=', '>', '<'])
        && let Some(field) = same(field)
    {
        return Some(format!("write the value outside of the name, behind `: `: `{field}: '{}'`", clip(value.trim())));
    }
    if let Some(field) = same(name) {
        return Some(format!("it is written `{field}`"));
    }
    if let Some(foreign) = FOREIGN.iter().find(|foreign| foreign.name.eq_ignore_ascii_case(name))
        && let Some(here) = foreign.here.iter().find_map(|here| is_known(here))
    {
        return Some(format!("that is the name in {}; here it is `{here}`", foreign.of));
    }
    if let Some(field) = synonym(name, known) {
        return Some(format!("here it is `{field}`"));
    }
    let direction = DIRECTIONS.iter().find(|direction| name.starts_with(*direction));
    if let Some(direction) = direction
        && let Some(field) = name.strip_prefix(direction).and_then(same)
    {
        return Some(format!("`{direction}` stands before names in logs of the W3C; here it is `{field}`"));
    }
    if let Some((_, label)) = HASHES.iter().find(|(hash, _)| name.eq_ignore_ascii_case(hash))
        && let Some(hashes) = is_known("Hashes")
    {
        return Some(format!("all hashes of an event are in one field: write `{hashes}|contains: '{label}=...'`"));
    }
    let last = name.rsplit(['.', '$', '[']).next().unwrap_or(name);
    if last.len() < name.len()
        && let Some(field) = same(last)
    {
        return Some(format!("fields are written without what leads to them: `{field}`"));
    }
    None
}

/// What to write for a word that is no part of a condition.
pub(crate) fn condition_word(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "&&" | "&" | "+" | "," | ";" => "write `and`, or `or` where one of them is enough",
        "||" | "|" => "write `or`",
        "!" | "~" => "write `not`",
        "-" | "unless" | "except" | "but" | "without" | "minus" | "excluding" => "write `and not`",
        "not" => "write `and not`",
        "[" | "]" | "{" | "}" => "group with parentheses: `(` and `)`",
        "\"" | "'" | "`" => "names of selections have no quotes",
        "$" | "#" | "@" => "names of selections are written without a sign before them",
        "==" | "=" | "!=" | ">" | "<" | "/" => {
            "a condition has names of selections alone: write what is compared into a selection, as `field: value`"
        }
        "if" | "where" | "when" | "select" => "leave it out: a condition begins with the name of a selection",
        "then" | "alert" => "leave out what follows: a condition says when the rule matches, and no more",
        "xor" => "write `(a or b) and not (a and b)`",
        "nand" => "write `not (a and b)`",
        "nor" => "write `not (a or b)`",
        "with" | "plus" => "write `and`",
        _ => return None,
    })
}

/// The name of a selection that is near to what a condition says.
pub(crate) fn selection<'n>(word: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    names.clone().find(|name| name.eq_ignore_ascii_case(word)).or_else(|| closest(word, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_that_are_joined_otherwise_are_written_with_pipes() {
        for sign in [",", ", ", ";", "+", " & ", " ", "/"] {
            let help = modifier(&format!("contains{sign}all"));
            assert!(help.is_some_and(|help| help.ends_with("write `contains|all`")), "{sign}");
        }
        assert!(modifier("contains,nothing").is_none_or(|help| !help.contains("write `contains|")));
    }

    #[test]
    fn a_field_is_advised_that_means_the_same_and_none_that_means_something_else() {
        let known = ["SubjectUserName", "SubjectDomainName", "SubjectUserSid", "ObjectDN"];
        assert_eq!(field("SubjectAccountName", &known).as_deref(), Some("here it is `SubjectUserName`"));
        assert_eq!(slip("SubjectAccountName", &["SubjectDomainName"]), None);
        assert_eq!(slip("SubjectDomianName", &known), Some("SubjectDomainName"));
        assert_eq!(slip("CommandLineX", &["CommandLine"]), Some("CommandLine"));
        let zeek = ["method", "host", "uri", "user_agent", "status_code"];
        for (name, here) in [("c-uri", "uri"), ("c-useragent", "user_agent"), ("cs-method", "method")] {
            assert!(field(name, &zeek).is_some_and(|help| help.ends_with(&format!("here it is `{here}`"))), "{name}");
        }
        assert_eq!(field("c-something", &zeek), None);
    }
}
