//! Typing: the values of a flat record in the order and the types that a reader of events wants.

use std::fmt::Write as _;
use std::ops::Range;

use contentcheck_interpreter::{Event, Input, Scalar as Supplied, Type, Value};
use contentcheck_model::decimal;
use contentcheck_model::exporters as names;
use contentcheck_model::field::Place;
use contentcheck_model::template::{FieldType, Fixed, PROVIDER, Recognition, Scalar, TemplateType};
use rustc_hash::FxHashMap;

use crate::flat::Flat;
use crate::hash::Names;
use crate::router;
use crate::scalar;
use crate::store::{Raw, Span};

/// Which names of one template type are wanted, in which order, of which types. Made once for
/// each template type of an image, and shared by all threads.
#[derive(Clone, Debug)]
pub struct Layout {
    template: String,
    fields: Vec<Wanted>,
    inputs: usize,
    /// Inputs that events carry under a name that the log uses as well: position, and what the event's own is called
    /// where a record has both.
    own: Vec<(u32, String, u32)>,
    /// What the template type declares besides and is no text, by the hash of its name: only keywords look at it, and they
    /// see the values that rules would see which read it.
    declared: FxHashMap<u32, Vec<(String, FieldType)>>,
    /// The names by which events of the template type are recognised.
    reads: Vec<Read>,
    /// Open addressing over positions; a power of two, at most half full.
    table: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Wanted {
    name: String,
    ty: FieldType,
    /// Whether the type is text and no list.
    is_text: bool,
    hash: u32,
    /// The position that is filled for this name, where that is another one.
    alias: Option<u32>,
    /// Which of the names by which events are recognised it is.
    read: Option<u32>,
}

/// A name by which events of a template type are recognised. They have a value of the template type under it, in its spelling, however a
/// recorder spells it: what is proved of rules is proved of these.
#[derive(Clone, Debug)]
struct Read {
    name: String,
    hash: u32,
    values: Vec<Fixed>,
    lacking: Lacking,
    /// Whether a field of the layout has it, which keywords see.
    is_wanted: bool,
}

/// What an event has under a name of several values which says none of them, as [`TemplateType::assumed`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lacking {
    /// The first.
    First,
    /// Nothing.
    Nothing,
    /// The first where it does not say its provider either, and else nothing.
    FirstWithoutProvider,
}

impl Read {
    fn new(template: &TemplateType, of: &Recognition) -> Self {
        let is_assumed = |says: bool| template.assumed(&of.name, |_| says).is_some();
        let lacking = match (is_assumed(true), is_assumed(false)) {
            (true, _) => Lacking::First,
            (false, true) => Lacking::FirstWithoutProvider,
            (false, false) => Lacking::Nothing,
        };
        let hash = Names::default().hash(of.name.as_bytes());
        Self { name: of.name.clone(), hash, values: of.values.clone(), lacking, is_wanted: false }
    }

    /// Which of the values the record says.
    fn said(&self, flat: &Flat<'_>) -> Option<&Fixed> {
        router::held(&self.values, flat.at(&self.name, self.hash)?)
    }

    /// The value that an event has: of one value this one, whatever the record says.
    fn of(&self, flat: &Flat<'_>, all: &[Self]) -> Option<&Fixed> {
        let several = match self.values.as_slice() {
            [only] => return Some(only),
            several => several,
        };
        self.said(flat).or_else(|| {
            let is_first = match self.lacking {
                Lacking::First => true,
                Lacking::Nothing => false,
                Lacking::FirstWithoutProvider => {
                    !all.iter().any(|read| read.name == PROVIDER && read.said(flat).is_some())
                }
            };
            several.first().filter(|_| is_first)
        })
    }
}

/// No position, no entry.
const NONE: u32 = u32::MAX;

impl Layout {
    /// A layout with these inputs and header fields, in this order. A name that is given twice
    /// is filled twice.
    #[must_use]
    pub fn new(template: &str, inputs: Vec<(String, FieldType)>, header: Vec<(String, FieldType)>) -> Self {
        let names = Names::default();
        let arity = inputs.len();
        let mut fields: Vec<Wanted> = inputs
            .into_iter()
            .chain(header)
            .map(|(name, ty)| Wanted {
                hash: names.hash(name.as_bytes()),
                name,
                ty,
                is_text: is_text(ty),
                alias: None,
                read: None,
            })
            .collect();
        let size = (fields.len() * 2).next_power_of_two().max(4);
        let mut table = vec![NONE; size];
        for at in 0..fields.len() {
            let Some(wanted) = fields.get(at) else { continue };
            let mut slot = wanted.hash as usize & (size - 1);
            let mut alias = None;
            while let Some(other) = table.get(slot).copied().filter(|other| *other != NONE) {
                if fields.get(other as usize).is_some_and(|other| other.name == wanted.name) {
                    alias = Some(other);
                    break;
                }
                slot = (slot + 1) & (size - 1);
            }
            if alias.is_none()
                && let Some(free) = table.get_mut(slot)
            {
                *free = u32::try_from(at).unwrap_or(NONE);
            }
            if let Some(wanted) = fields.get_mut(at) {
                wanted.alias = alias;
            }
        }
        Self {
            template: template.to_owned(),
            fields,
            inputs: arity,
            own: Vec::new(),
            declared: FxHashMap::default(),
            reads: Vec::new(),
            table,
        }
    }

    /// The same for events of a template type. An input that it numbers is what the event carries, also where the log
    /// says something else of the event under that name: the clearing of a log carries the `Channel` that was cleared,
    /// and lies in another.
    #[must_use]
    pub fn carried_by(mut self, template: &TemplateType) -> Self {
        let names = Names::default();
        let own = (0_u32..).zip(self.fields.iter().take(self.inputs)).filter(|(_, wanted)| {
            names::is_system(&wanted.name) && template.find(&wanted.name).is_some_and(|info| info.position().is_some())
        });
        let own = own.map(|(at, wanted)| {
            let name = format!("{}{}", names::OWN, wanted.name);
            let hash = names.hash(name.as_bytes());
            (at, name, hash)
        });
        self.own = own.collect();
        self.reads = template.reads.iter().map(|of| Read::new(template, of)).collect();
        for wanted in &mut self.fields {
            let place = template.find(&wanted.name).map(|info| info.place);
            if let (Some(Place::Reads(_)), Some(at)) = (place, self.reads.iter().position(|of| of.name == wanted.name))
            {
                wanted.read = u32::try_from(at).ok();
                if let Some(read) = self.reads.get_mut(at) {
                    read.is_wanted = true;
                }
            }
        }
        let mut declare = |name: String, ty: FieldType| {
            self.declared.entry(names.hash(name.as_bytes())).or_default().push((name, ty));
        };
        for field in template.declared() {
            let Some(info) = template.describe(&field).filter(|info| !is_text(info.ty)) else { continue };
            if names::is_system(info.name) && info.position().is_some() {
                declare(format!("{}{}", names::OWN, info.name), info.ty);
            }
            declare(info.name.to_owned(), info.ty);
        }
        self
    }

    /// Everything that a template type declares, and these further names: as inputs the numbered
    /// fields, the names under `reads` and the further names, as header the header fields.
    #[must_use]
    pub fn of(template: &TemplateType, open: &[&str]) -> Self {
        let (mut inputs, mut header) = (Vec::new(), Vec::new());
        for field in template.declared() {
            let Some(info) = template.describe(&field) else { continue };
            let to = if info.place == Place::Header { &mut header } else { &mut inputs };
            to.push((info.name.to_owned(), info.ty));
        }
        inputs.extend(open.iter().map(|name| ((*name).to_owned(), FieldType::OPEN)));
        Self::new(&template.name, inputs, header).carried_by(template)
    }

    /// The template type's name.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Names and types of the inputs, in order.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, FieldType)> {
        self.fields.iter().take(self.inputs).map(|wanted| (wanted.name.as_str(), wanted.ty))
    }

    /// Names and types of the header fields, in order.
    pub fn header(&self) -> impl Iterator<Item = (&str, FieldType)> {
        self.fields.iter().skip(self.inputs).map(|wanted| (wanted.name.as_str(), wanted.ty))
    }

    /// The inputs as a sensor manifest states them.
    #[must_use]
    pub fn supplied_inputs(&self) -> Vec<Input<'_>> {
        self.inputs().map(|(name, ty)| Input { name, ty: supplied(ty) }).collect()
    }

    /// The header fields as a sensor manifest states them.
    #[must_use]
    pub fn supplied_header(&self) -> Vec<Input<'_>> {
        self.header().map(|(name, ty)| Input { name, ty: supplied(ty) }).collect()
    }

    /// The name at a position, inputs first, then the header.
    #[must_use]
    pub fn name(&self, position: usize) -> Option<&str> {
        self.fields.get(position).map(|wanted| wanted.name.as_str())
    }

    fn position(&self, name: &str, hash: u32) -> Option<usize> {
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let at = self.table.get(slot).copied().filter(|at| *at != NONE)? as usize;
            let wanted = self.fields.get(at)?;
            if wanted.hash == hash && wanted.name == name {
                return Some(at);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Lends the event that a flat record is to `with`.
    ///
    /// A value that does not convert is absent, and its position is in [`Scratch::misfits`]
    /// afterwards. `others` asks for what only rules with keywords look at: all values that no name of the layout takes, in
    /// the types that the template type declares, and each value that is no text of its field as it was recorded too. What a
    /// keyword sees is the same whatever else is in the layout, and a field that is declared later takes nothing from it.
    ///
    /// How values convert:
    /// - to text: text; numbers as they are written; `true` and `false`; an array of one element
    ///   as that element, of more as compact JSON, of none as absent;
    /// - to an integer: a whole number, a decimal text, a hexadecimal text after `0x`; 64 bits signed;
    /// - to a float: a number, a decimal text; to a boolean: `true` or `false` in any case;
    /// - to an address: its text; to bytes: hexadecimal text;
    /// - to a list: an array, whose elements convert one by one (`null` is left out, and what does
    ///   not convert), or a single value as a list of one;
    /// - `null` is absent.
    pub fn present<R>(
        &self,
        flat: &Flat<'_>,
        scratch: &mut Scratch,
        others: bool,
        with: impl FnOnce(Event<'_>) -> R,
    ) -> R {
        let Scratch { found, rest, made, parts, text, bytes, misfits, .. } = scratch;
        self.find(flat, others, found, rest);
        let mut maker = Maker { flat: *flat, parts, text, bytes };
        maker.clear();
        made.clear();
        misfits.clear();
        for (at, wanted) in self.fields.iter().enumerate() {
            if let Some(read) = wanted.read.and_then(|at| self.reads.get(at as usize)) {
                made.push(read.of(flat, &self.reads).map_or(Made::Absent, |value| maker.fixed(value, wanted.ty)));
                continue;
            }
            let entry = found.get(wanted.alias.map_or(at, |alias| alias as usize)).copied().unwrap_or(NONE);
            // Strings and what is absent are nearly all: they are written where they stay.
            match flat.store.entries.get(entry as usize).map(|entry| entry.value) {
                None => made.push(Made::Absent),
                Some(Raw::Text(span) | Raw::Number(span)) if wanted.is_text => made.push(Made::Span(span)),
                Some(raw) => made.push(maker.value(raw, wanted.ty).unwrap_or_else(|rest| {
                    misfits.push(at);
                    rest
                })),
            }
        }
        let inputs = made.len().min(self.inputs);
        if others {
            // Hardly any record has an array, and hardly any field is no text.
            let own = |wanted: &Wanted| wanted.alias.is_none() && wanted.read.is_none();
            for (wanted, entry) in self.fields.iter().zip(found.iter()).filter(|(wanted, _)| own(wanted)) {
                let Some(entry) = flat.store.entries.get(*entry as usize) else { continue };
                match wanted.is_text {
                    true => maker.elements(entry.value, made),
                    false => maker.as_recorded(entry.value, wanted.ty, made),
                }
            }
            for value in self.reads.iter().filter(|read| !read.is_wanted).filter_map(|read| read.of(flat, &self.reads))
            {
                made.push(maker.given(value));
            }
            for at in rest.iter().map(|at| *at as usize) {
                let (Some(entry), Some(hash)) = (flat.store.entries.get(at), flat.store.hashes.get(at)) else {
                    continue;
                };
                let name = flat.text(entry.name);
                if self.reads.iter().any(|read| read.hash == *hash && read.name == name) {
                    continue;
                }
                match self.declared_type(name, *hash) {
                    Some(ty) => {
                        maker.other(entry.value, ty, made);
                        maker.as_recorded(entry.value, ty, made);
                    }
                    None => maker.other_text(entry.value, made),
                }
            }
        }
        // Vectors of borrowed values are lent for the time of one event, without allocating.
        let mut elements: Vec<Value<'_>> = reuse(std::mem::take(&mut scratch.elements));
        let mut values: Vec<Value<'_>> = reuse(std::mem::take(&mut scratch.values));
        let lent = Lent { flat: *flat, text: &scratch.text, bytes: &scratch.bytes };
        elements.extend(scratch.parts.iter().map(|part| lent.value(part, &[])));
        for made in &scratch.made {
            match made {
                Made::Absent => values.push(Value::Absent),
                Made::Span(span) => values.push(flat.text(*span).into()),
                made => values.push(lent.value(made, &elements)),
            }
        }
        let (inputs, rest) = values.split_at_checked(inputs).unwrap_or((&values, &[]));
        let (header, others) = rest.split_at_checked(self.fields.len() - self.inputs).unwrap_or((rest, &[]));
        let result = with(Event { inputs, header, others });
        scratch.values = reuse(values);
        scratch.elements = reuse(elements);
        result
    }

    /// The type of a field that is declared besides and is no text.
    fn declared_type(&self, name: &str, hash: u32) -> Option<FieldType> {
        self.declared.get(&hash)?.iter().find(|(known, _)| known == name).map(|(_, ty)| *ty)
    }

    /// The entry for each position, and the entries for none.
    fn find(&self, flat: &Flat<'_>, others: bool, found: &mut Vec<u32>, rest: &mut Vec<u32>) {
        found.clear();
        found.resize(self.fields.len(), NONE);
        rest.clear();
        let entries = flat.store.entries.iter().zip(&flat.store.hashes);
        for (index, (entry, hash)) in (0_u32..).zip(entries) {
            match self.position(flat.text(entry.name), *hash) {
                Some(at) => {
                    if let Some(found) = found.get_mut(at) {
                        *found = index;
                    }
                }
                None if others => rest.push(index),
                None => {}
            }
        }
        for (at, name, hash) in &self.own {
            let own = flat.store.at(flat.record, name, *hash).and_then(|own| u32::try_from(own).ok());
            let (Some(own), Some(found)) = (own, found.get_mut(*at as usize)) else { continue };
            let log = std::mem::replace(found, own);
            if others {
                rest.retain(|entry| *entry != own);
                rest.extend((log != NONE).then_some(log));
            }
        }
    }
}

/// Whether a type is text and no list.
fn is_text(ty: FieldType) -> bool {
    ty.scalar == Scalar::String && !ty.list
}

/// A type in the words of the interpreter.
const fn supplied(ty: FieldType) -> Type {
    let scalar = match ty.scalar {
        Scalar::String => Supplied::String,
        Scalar::Int => Supplied::Int,
        Scalar::Float => Supplied::Float,
        Scalar::Bool => Supplied::Bool,
        Scalar::Ip => Supplied::Ip,
        Scalar::Bytes => Supplied::Bytes,
    };
    Type { scalar, list: ty.list, optional: ty.optional }
}

/// An empty vector with the memory of another one.
fn reuse<'b>(mut values: Vec<Value<'_>>) -> Vec<Value<'b>> {
    values.clear();
    values.into_iter().map(|_| Value::Absent).collect()
}

/// Memory for [`Layout::present`]; one for each thread.
#[derive(Debug, Default)]
pub struct Scratch {
    found: Vec<u32>,
    rest: Vec<u32>,
    made: Vec<Made>,
    parts: Vec<Made>,
    text: String,
    bytes: Vec<u8>,
    misfits: Vec<usize>,
    elements: Vec<Value<'static>>,
    values: Vec<Value<'static>>,
}

impl Scratch {
    /// Whether the last event had a value at a position, convertible or not.
    #[must_use]
    pub fn has(&self, position: usize) -> bool {
        self.made.get(position).is_some_and(|made| !matches!(made, Made::Absent))
            || self.misfits.binary_search(&position).is_ok()
    }

    /// The positions whose value did not convert in the last event, wholly or in part, rising.
    #[must_use]
    pub fn misfits(&self) -> &[usize] {
        &self.misfits
    }
}

/// A value on its way, with ranges instead of what it will borrow.
#[derive(Clone, Copy, Debug)]
enum Made {
    Absent,
    /// A text of the record.
    Span(Span),
    /// A range of the scratch text.
    Text(Piece),
    Int(i64),
    Float(f64),
    Bool(bool),
    Ip(std::net::IpAddr),
    Bytes(Piece),
    List(Piece),
}

/// A range of what was built. What is built for one record stays far below 4 GiB.
#[derive(Clone, Copy, Debug)]
struct Piece(u32, u32);

impl Piece {
    fn new(start: usize, end: usize) -> Self {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self(at(start), at(end))
    }

    const fn range(self) -> Range<usize> {
        self.0 as usize..self.1 as usize
    }
}

/// What converts values, and where it puts what it builds.
struct Maker<'a> {
    flat: Flat<'a>,
    parts: &'a mut Vec<Made>,
    text: &'a mut String,
    bytes: &'a mut Vec<u8>,
}

impl Maker<'_> {
    fn clear(&mut self) {
        self.parts.clear();
        self.text.clear();
        self.bytes.clear();
    }

    /// The value in the wanted type. `Err` holds what is left of it where not all of it converts.
    fn value(&mut self, raw: Raw, ty: FieldType) -> Result<Made, Made> {
        if ty.list {
            return self.list(raw, ty.scalar);
        }
        match raw {
            Raw::Null | Raw::List { count: 0, .. } => Ok(Made::Absent),
            Raw::List { first, count: 1, .. } => match self.flat.store.elements.get(first as usize) {
                Some(element) if element.value != Raw::Null => {
                    self.scalar(element.value, ty.scalar).ok_or(Made::Absent)
                }
                _ => Ok(Made::Absent),
            },
            Raw::List { .. } if ty.scalar == Scalar::String => Ok(self.compact(raw)),
            scalar => self.scalar(scalar, ty.scalar).ok_or(Made::Absent),
        }
    }

    fn list(&mut self, raw: Raw, scalar: Scalar) -> Result<Made, Made> {
        let start = self.parts.len();
        let mut whole = true;
        match raw {
            Raw::Null => return Ok(Made::Absent),
            Raw::List { first, count, .. } => {
                for element in self.flat.elements(first, count).filter(|element| *element != Raw::Null) {
                    match self.scalar(element, scalar) {
                        Some(made) => self.parts.push(made),
                        None => whole = false,
                    }
                }
            }
            single => match self.scalar(single, scalar) {
                Some(made) => self.parts.push(made),
                None => return Err(Made::Absent),
            },
        }
        let list = Made::List(Piece::new(start, self.parts.len()));
        if whole { Ok(list) } else { Err(list) }
    }

    /// A scalar that is not null.
    fn scalar(&mut self, raw: Raw, scalar: Scalar) -> Option<Made> {
        let text = |span: Span| self.flat.text(span);
        match (scalar, raw) {
            (Scalar::String, Raw::Text(span) | Raw::Number(span)) => Some(Made::Span(span)),
            (Scalar::String, Raw::Bool(value)) => Some(self.word(value)),
            (Scalar::Int, Raw::Text(span)) => decimal::recorded(text(span)).map(Made::Int),
            (Scalar::Int, Raw::Number(span)) => decimal::integer(text(span)).map(Made::Int),
            (Scalar::Float, Raw::Text(span) | Raw::Number(span)) => scalar::float(text(span)).map(Made::Float),
            (Scalar::Bool, Raw::Bool(value)) => Some(Made::Bool(value)),
            (Scalar::Bool, Raw::Text(span)) => scalar::truth(text(span)).map(Made::Bool),
            (Scalar::Ip, Raw::Text(span)) => scalar::address(text(span)).map(Made::Ip),
            (Scalar::Bytes, Raw::Text(span)) => {
                let start = self.bytes.len();
                scalar::bytes(text(span), self.bytes)?;
                Some(Made::Bytes(Piece::new(start, self.bytes.len())))
            }
            _ => None,
        }
    }

    /// What an event has under a name by which it was recognised, in the type that is wanted.
    fn fixed(&mut self, value: &Fixed, ty: FieldType) -> Made {
        let one = match (value, ty.scalar) {
            (Fixed::Int(number), Scalar::Int) => Made::Int(*number),
            (_, Scalar::String) => self.written(&value.text()),
            (_, Scalar::Int) => decimal::recorded(&value.text()).map_or(Made::Absent, Made::Int),
            (_, Scalar::Float) => scalar::float(&value.text()).map_or(Made::Absent, Made::Float),
            (_, Scalar::Bool | Scalar::Ip | Scalar::Bytes) => Made::Absent,
        };
        if !ty.list || matches!(one, Made::Absent) {
            return one;
        }
        let start = self.parts.len();
        self.parts.push(one);
        Made::List(Piece::new(start, self.parts.len()))
    }

    /// The same for keywords, which see it in its own type.
    fn given(&mut self, value: &Fixed) -> Made {
        match value {
            Fixed::Int(number) => Made::Int(*number),
            Fixed::Text(text) => self.written(text),
        }
    }

    fn word(&mut self, value: bool) -> Made {
        self.written(if value { "true" } else { "false" })
    }

    fn written(&mut self, text: &str) -> Made {
        let start = self.text.len();
        self.text.push_str(text);
        Made::Text(Piece::new(start, self.text.len()))
    }

    /// A value that no name takes, in a type that is no text; the elements of a list one by one.
    fn other(&mut self, raw: Raw, ty: FieldType, made: &mut Vec<Made>) {
        match self.value(raw, ty).unwrap_or_else(|rest| rest) {
            Made::Absent => {}
            Made::List(elements) => made.extend(self.parts.get(elements.range()).unwrap_or(&[])),
            one => made.push(one),
        }
    }

    /// A value of a type that is no text, as the text that was recorded. Integers are mostly written as they are shown, and then say
    /// nothing more.
    fn as_recorded(&mut self, raw: Raw, ty: FieldType, made: &mut Vec<Made>) {
        let is_shown = |span: Span| {
            let text = self.flat.text(span);
            let digits = text.strip_prefix('-').unwrap_or(text);
            text == "0"
                || (1..19).contains(&digits.len())
                    && !digits.starts_with('0')
                    && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        match raw {
            Raw::Number(span) | Raw::Text(span) if ty.scalar == Scalar::Int && is_shown(span) => {}
            // The elements of a list of texts are what was recorded.
            Raw::List { count: 2.., .. } if ty.scalar == Scalar::String => {
                let whole = self.compact(raw);
                made.push(whole);
            }
            _ if ty.scalar == Scalar::String => {}
            raw => self.other_text(raw, made),
        }
    }

    /// A value that no name takes, as text: of an array of several elements the whole, and each of them.
    fn other_text(&mut self, raw: Raw, made: &mut Vec<Made>) {
        match raw {
            Raw::List { .. } => {
                let whole = self.value(raw, FieldType::OPEN).unwrap_or_else(|rest| rest);
                made.extend((!matches!(whole, Made::Absent)).then_some(whole));
                self.elements(raw, made);
            }
            scalar => made.extend(self.scalar(scalar, Scalar::String)),
        }
    }

    /// The elements of an array that is one text, as texts.
    fn elements(&mut self, raw: Raw, made: &mut Vec<Made>) {
        if let Raw::List { first, count, .. } = raw
            && count > 1
        {
            for element in self.flat.elements(first, count) {
                made.extend(self.scalar(element, Scalar::String));
            }
        }
    }

    /// A list as compact JSON.
    fn compact(&mut self, raw: Raw) -> Made {
        let start = self.text.len();
        let Raw::List { first, count, .. } = raw else { return Made::Absent };
        self.text.push('[');
        for (at, element) in self.flat.elements(first, count).enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            match element {
                Raw::Text(span) => quote(self.flat.text(span), self.text),
                Raw::Number(span) => self.text.push_str(self.flat.text(span)),
                Raw::Bool(value) => self.text.push_str(if value { "true" } else { "false" }),
                Raw::Null | Raw::List { .. } => self.text.push_str("null"),
            }
        }
        self.text.push(']');
        Made::Text(Piece::new(start, self.text.len()))
    }
}

/// Appends a text as a JSON string.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if u32::from(control) < 0x20 => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// What the values of one event borrow from.
struct Lent<'a> {
    flat: Flat<'a>,
    text: &'a str,
    bytes: &'a [u8],
}

impl<'a> Lent<'a> {
    fn value(&self, made: &Made, elements: &'a [Value<'a>]) -> Value<'a> {
        match made {
            Made::Absent => Value::Absent,
            Made::Span(span) => self.flat.text(*span).into(),
            Made::Text(range) => self.text.get(range.range()).unwrap_or("").into(),
            Made::Int(value) => Value::Int(*value),
            Made::Float(value) => Value::Float(*value),
            Made::Bool(value) => Value::Bool(*value),
            Made::Ip(value) => Value::Ip(*value),
            Made::Bytes(range) => Value::Bytes(self.bytes.get(range.range()).unwrap_or(&[])),
            Made::List(range) => Value::List(elements.get(range.range()).unwrap_or(&[])),
        }
    }
}
