//! Load: what of an image a sensor runs, and where in its events it finds what the rules read.
//!
//! Positions belong to the sensor, names to the content: each input is bound by name to the place at
//! which the manifest supplies it. A rule that the sensor cannot feed rejects the image, or is left
//! out where the image says so.

use crate::fault::{Rejection, Resource};
use crate::format::{self, Input, InputKind, Program, Regex, Rule, SET_TABLE, Set, Template, input_flags};
use crate::image::{Image, numbered};
use crate::manifest::{self, Manifest, Scalar, Type};
use crate::version;

/// The binding of an input that the sensor does not supply; the arity of such a template type.
pub(crate) const UNSUPPLIED: u16 = 0xFFFF;
/// Set in the binding of a header field.
pub(crate) const HEADER_BIT: u16 = 0x8000;

/// Memory that a verified image keeps. Its owner lends it for as long as the image is used.
#[derive(Debug)]
pub struct Workspace<'w> {
    /// At least [`Image::binding_slots`] of them.
    pub bindings: &'w mut [u16],
    /// At least [`Image::active_words`] of them.
    pub active: &'w mut [u64],
}

/// An image that this sensor can evaluate without a fault of the image's. Made by
/// [`Image::verify`] alone.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedImage<'i> {
    pub(crate) image: Image<'i>,
    /// For each input its place in an event, then for each template type its supplied arity.
    pub(crate) bindings: &'i [u16],
    /// For each program, then from a new word on for each rule, whether this sensor loads it.
    pub(crate) active: &'i [u64],
    pub(crate) bound: Bound,
}

/// The numbers that verification found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    /// How many header fields the sensor supplies.
    pub(crate) header: usize,
    /// Words of scratch memory.
    pub(crate) scratch: usize,
    loaded: u32,
}

impl<'i> VerifiedImage<'i> {
    /// What was verified.
    #[must_use]
    pub const fn image(&self) -> &Image<'i> {
        &self.image
    }

    /// How many rules this sensor loads: some are meant for others.
    #[must_use]
    pub const fn loaded_rules(&self) -> u32 {
        self.bound.loaded
    }

    /// Words of scratch memory that an evaluation needs.
    #[must_use]
    pub const fn scratch_words(&self) -> usize {
        self.bound.scratch
    }

    /// The template types that have this name; of each version one.
    pub fn templates_named(&self, name: &str) -> impl Iterator<Item = u32> {
        let image = self.image;
        (0..image.template_count())
            .filter(move |at| image.template(*at).is_some_and(|found| image.name(found.name, found.name_len) == name))
    }

    /// How many numbered inputs the sensor supplies for a template type; nothing where it supplies none.
    #[must_use]
    pub fn supplied_arity(&self, template: u32) -> Option<usize> {
        let at = self.image.inputs.count().checked_add(template)?;
        self.bindings.get(at as usize).filter(|arity| **arity != UNSUPPLIED).map(|arity| usize::from(*arity))
    }

    /// Whether this sensor loads a rule: on at least one template type.
    #[must_use]
    pub fn loads(&self, rule: u32) -> bool {
        bit(self.active, self.image.programs.count(), rule)
    }

    /// The rules that this sensor loads on a template type, by number, in the order of their programs.
    pub fn loaded_on(&self, template: u32) -> impl Iterator<Item = u32> {
        let verified = *self;
        let (first, count) = self.image.template(template).map_or((0, 0), |of| (of.programs, of.program_count));
        let records = self.image.programs.range(first, count).unwrap_or(&[]);
        let loaded = move |(number, _): &(u32, &[u8; Program::SIZE])| verified.is_active(*number);
        (first..u32::MAX).zip(records).filter(loaded).map(|(_, record)| Program::decode(record).rule)
    }

    /// The rules with a program on a template type that mentions an input, loaded or not, by number. The input is
    /// counted over all template types, as a fault names it.
    pub fn readers_of(&self, template: u32, input: u32) -> impl Iterator<Item = u32> {
        let image = self.image;
        let of = image.template(template);
        let (first, count) = of.map_or((0, 0), |of| (of.programs, of.program_count));
        let own = of.and_then(|of| input.checked_sub(of.inputs));
        let records = image.programs.range(first, count).unwrap_or(&[]);
        records
            .iter()
            .map(Program::decode)
            .filter(move |program| {
                let mentions = image.mentions.range(program.mentions, program.mention_count).unwrap_or(&[]);
                mentions.iter().any(|mention| Some(u32::from(u16::from_le_bytes(*mention))) == own)
            })
            .map(|program| program.rule)
    }

    /// Whether this sensor loads a program.
    pub(crate) fn is_active(&self, program: u32) -> bool {
        self.active.get((program >> 6) as usize).is_some_and(|word| word >> (program & 63) & 1 == 1)
    }
}

/// The bit of a rule, which stands behind the words of so many programs.
fn bit(active: &[u64], programs: u32, rule: u32) -> bool {
    let word = programs.div_ceil(64).wrapping_add(rule >> 6);
    active.get(word as usize).is_some_and(|word| word >> (rule & 63) & 1 == 1)
}

/// Sets it.
fn set(active: &mut [u64], programs: u32, rule: u32) {
    let word = programs.div_ceil(64).wrapping_add(rule >> 6);
    if let Some(word) = active.get_mut(word as usize) {
        *word |= 1 << (rule & 63);
    }
}

impl<'i> Image<'i> {
    /// How many slots of bindings a verified image needs.
    #[must_use]
    pub fn binding_slots(&self) -> usize {
        (self.inputs.count() as usize).saturating_add(self.template_count() as usize)
    }

    /// How many words of active bits a verified image needs.
    #[must_use]
    pub fn active_words(&self) -> usize {
        (self.programs.count().div_ceil(64) as usize).saturating_add(self.rules.count().div_ceil(64) as usize)
    }

    /// Maps what the rules read to where this sensor supplies it.
    pub(crate) fn bound(
        self,
        manifest: &Manifest<'_>,
        workspace: Workspace<'i>,
    ) -> Result<VerifiedImage<'i>, Rejection> {
        let Workspace { bindings, active } = workspace;
        let (slots, words) = (self.binding_slots(), self.active_words());
        let bindings = bindings.get_mut(..slots).ok_or(Rejection::Workspace { needed: slots })?;
        let active = active.get_mut(..words).ok_or(Rejection::Workspace { needed: words })?;
        let loaded = self.load(manifest, bindings, active)?;
        self.check_capacity(manifest, loaded)?;
        let scratch = self.scratch_words();
        let bound = Bound { header: manifest.header.len(), scratch, loaded };
        Ok(VerifiedImage { image: self, bindings, active, bound })
    }

    /// Binds inputs to where the manifest supplies them, and finds what this sensor loads. The number of rules.
    fn load(&self, manifest: &Manifest<'_>, bindings: &mut [u16], active: &mut [u64]) -> Result<u32, Rejection> {
        active.fill(0);
        bindings.fill(UNSUPPLIED);
        let bounded = |count: usize| count < usize::from(HEADER_BIT);
        if !bounded(manifest.header.len()) || !manifest.templates.iter().all(|supply| bounded(supply.inputs.len())) {
            return Err(Rejection::Manifest);
        }
        // Once for each rule, not for each of its programs. Until programs are loaded the bit of a rule says
        // that its comparators allow it.
        for (number, record) in numbered(self.rules.all()) {
            let rule = Rule::decode(record);
            let comparators = self.comparators.range(rule.comparators, rule.comparator_count).unwrap_or(&[]);
            if version::selects(self, comparators, manifest) {
                set(active, self.programs.count(), number);
            }
        }
        let inputs = self.inputs.count();
        for (index, record) in numbered(self.templates.all()) {
            let template = Template::decode(record);
            let name = self.name(template.name, template.name_len);
            let Some(supply) = manifest.templates.iter().find(|supply| supply.template == name) else { continue };
            if let Some(arity) = bindings.get_mut(inputs.wrapping_add(index) as usize) {
                *arity = supply.inputs.len() as u16;
            }
            for at in template.inputs..template.inputs.wrapping_add(template.input_count) {
                let Some(input) = self.input(at) else { break };
                let name = self.name(input.name, input.name_len);
                let place = (0..HEADER_BIT).zip(supply.inputs).find(|(_, supplied)| supplied.name == name);
                let place = place.map(|(place, _)| place).or_else(|| {
                    let found = (0..HEADER_BIT).zip(manifest.header).find(|(_, supplied)| supplied.name == name);
                    found.map(|(place, _)| place | HEADER_BIT)
                });
                if let (Some(slot), Some(place)) = (bindings.get_mut(at as usize), place) {
                    *slot = place;
                }
            }
            self.load_programs(index, &template, manifest, supply.inputs, bindings, active)?;
        }
        let first = self.programs.count().div_ceil(64) as usize;
        active.get_mut(first..).unwrap_or(&mut []).fill(0);
        for (number, record) in numbered(self.programs.all()) {
            if active.get((number >> 6) as usize).is_some_and(|word| word >> (number & 63) & 1 == 1) {
                set(active, self.programs.count(), Program::decode(record).rule);
            }
        }
        let rules = (0..self.rules.count()).filter(|rule| bit(active, self.programs.count(), *rule));
        Ok(rules.fold(0_u32, |loaded, _| loaded.wrapping_add(1)))
    }

    fn load_programs(
        &self,
        index: u32,
        template: &Template,
        manifest: &Manifest<'_>,
        supplied: &[manifest::Input<'_>],
        bindings: &[u16],
        active: &mut [u64],
    ) -> Result<(), Rejection> {
        let records = self.programs.range(template.programs, template.program_count).unwrap_or(&[]);
        'programs: for (number, record) in (template.programs..u32::MAX).zip(records) {
            let program = Program::decode(record);
            if !bit(active, self.programs.count(), program.rule) {
                continue;
            }
            for mention in self.mentions.range(program.mentions, program.mention_count).unwrap_or(&[]) {
                let at = template.inputs.wrapping_add(u32::from(u16::from_le_bytes(*mention)));
                let Some(input) = self.input(at) else { continue };
                let place = bindings.get(at as usize).copied().unwrap_or(UNSUPPLIED);
                let fault = fault(&input, place, manifest, supplied);
                let Some(fault) = fault else { continue };
                if self.skips_unsupplied() {
                    continue 'programs;
                }
                let (rule, template, input) = (program.rule, index, at);
                return Err(match fault {
                    Mismatch::Unsupplied => Rejection::UnsuppliedInput { rule, template, input },
                    Mismatch::Type => Rejection::InputType { rule, template, input },
                    Mismatch::Position => Rejection::Position { rule, template, input },
                });
            }
            if let Some(word) = active.get_mut((number >> 6) as usize) {
                *word |= 1 << (number & 63);
            }
        }
        Ok(())
    }

    fn check_capacity(&self, manifest: &Manifest<'_>, loaded: u32) -> Result<(), Rejection> {
        let capacity = &manifest.capacity;
        // A function that is called by its address would hide from the call graph that is proved.
        #[expect(clippy::redundant_closure, reason = "a call by name, not by address")]
        let rows = self.sets.all().iter().map(|record| Set::decode(record));
        let rows = rows.filter(|set| set.flags & SET_TABLE != 0).map(|set| u64::from(set.count));
        let states = self.regexes.all().iter().map(|record| u64::from(Regex::decode(record).states));
        let sum = |total: u64, more: u64| total.saturating_add(more);
        for (what, needed, most) in [
            (Resource::Interpreter, u64::from(format::VERSION), capacity.interpreter.map(u64::from)),
            (Resource::Rules, u64::from(loaded), capacity.rules),
            (Resource::TableRows, rows.fold(0, sum), capacity.table_rows),
            (Resource::AutomatonStates, states.fold(0, sum), capacity.automaton_states),
        ] {
            if let Some(capacity) = most.filter(|most| needed > *most) {
                return Err(Rejection::Capacity { what, needed, capacity });
            }
        }
        Ok(())
    }
}

/// Why a sensor cannot feed an input.
enum Mismatch {
    Unsupplied,
    Type,
    Position,
}

fn fault(input: &Input, place: u16, manifest: &Manifest<'_>, supplied: &[manifest::Input<'_>]) -> Option<Mismatch> {
    let open = input.kind == InputKind::Open as u8;
    if place == UNSUPPLIED {
        // What nobody declares, nobody promises.
        return if open { None } else { Some(Mismatch::Unsupplied) };
    }
    let there = if place & HEADER_BIT != 0 {
        manifest.header.get(usize::from(place & !HEADER_BIT))
    } else {
        supplied.get(usize::from(place))
    };
    let Some(there) = there else { return Some(Mismatch::Unsupplied) };
    if input.flags & input_flags::BY_NUMBER != 0 && place.wrapping_add(1) != input.position {
        return Some(Mismatch::Position);
    }
    let asked = Type {
        scalar: Scalar::from_number(input.scalar).unwrap_or(Scalar::String),
        list: input.flags & input_flags::LIST != 0,
        optional: input.flags & input_flags::OPTIONAL != 0,
    };
    if asked.is_fed_by(there.ty) { None } else { Some(Mismatch::Type) }
}
