//! Events that no test of a rule can write.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::given::{Given, text};

/// Values by name, and values without one.
pub(super) type Written = (Vec<(&'static str, Given)>, Vec<Given>);

/// Events that no test of a rule can write.
pub(super) fn written(directory: &str) -> Vec<Written> {
    let raw = |bytes: &[u8]| Given::Text(bytes.to_vec());
    let float = |number: f64| Given::Float(number.to_bits());
    let ip = |text: &str| Given::Ip(text.parse().unwrap());
    let list = |values: &[Given]| Given::List(values.to_vec());
    let long = |end: &str| raw([vec![b'a'; 10 << 10].as_slice(), end.as_bytes()].concat().as_slice());
    match directory {
        "opcodes" => vec![
            (vec![("command", text("an ä")), ("parent", raw(b"\xC3"))], vec![]),
            (vec![("command", text("an ä")), ("parent", raw(b"\xA4"))], vec![]),
            (vec![("command", raw(b"an \xC3\xC3\xA4")), ("parent", raw(b" \xC3"))], vec![]),
            (vec![("image", text("ä")), ("parent", raw(b"\xC3"))], vec![]),
            (vec![("command", raw(b"p\xFF-enc\xC3"))], vec![]),
            (
                vec![
                    ("image", raw(b"\xED\xA0\x80\\RUNDLL32.exe")),
                    ("command", raw(b"\xFFab")),
                    ("pid", Given::UInt(1 << 63)),
                ],
                vec![],
            ),
            (
                vec![
                    ("pid", Given::UInt(u64::MAX)),
                    ("at", Given::UInt(1 << 63 | 0x20)),
                    ("ratio", float(f64::INFINITY)),
                ],
                vec![],
            ),
            (
                vec![
                    ("pid", Given::Int(5000)),
                    ("at", Given::Int(0)),
                    ("ratio", float(f64::NAN)),
                    ("admin", text("true")),
                ],
                vec![],
            ),
            (vec![("pid", Given::Int(5000)), ("at", Given::Int(0)), ("address", ip("::ffff:10.0.0.1"))], vec![]),
            (vec![("pid", Given::Int(5000)), ("at", Given::Int(0)), ("address", ip("10.255.255.255"))], vec![]),
            (vec![("address", ip("::ffff:11.0.0.1"))], vec![]),
            (vec![("address", ip("::fffe:a00:1"))], vec![]),
            (
                vec![
                    ("names", list(&[raw(b"\xFF.ru"), Given::Int(1), text("b")])),
                    ("ports", list(&[Given::UInt(443), text("80")])),
                ],
                vec![],
            ),
            (vec![("command", long("-enc")), ("text", long("日本語"))], vec![]),
            (vec![("command", text("a\u{1F980}c"))], vec![]),
            (vec![("command", raw(b"a\xF0c"))], vec![]),
            (vec![("text", raw(b"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE6"))], vec![]),
            (vec![("text", raw(b"\xE6\x97\xE6\x97\xA5\xE6\x9C\xAC\xE8"))], vec![]),
            (vec![("at", Given::Int(3 * 3600 + 59)), ("command", text("x aHR0c y"))], vec![]),
            (vec![("at", Given::Int(86_400 - 1)), ("command", text("aHR0c"))], vec![]),
            (vec![("at", Given::Int(3 * 3600)), ("command", text("yBodHRwX"))], vec![]),
            (vec![], vec![text("a MimiKatz b")]),
            (vec![("pid", Given::Int(77))], vec![]),
            (vec![("pid", Given::UInt(77)), ("parent", Given::Int(1)), ("flags", list(&[]))], vec![]),
            (
                vec![
                    ("pid", Given::Int(77)),
                    ("parent", text("")),
                    ("flags", list(&[Given::Bool(true), text("true")])),
                ],
                vec![],
            ),
            (vec![], vec![raw(b"drop\xC3table")]),
            // No value at all: what a list in a list holds is none.
            (vec![], vec![list(&[])]),
            (vec![], vec![list(&[list(&[text("mimikatz")]), Given::Absent])]),
            (vec![], vec![text("")]),
            (vec![], vec![list(&[text("x"), raw(b"\xFFmimikatz\xED\xB0\x80")]), Given::Bytes(b"mimikatz".to_vec())]),
            (vec![("hash", text("mimikatz"))], vec![Given::Int(7)]),
            (vec![("hash", Given::Bytes(b"mimikatz".to_vec()))], vec![]),
        ],
        "numbers" => vec![
            (vec![("n", Given::UInt(u64::MAX)), ("m", Given::UInt(1 << 63))], vec![]),
            (vec![("n", Given::Int(i64::MAX)), ("m", Given::UInt(1 << 63))], vec![]),
            (vec![("n", Given::UInt(9)), ("m", Given::Int(6))], vec![]),
            // The highest bit alone, which a mask takes for the sign.
            (vec![("n", Given::Int(-1))], vec![]),
            (vec![("n", Given::UInt(u64::MAX))], vec![]),
            (vec![("n", Given::UInt(1 << 62)), ("m", Given::Int(0))], vec![]),
            (vec![("f", float(f64::NAN)), ("g", float(f64::NAN))], vec![]),
            (vec![("f", float(f64::NAN))], vec![]),
            (vec![("f", float(f64::NEG_INFINITY)), ("g", float(-0.0))], vec![]),
            (vec![("f", float(2.5)), ("g", float(f64::INFINITY))], vec![]),
            (vec![("f", Given::Int(0)), ("g", Given::Int(0)), ("n", float(4.0))], vec![]),
            (vec![("many", list(&[Given::UInt(u64::MAX), Given::Int(7)]))], vec![]),
            (vec![("many", list(&[Given::Int(101), float(7.0), Given::Absent]))], vec![]),
            (vec![("text", text("42"))], vec![]),
            (vec![("text", text("41"))], vec![]),
            (vec![("text", text("+0042"))], vec![]),
            (vec![("text", text("4.2e1"))], vec![]),
            (vec![("text", text("-2.50"))], vec![]),
            (vec![("text", text("-25.1e-1"))], vec![]),
            (vec![("text", text("9223372036854775808"))], vec![]),
            (vec![("text", text(" 42"))], vec![]),
            (vec![("text", raw(b"42\xFF"))], vec![]),
            (vec![("text", raw(b"\xFF42"))], vec![]),
            (vec![("text", raw(b"4\xC32")), ("n", Given::Int(i64::MIN))], vec![]),
            (vec![("text", text("-3"))], vec![]),
            // Bounds on what is taken for a number, on both sides of each.
            (vec![("text", text("-999999999999999"))], vec![]),
            (vec![("text", text("-9999999999999999"))], vec![]),
            (vec![("text", text("-00123456789012345"))], vec![]),
            (vec![("text", text("-1234567890123456.5"))], vec![]),
            (vec![("text", text("-1e22"))], vec![]),
            (vec![("text", text("-1e23"))], vec![]),
            (vec![("text", text("-9.5E+23"))], vec![]),
            (vec![("text", text("-3.e0"))], vec![]),
            (vec![("text", text("-3_0"))], vec![]),
            (vec![("text", text("-inf"))], vec![]),
            (vec![("text", text("-Infinity"))], vec![]),
            (vec![("text", text("-3\n"))], vec![]),
            (vec![("text", text(&format!("{}42", "0".repeat(62))))], vec![]),
            (vec![("text", text(&format!("{}42", "0".repeat(63))))], vec![]),
            (vec![("text", text(&format!("{}42", "0".repeat(10 << 10))))], vec![]),
            (vec![("text", text(&format!("42.{}", "0".repeat(10 << 10))))], vec![]),
            (vec![("when_", text("2024-02-29T02:00:00Z"))], vec![]),
            (vec![("when_", text("2024-02-29"))], vec![]),
            (vec![("when_", text("2023-02-29 02:00"))], vec![]),
            // A time that there is not leaves the date.
            (vec![("when_", text("2024-02-29T24:00:00Z"))], vec![]),
            (vec![("when_", text("2024-02-29T02:60:00Z"))], vec![]),
            (vec![("when_", text("2024-02-29T2:00"))], vec![]),
            (vec![("when_", text("2024-03-01T02:60:00Z"))], vec![]),
            (vec![("when_", text("2023-03-01t01:59"))], vec![]),
            (vec![("when_", raw(b"2024-02-29\xFF03:00"))], vec![]),
            (vec![("since", Given::Int(1_609_632_000))], vec![]),
            (vec![("since", Given::Int(1_704_067_199))], vec![]),
            (vec![("since", Given::Int(1_704_070_740))], vec![]),
            (vec![("since", Given::Int(i64::MIN))], vec![]),
            (vec![("since", Given::UInt(u64::MAX))], vec![]),
            (vec![("b", text("false"))], vec![]),
        ],
        "regexes" => vec![
            (vec![("text", raw(b"curl\xFF | sh"))], vec![]),
            (vec![("text", raw(b"curl -s\xFF http | sh"))], vec![]),
            (vec![("text", raw(b"\xFFnc\xED\xA0\x80"))], vec![]),
            (vec![("text", raw(b"\xC3nc\xC3"))], vec![]),
            (vec![("text", raw(b"\xFF\xFE"))], vec![]),
            (vec![("text", raw(b"<\xFF>"))], vec![]),
            (vec![("text", raw(b"\xED\xA0\x80"))], vec![]),
            (vec![("text", raw(b"1\xFF2"))], vec![]),
            (vec![("text", raw(b"1\xF0\x9F\xA62"))], vec![]),
            (vec![("text", raw(b"\xFFx*"))], vec![]),
            (vec![("folded", raw(b"kA\xC3\x9F"))], vec![]),
            (vec![("folded", raw(b"ka\xC3"))], vec![]),
            (vec![("text", text("")), ("folded", text("")), ("more", list(&[]))], vec![]),
            (vec![("text", text("\n"))], vec![]),
            (vec![("text", text("a\n"))], vec![]),
            (vec![("text", text("root:1234"))], vec![]),
            (vec![("text", long("bbbbbbbbbbbbbbbbbbbbbbbbbc | sh"))], vec![]),
            (vec![("more", list(&[text("-e"), raw(b"/\xFF.sh"), Given::Bytes(vec![0])]))], vec![]),
            (vec![("more", list(&[text("-e"), Given::Absent, text("-\u{1F980}")]))], vec![]),
            (vec![("more", text("-e")), ("text", Given::Int(5))], vec![]),
        ],
        "lists" => vec![
            (vec![("args", list(&[])), ("ports", list(&[])), ("Groups", list(&[]))], vec![]),
            (vec![("args", list(&[Given::Absent]))], vec![]),
            (
                vec![("args", list(&[Given::Int(1), text("/x")])), ("Groups", list(&[text("a"), Given::Bool(true)]))],
                vec![],
            ),
            (vec![("args", text("-c")), ("ports", Given::Int(22))], vec![]),
            (vec![("args", list(&[list(&[text("-c")])])), ("Groups", list(&[]))], vec![]),
            (vec![("args", list(&[raw(b"/\xFF"), raw(b"x-enc\xFF")])), ("Groups", list(&[raw(b"users\xFF")]))], vec![]),
            (vec![("ports", list(&[Given::UInt(u64::MAX)]))], vec![]),
            (vec![("ports", list(&[Given::UInt(22), Given::Float(0)]))], vec![]),
            (vec![("ports", list(&[text("22"), Given::Int(0x8000)]))], vec![]),
            (vec![("ratios", list(&[float(f64::NAN), float(-0.0)])), ("flags", list(&[]))], vec![]),
            (vec![("ratios", list(&[float(f64::INFINITY)])), ("flags", list(&[text("true")]))], vec![]),
            (vec![("peers", list(&[ip("::ffff:1.2.3.4")]))], vec![]),
            (vec![("peers", list(&[ip("11.0.0.0"), text("10.0.0.1")]))], vec![]),
            (vec![("digests", list(&[Given::Bytes(vec![]), Given::Bytes(vec![0, 255, 0])]))], vec![]),
            (
                vec![("args", list(&[text("a"), long("hidden window")])), ("one", text("")), ("ports", list(&[]))],
                vec![],
            ),
            (vec![("args", list(&[text("One")])), ("one", text("one")), ("ports", list(&[]))], vec![]),
        ],
        "sensors" => vec![
            (vec![("user", text("root")), ("other", text("1"))], vec![text("root")]),
            (vec![("user", raw(b"adm\xFF")), ("code", Given::UInt(u64::MAX))], vec![]),
            (vec![("code", Given::Int(0x13)), ("place", raw(b"\xFF/tmp/\xC3"))], vec![]),
            (vec![("place", raw(b"/tmp/\xC3\x28"))], vec![]),
            (vec![("method", raw(b"pass\xED\xA0\x80")), ("Host", raw(b"\xFF.EXAMPLE"))], vec![]),
            (vec![("method", text("token")), ("new", text("no float"))], vec![]),
            (vec![("user", Given::Int(1)), ("code", text("600")), ("Host", list(&[text("a.example")]))], vec![]),
            (vec![("method", long("pass"))], vec![]),
            // What only a rule reads that is not loaded, or by a number that does not hold.
            (vec![("spare", Given::Int(5)), ("user", text("root"))], vec![]),
            (vec![("spare", Given::Int(5)), ("place", Given::Int(5)), ("other", Given::Bool(true))], vec![]),
        ],
        "sigma" => {
            let base = |more: &[(&'static str, Given)]| -> Vec<(&'static str, Given)> {
                let mut values = more.to_vec();
                for (name, value) in [
                    ("Image", text(r"C:\Windows\System32\svchost.exe")),
                    ("User", text(r"CORP\alice")),
                    ("Initiated", Given::Bool(true)),
                    ("SourceIp", text("192.168.0.7")),
                    ("DestinationIp", text("203.0.113.9")),
                    ("DestinationPort", Given::Int(443)),
                    ("DestinationPortName", text("https")),
                    ("Computer", text("pc-7")),
                ] {
                    if !values.iter().any(|(other, _)| *other == name) {
                        values.push((name, value));
                    }
                }
                values
            };
            vec![
                (base(&[]), vec![]),
                (base(&[("DestinationIp", text("10.255.0.1"))]), vec![]),
                (base(&[("DestinationIp", text("10.1.2.3")), ("SourceIp", text("10.1.255.255"))]), vec![]),
                (base(&[("DestinationIp", text("FD12::1"))]), vec![]),
                (base(&[("DestinationIp", text("::ffff:10.0.0.1"))]), vec![]),
                (base(&[("DestinationIp", text("10.0.0.01"))]), vec![]),
                (base(&[("DestinationIp", raw(b"10.0.0.1\xFF"))]), vec![]),
                (base(&[("DestinationIp", ip("10.0.0.1"))]), vec![]),
                (base(&[("Image", text(r"C:\Users\abcdefgh.exe"))]), vec![]),
                (base(&[("Image", raw(b"\xFF\\abcdefgh.EXE\xFF"))]), vec![]),
                (base(&[("Image", raw(b"\xED\xA0\x80\\abcdefgh.exe"))]), vec![]),
                (base(&[("DestinationPort", Given::Int(4444)), ("DestinationHostname", text("a.TOP"))]), vec![]),
                (base(&[("DestinationPort", Given::UInt(8443)), ("DestinationHostname", raw(b"\xFF.onion"))]), vec![]),
                (base(&[("DestinationPort", Given::UInt(u64::MAX)), ("DestinationHostname", text(".top"))]), vec![]),
                (base(&[("User", text(""))]), vec![]),
                (base(&[("DestinationHostname", text("xaHR0cDovLy"))]), vec![]),
                (base(&[("DestinationHostname", text("xodHRwOi8vy"))]), vec![]),
                (base(&[("DestinationHostname", raw(b"\xFFh0dHA6Ly\xFF"))]), vec![]),
                (base(&[("Image", text("p.exe /ENC x"))]), vec![]),
                (base(&[("Image", text("p.exe \u{2013}enc x"))]), vec![]),
                (base(&[("SourceIp", text("203.0.113.9"))]), vec![]),
                (base(&[("Image", text(r"C:\CORP\Alice"))]), vec![]),
                (base(&[("Image", text(r"C:\CORP\Alice")), ("DestinationPortName", Given::Absent)]), vec![]),
                (base(&[("RuleName", text("Mimikatz"))]), vec![]),
                (base(&[("EventRecordID", Given::Int(31337))]), vec![]),
                (base(&[("Computer", text("x31337y"))]), vec![]),
                (base(&[]), vec![raw(b"drop\xFFtable")]),
                (base(&[]), vec![text("droptable"), Given::UInt(u64::MAX), float(31337.0)]),
                (base(&[]), vec![list(&[text("a"), text("MIMIKATZ")])]),
                // Integers go on beyond a range that ends with the last one, floats do not.
                (base(&[]), vec![Given::UInt(1 << 63)]),
                (base(&[]), vec![Given::UInt(18_000_000_000_000_000_000)]),
                (base(&[]), vec![Given::UInt(17_999_999_999_999_999_999), float(1.8e19_f64.next_down())]),
                (base(&[]), vec![Given::Int(1 << 62), float(9_223_372_036_854_775_808.0), float(1e30)]),
                (base(&[]), vec![float(9_223_372_036_854_774_784.0)]),
                (base(&[]), vec![float(f64::INFINITY), text("9223372036854775808")]),
                (base(&[]), vec![text("+9223372036854775807")]),
                (base(&[("SourceHostname", long("mimikatz"))]), vec![]),
                (base(&[("SourceHostname", long("mimikat"))]), vec![]),
                (base(&[("ProcessId", text("31337")), ("Initiated", text("true"))]), vec![]),
            ]
        }
        _ => vec![
            (vec![("name", raw(b"a.exe\xFF")), ("folded", raw(b"\xFFevil.sys"))], vec![]),
            (vec![("name", raw(b"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA"))], vec![]),
            (vec![("size", Given::UInt(4096)), ("peer", ip("::1"))], vec![]),
            (vec![("size", Given::UInt(u64::MAX)), ("peer", ip("::ffff:10.0.0.1"))], vec![]),
            (vec![("size", Given::UInt(1 << 63))], vec![]),
            (vec![("size", Given::Float(0)), ("signed", text("true")), ("digest", text("\0"))], vec![]),
            (vec![("tags", list(&[text("z"), Given::Int(0)])), ("digest", Given::Bytes(vec![]))], vec![]),
            (vec![("tags", list(&[]))], vec![]),
            (vec![("tags", list(&[text("日本語"), raw(b"z\xFF")]))], vec![]),
            (vec![("name", long("")), ("folded", long("evil.sys"))], vec![]),
            (vec![("tags", text("z")), ("name", Given::Bytes(b"z".to_vec()))], vec![]),
        ],
    }
}
