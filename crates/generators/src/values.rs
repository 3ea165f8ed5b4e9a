//! Values that content and events share: an event hits a rule only if it holds its literals, or
//! something very like them.

use std::net::IpAddr;

use contentcheck_model::template::Scalar;
use contentcheck_model::value::Value;

use crate::choices::Choices;

/// Bytes of the longest text that is made now and then.
const HUGE: usize = 1 << 16;

/// Texts to begin with: what hides mistakes of case, encoding, width and conversion.
const TEXTS: [&str; 60] = [
    "a",
    "ab",
    "abc",
    "abcd",
    "abcde",
    "abcdefgh",
    "abcdefghi",
    "aaaa",
    "abab",
    "abababab",
    "aaaaaaaaaaaab",
    "Z",
    "AbCd",
    "cmd.exe",
    r"\rundll32.exe",
    r"C:\Windows\System32\",
    "powershell",
    "-enc",
    "/enc",
    "\u{2013}enc",
    "\u{2014}enc",
    " -w hidden ",
    "http://",
    "ä",
    "Ä",
    "ß",
    "\u{212A}",
    "\u{17F}",
    "İı",
    "é",
    "e\u{301}",
    "日本語",
    "🦀",
    "*",
    "?",
    r"\",
    r"\\",
    ".",
    "(",
    "[a-z]",
    "^a$",
    "\0",
    "\n",
    "a\nb",
    " ",
    "5",
    "-5",
    "+5",
    "007",
    "1.50",
    "1e3",
    "true",
    "FALSE",
    "10.0.0.1",
    "::ffff:10.0.0.1",
    "2024-02-29T12:34:56Z",
    "2021-01-03",
    "2020-12-31 23:59",
    "1970-01-01t00:00",
    "2023-02-29",
];

const ADDRESSES: [&str; 16] = [
    "10.0.0.1",
    "10.0.0.0",
    "10.255.255.255",
    "11.0.0.0",
    "9.255.255.255",
    "192.168.1.127",
    "192.168.1.128",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "fd00::1",
    "fe80::1:0:0:1",
    "2001:db8::ff",
    "ffff:ffff::",
];

/// Networks whose borders the addresses lie at.
const NETWORKS: [&str; 10] = [
    "10.0.0.0/8",
    "10.0.0.1/32",
    "192.168.1.128/25",
    "0.0.0.0/0",
    "128.0.0.0/1",
    "::/0",
    "::1/128",
    "fd00::/8",
    "::ffff:0:0/96",
    "2001:db8::/33",
];

const INTEGERS: [i64; 16] =
    [0, 1, 2, 4, 5, 7, 8, 16, 255, -1, -5, 951_827_640, i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1];

const FLOATS: [f64; 14] = [
    0.0,
    -0.0,
    1.0,
    1.5,
    -1.5,
    4.0,
    4.5,
    1e3,
    1e22,
    1e-7,
    9_007_199_254_740_992.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

/// The literals of one world.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    texts: Vec<String>,
    integers: Vec<i64>,
    bytes: Vec<Vec<u8>>,
}

impl Pool {
    /// Some literals to begin with.
    pub fn new(choices: &mut Choices<'_>) -> Self {
        let mut pool = Self::default();
        for _ in 0..2 + choices.below(8) {
            let text = pool.fresh(choices);
            pool.texts.push(text);
        }
        pool
    }

    fn fresh(&self, choices: &mut Choices<'_>) -> String {
        match choices.below(4) {
            0 | 1 => (*choices.pick(&TEXTS)).to_owned(),
            2 => {
                let letters = ["a", "b", "A", "B", "-", r"\", "ä"];
                (0..=choices.below(20)).map(|_| *choices.pick(&letters)).collect()
            }
            _ => (0..=choices.below(3)).map(|_| *choices.pick(&TEXTS)).collect(),
        }
    }

    /// A text for a rule: one that is there, one like it, or a new one. It is kept.
    pub fn literal(&mut self, choices: &mut Choices<'_>) -> String {
        let text = match choices.below(4) {
            0 | 1 => choices.maybe(&self.texts).cloned().unwrap_or_default(),
            2 => self.near(choices),
            _ => self.fresh(choices),
        };
        if self.texts.len() < 200 && !self.texts.contains(&text) {
            self.texts.push(text.clone());
        }
        text
    }

    /// A text that is almost one of the literals.
    fn near(&self, choices: &mut Choices<'_>) -> String {
        let text = choices.maybe(&self.texts).cloned().unwrap_or_default();
        let mut signs: Vec<char> = text.chars().collect();
        let at = choices.below(signs.len().max(1)).min(signs.len());
        let flip = |sign: &char| {
            if sign.is_ascii_lowercase() { sign.to_ascii_uppercase() } else { sign.to_ascii_lowercase() }
        };
        match choices.below(11) {
            0 => signs = signs.iter().map(flip).collect(),
            1 => signs.iter_mut().skip(at).take(1).for_each(|sign| *sign = flip(sign)),
            2 => signs.iter_mut().rev().take(1).for_each(|sign| *sign = '~'),
            3 => signs.iter_mut().skip(at).take(1).for_each(|sign| *sign = 'x'),
            4 => signs.extend(signs.clone()),
            5 => signs.truncate(at),
            6 => drop(signs.drain(..at)),
            7 => signs.insert(at, *choices.pick(&['ä', '\u{212A}', '\n', 'x', '*', '\0', '\u{1F980}'])),
            8 => {
                let dash = *choices.pick(&['/', '\u{2013}', '\u{2014}', '\u{2015}']);
                signs.iter_mut().filter(|sign| **sign == '-').for_each(|sign| *sign = dash);
            }
            9 => {
                let tail = signs.split_off(at);
                signs = tail.into_iter().chain(signs).collect();
            }
            _ => signs.extend(choices.maybe(&self.texts).cloned().unwrap_or_default().chars()),
        }
        signs.truncate(400);
        signs.into_iter().collect()
    }

    /// An integer for a rule. It is kept.
    pub fn integer(&mut self, choices: &mut Choices<'_>) -> i64 {
        let number = match choices.below(3) {
            0 => *choices.pick(&INTEGERS),
            1 => choices.maybe(&self.integers).copied().unwrap_or(3),
            _ => choices.below(1 << 16) as i64 - (1 << 15),
        };
        self.integers.push(number);
        number
    }

    /// A float that content can write.
    pub fn float(&self, choices: &mut Choices<'_>) -> f64 {
        let finite = |number: &&f64| number.is_finite();
        let finite: Vec<f64> = FLOATS.iter().filter(finite).copied().collect();
        *choices.pick(&finite)
    }

    /// An address as content writes it.
    pub fn address(&self, choices: &mut Choices<'_>) -> &'static str {
        choices.pick::<&str>(&ADDRESSES)
    }

    /// A network as content writes it.
    pub fn network(&self, choices: &mut Choices<'_>) -> &'static str {
        choices.pick::<&str>(&NETWORKS)
    }

    /// Bytes for a rule. They are kept.
    pub fn bytes(&mut self, choices: &mut Choices<'_>) -> Vec<u8> {
        let bytes = match choices.maybe(&self.bytes).cloned() {
            Some(bytes) if choices.below(2) == 0 => bytes,
            _ => (0..1 + choices.below(40)).map(|_| choices.below(256) as u8).collect(),
        };
        self.bytes.push(bytes.clone());
        bytes
    }

    /// A text for an event: literals of the rules, mutilated, side by side, among other things.
    pub fn text(&self, choices: &mut Choices<'_>) -> String {
        match choices.below(16) {
            0..=3 => choices.maybe(&self.texts).cloned().unwrap_or_default(),
            4..=6 => self.near(choices),
            7..=11 => {
                let mut text = String::new();
                for _ in 0..=choices.below(4) {
                    match choices.below(3) {
                        0 => text += *choices.pick(&["", "x", " ", "zz", "ä", "\u{1F980}", r"\", "\n", "0", "aaaaa"]),
                        1 => text += &self.near(choices),
                        _ => text += choices.maybe(&self.texts).map_or("", String::as_str),
                    }
                }
                text
            }
            12 => String::new(),
            13 => choices.maybe(&self.integers).map_or_else(|| "3".to_owned(), i64::to_string),
            14 => (*choices.pick(&TEXTS)).to_owned(),
            _ if choices.once_in(64) => {
                let unit = self.near(choices) + "ab";
                unit.repeat(HUGE / unit.len().max(1)) + &self.near(choices)
            }
            _ => {
                let unit = choices.maybe(&self.texts).cloned().unwrap_or_default();
                unit.repeat(2 + choices.below(6))
            }
        }
    }

    /// A value of a kind for an event.
    pub fn value(&self, scalar: Scalar, choices: &mut Choices<'_>) -> Value {
        match scalar {
            Scalar::String => Value::String(self.text(choices)),
            Scalar::Int => {
                let number = match choices.below(4) {
                    0..=1 => choices.maybe(&self.integers).copied().unwrap_or(0),
                    2 => *choices.pick(&INTEGERS),
                    _ => choices.word() as i64,
                };
                Value::Int(number.wrapping_add(*choices.pick(&[0, 0, 1, -1])))
            }
            Scalar::Float => Value::Float(match choices.below(3) {
                0 | 1 => *choices.pick(&FLOATS),
                _ => choices.maybe(&self.integers).copied().unwrap_or(0) as f64,
            }),
            Scalar::Bool => Value::Bool(choices.below(2) == 1),
            Scalar::Ip => {
                let address: Option<IpAddr> = choices.pick(&ADDRESSES).parse().ok();
                Value::Ip(address.expect("the addresses are written rightly"))
            }
            Scalar::Bytes => {
                let mut bytes = choices.maybe(&self.bytes).cloned().unwrap_or_default();
                match choices.below(4) {
                    0 => bytes.push(0),
                    1 => drop(bytes.pop()),
                    _ => {}
                }
                Value::Bytes(bytes)
            }
        }
    }
}
