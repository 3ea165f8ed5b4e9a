//! Where values come from that are put into an event: the literals of a directory, and what is near them.

use std::collections::BTreeSet;

use contentcheck_compiler::sensor::Supplied;
use contentcheck_generators::Choices;
use contentcheck_interpreter::{self as interpreter, Type};

use super::Line;
use super::given::Given;

/// The literals of a directory: what its content has between quotes, and the words and numbers of its lines.
fn literals(sources: &[String]) -> (Vec<Vec<u8>>, Vec<i64>) {
    let mut texts: BTreeSet<Vec<u8>> = ["", "a", "7", "TRUE"].map(|text| text.as_bytes().to_vec()).into();
    let mut numbers = BTreeSet::from([0, 1, 443, i64::MAX]);
    for line in sources.iter().flat_map(|text| text.lines()).filter(|line| !line.trim_start().starts_with(['#', 'i'])) {
        for quote in ['"', '\''] {
            for literal in line.split(quote).skip(1).step_by(2).flat_map(|text| text.split('*')) {
                texts.insert(literal.as_bytes().to_vec());
            }
        }
        for word in line.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '-') {
            let digits = word.strip_prefix("0x");
            numbers
                .extend(digits.and_then(|digits| i64::from_str_radix(digits, 16).ok()).or_else(|| word.parse().ok()));
        }
    }
    (texts.into_iter().collect(), numbers.into_iter().collect())
}

/// Where values come from that are put into an event.
pub(super) struct Pool {
    texts: Vec<Vec<u8>>,
    numbers: Vec<i64>,
}

impl Pool {
    pub(super) fn of(sources: &[String]) -> Self {
        let (texts, numbers) = literals(sources);
        Self { texts, numbers }
    }

    pub(super) fn text(&self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut text = choices.pick(&self.texts).clone();
        for _ in 0..choices.below(3) {
            text = self.near(text, choices);
        }
        text
    }

    pub(super) fn near(&self, mut text: Vec<u8>, choices: &mut Choices<'_>) -> Vec<u8> {
        let put: &[&[u8]] = &[
            b"\xFF",
            b"\xC3",
            b"\xE2\x82",
            b"\xED\xA0\x80",
            b"\xF0\x9F\xA6",
            "\u{1F980}".as_bytes(),
            b"x",
            b"\n",
            b" ",
            b"\0",
        ];
        let at = choices.below(text.len() + 1);
        match choices.below(7) {
            0 => text = text.to_ascii_uppercase(),
            1 => drop(text.pop()),
            2 => text.truncate(at),
            3 => drop(text.splice(at..at, choices.pick(put).iter().copied())),
            4 => text = [choices.pick::<&[u8]>(put), text.as_slice()].concat(),
            5 => text.extend(*choices.pick(put)),
            _ => text.extend(choices.pick(&self.texts)),
        }
        text
    }

    pub(super) fn one(&self, scalar: interpreter::Scalar, choices: &mut Choices<'_>) -> Given {
        use interpreter::Scalar;
        match scalar {
            Scalar::String => Given::Text(self.text(choices)),
            Scalar::Int if choices.once_in(8) => Given::UInt(*choices.pick(&[0, 443, 1 << 63, u64::MAX])),
            Scalar::Int => Given::Int(choices.pick(&self.numbers).wrapping_add(*choices.pick(&[0, 0, 1, -1]))),
            Scalar::Float => {
                let number =
                    *choices.pick(&[0.0, -0.0, 0.5, 1.0, 1.5, 1.75, 1e3, 1501.0, -2.25, f64::NAN, f64::INFINITY]);
                Given::Float(number.to_bits())
            }
            Scalar::Bool => Given::Bool(choices.below(2) == 1),
            Scalar::Ip => {
                let texts = ["10.0.0.1", "10.255.255.255", "11.0.0.0", "::1", "::ffff:10.0.0.2", "fd00::7", "0.0.0.0"];
                Given::Ip(choices.pick::<&str>(&texts).parse().unwrap())
            }
            Scalar::Bytes => {
                Given::Bytes(choices.pick::<&[u8]>(&[b"", b"\0", b"\0\xFF", b"\0\xFF\x17", b"\x01\x02"]).to_vec())
            }
        }
    }

    pub(super) fn any(&self, choices: &mut Choices<'_>) -> Given {
        let scalar = interpreter::Scalar::from_number(choices.below(6) as u8).unwrap();
        self.one(scalar, choices)
    }

    pub(super) fn value(&self, ty: Type, choices: &mut Choices<'_>) -> Given {
        match choices.below(16) {
            0 => Given::Absent,
            1 => self.any(choices),
            _ if !ty.list => self.one(ty.scalar, choices),
            _ => {
                let element = |choices: &mut Choices<'_>| match choices.below(24) {
                    0 => self.any(choices),
                    1 => Given::Absent,
                    _ => self.one(ty.scalar, choices),
                };
                Given::List((0..choices.below(4)).map(|_| element(choices)).collect())
            }
        }
    }

    /// An event that is like another one.
    pub(super) fn changed(&self, mut line: Line, supplied: &Supplied<'_>, choices: &mut Choices<'_>) -> Line {
        let inputs = &supplied.templates().iter().find(|(name, _)| *name == line.template).unwrap().1;
        for _ in 0..=choices.below(3) {
            let at = choices.below(line.inputs.len() + line.header.len() + 1);
            let of = inputs.iter().chain(supplied.header()).nth(at);
            let slot = line.inputs.iter_mut().chain(&mut line.header).nth(at);
            match (slot, of) {
                (Some(Given::Text(text)), Some(_)) if text.len() < 100 && choices.below(2) == 0 => {
                    *text = self.near(text.clone(), choices);
                }
                (Some(slot), Some(input)) => *slot = self.value(input.ty, choices),
                _ => line.others.push(self.any(choices)),
            }
        }
        line
    }
}
