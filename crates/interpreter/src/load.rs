//! Load: what of an image a sensor runs, and where in its events it finds what the rules read.
//!
//! Positions belong to the sensor, names to the content: each input is bound by name to the place at
//! which the manifest supplies it. A rule that the sensor cannot feed rejects the image, or is left
//! out where the image says so.

use crate::bits::{is_marked, mark};
use crate::cost::Cost;
use crate::fault::{Rejection, Resource};
use crate::format::{self, Input, InputKind, Program, Regex, Rule, SET_TABLE, Set, Template, input_flags};
use crate::image::{Image, numbered};
use crate::manifest::{self, Capacity, Manifest, Scalar, Supply, Type};
use crate::version::{self, Build};

/// The binding of an input that the sensor does not supply or no loaded rule reads; the arity of a template type that
/// it does not supply.
const UNSUPPLIED: u32 = 0xFFFF_FFFF;
/// Set in a binding that a loaded rule reads. [`Binding::of_slot`] does not look at it.
const READ: u32 = 1 << 30;

/// Where an event has the value of an input, and of which type it is to be. In a slot the place takes the low 15 bits,
/// then follow whether it is a header field, whether it is a list, and the scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) place: u16,
    pub(crate) header: bool,
    pub(crate) list: bool,
    pub(crate) scalar: Scalar,
}

impl Binding {
    #[inline]
    pub(crate) const fn of_slot(slot: u32) -> Option<Self> {
        if slot == UNSUPPLIED {
            return None;
        }
        let Some(scalar) = Scalar::from_number((slot >> 17 & 7) as u8) else { return None };
        Some(Self { place: slot as u16 & 0x7FFF, header: slot >> 15 & 1 == 1, list: slot >> 16 & 1 == 1, scalar })
    }

    const fn slot(self) -> u32 {
        self.place as u32 | (self.header as u32) << 15 | (self.list as u32) << 16 | (self.scalar as u32) << 17
    }
}

/// Memory that a verified image keeps. Its owner lends it for as long as the image is used.
#[derive(Debug)]
pub struct Workspace<'w> {
    /// At least [`Image::binding_slots`] of them. What they hold before does not matter.
    pub bindings: &'w mut [u32],
    /// At least [`Image::active_words`] of them. What they hold before does not matter.
    pub active: &'w mut [u64],
}

/// An image that this sensor can evaluate without a fault of the image's. Made by
/// [`Image::verify`] alone.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedImage<'i> {
    pub(crate) image: &'i Image<'i>,
    /// For each input its [`Binding`], then for each template type its supplied arity.
    pub(crate) bindings: &'i [u32],
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
    pub const fn image(&self) -> &'i Image<'i> {
        self.image
    }

    /// How many rules this sensor loads: some are meant for others.
    #[must_use]
    pub const fn loaded_rules(&self) -> u32 {
        self.bound.loaded
    }

    /// Words of scratch memory that an evaluation needs. What they hold before does not matter.
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
        self.bindings.get(at as usize).filter(|arity| **arity != UNSUPPLIED).map(|arity| *arity as usize)
    }

    /// The template types of a manifest that no rule of the image is for: a name that content does not know is often a
    /// slip.
    pub fn idle_supplies<'m>(&self, manifest: &Manifest<'m>) -> impl Iterator<Item = &'m str> {
        let verified = *self;
        let supplied = manifest.templates.iter().map(|supply| supply.template);
        supplied.filter(move |name| verified.templates_named(name).next().is_none())
    }

    /// The template types of the image that the sensor supplies nothing for, by number: no event of them comes.
    pub fn unsupplied_templates(&self) -> impl Iterator<Item = u32> {
        let verified = *self;
        (0..self.image.template_count()).filter(move |at| verified.supplied_arity(*at).is_none())
    }

    /// Every program that this sensor does not run, with the reason. `manifest` is the one that the image was verified
    /// for. An empty image leaves nothing out.
    pub fn left_out<'m>(&self, manifest: &Manifest<'m>) -> impl Iterator<Item = LeftOut> + use<'i, 'm> {
        let verified = *self;
        // What is kept of the manifest is held several times over, on a stack that may be small.
        let (build, header, supplies) = (Build::of(manifest), manifest.header, manifest.templates);
        let templates = numbered(self.image.templates.all());
        templates.flat_map(move |(number, of)| {
            let template = Template::decode(of);
            let records = verified.image.programs.range(template.programs, template.program_count).unwrap_or(&[]);
            let programs = (template.programs..u32::MAX).zip(records);
            programs.filter(move |(at, _)| !verified.is_active(*at)).map(move |(_, record)| {
                let program = Program::decode(record);
                // A rule that is for others may well read what this sensor does not have.
                let why = if verified.image.selects(program.rule, build) {
                    verified.why_left_out(&Template::decode(of), &program, header, supplies)
                } else {
                    WhyLeftOut::Sensor
                };
                LeftOut { rule: program.rule, template: number, why }
            })
        })
    }

    fn why_left_out(
        &self,
        template: &Template,
        program: &Program,
        header: &[manifest::Input<'_>],
        supplies: &[Supply<'_>],
    ) -> WhyLeftOut {
        let image = self.image;
        let name = image.name(template.name, template.name_len);
        let Some(supply) = supplies.iter().find(|supply| supply.template == name) else {
            return WhyLeftOut::Template;
        };
        let mentions = image.mentions.range(program.mentions, program.mention_count).unwrap_or(&[]);
        for mention in mentions {
            let at = template.inputs.wrapping_add(u32::from(u16::from_le_bytes(*mention)));
            let Some(input) = image.input(at) else { continue };
            let place = image.place_of(&input, supply.inputs, header);
            if let Some(why) = mismatch(at, &input, place, header, supply.inputs) {
                return why;
            }
        }
        WhyLeftOut::Sensor
    }

    /// Whether this sensor loads a rule: on at least one template type.
    #[must_use]
    pub fn loads(&self, rule: u32) -> bool {
        is_marked(self.active, rule_bit(self.image.programs.count(), rule))
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
        is_marked(self.active, program)
    }
}

/// A rule that a sensor does not run on a template type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The rule.
    pub rule: u32,
    /// The template type.
    pub template: u32,
    /// Why.
    pub why: WhyLeftOut,
}

/// Why a sensor does not run a rule. Inputs are counted over all template types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyLeftOut {
    /// The rule is for other sensors, or other versions of this one.
    Sensor,
    /// The sensor does not supply the template type.
    Template,
    /// It does not supply an input that the rule mentions.
    Unsupplied {
        /// The input.
        input: u32,
    },
    /// It supplies the input as another type.
    Type {
        /// The input.
        input: u32,
    },
    /// The rule reads by number, and there the sensor supplies another input, or none.
    Position {
        /// The input.
        input: u32,
    },
}

/// The bit of a rule among the active ones: it stands behind the words of so many programs.
const fn rule_bit(programs: u32, rule: u32) -> u32 {
    // By hand: that of the standard library can panic as far as a linker can tell.
    (programs.wrapping_add(63) & !63).wrapping_add(rule)
}

impl<'i> Image<'i> {
    /// Whether the comparators of a rule allow a build of a sensor.
    fn selects(&self, rule: u32, build: Build<'_>) -> bool {
        let rule = self.rules.get(rule).map(Rule::decode).unwrap_or_default();
        let comparators = self.comparators.range(rule.comparators, rule.comparator_count).unwrap_or(&[]);
        version::selects(self, comparators, build)
    }

    /// How many slots of bindings a verified image needs.
    #[must_use]
    pub fn binding_slots(&self) -> usize {
        (self.inputs.count() as usize).saturating_add(self.template_count() as usize)
    }

    /// How many words of active bits a verified image needs. While it is verified they mark what was seen: the
    /// instructions of one program, the atoms of one template type.
    #[must_use]
    pub fn active_words(&self) -> usize {
        let words = |bits: u32| bits.div_ceil(64) as usize;
        // A function that is called by its address would hide from the call graph that is proved.
        #[expect(clippy::redundant_closure, reason = "a call by name, not by address")]
        let code = self.programs.all().iter().map(|record| Program::decode(record)).map(|of| of.code_len);
        #[expect(clippy::redundant_closure, reason = "a call by name, not by address")]
        let atoms = self.templates.all().iter().map(|record| Template::decode(record)).map(|of| of.atom_count);
        // What is stated is not verified yet: no record is marked that is not there.
        let code = words(code.max().unwrap_or(0).min(self.code.count()));
        let atoms = words(atoms.max().unwrap_or(0).min(self.atoms.count()));
        let loaded = words(self.programs.count()).saturating_add(words(self.rules.count()));
        loaded.max(code).max(atoms)
    }

    /// Maps what the rules read to where this sensor supplies it.
    pub(crate) fn bound<'w>(
        &'w self,
        manifest: &Manifest<'_>,
        workspace: Workspace<'w>,
    ) -> Result<VerifiedImage<'w>, Rejection> {
        let Workspace { bindings, active } = workspace;
        let (slots, words) = (self.binding_slots(), self.active_words());
        let bindings = bindings.get_mut(..slots).ok_or(Rejection::Workspace { needed: slots })?;
        let active = active.get_mut(..words).ok_or(Rejection::Workspace { needed: words })?;
        let loaded = self.load(manifest, bindings, active)?;
        let scratch = self.scratch_words();
        self.check_capacity(manifest, loaded, scratch)?;
        let bound = Bound { header: manifest.header.len(), scratch, loaded };
        Ok(VerifiedImage { image: self, bindings, active, bound })
    }

    /// Where a manifest supplies an input: the place, and whether it is that of a header field.
    fn place_of(
        &self,
        input: &Input,
        supplied: &[manifest::Input<'_>],
        header: &[manifest::Input<'_>],
    ) -> Option<(u16, bool)> {
        let name = self.name(input.name, input.name_len);
        let places = 0..format::INPUTS_MAX as u16;
        let found = places.clone().zip(supplied).find(|(_, supplied)| supplied.name == name);
        let place = found.map(|(place, _)| (place, false));
        place.or_else(|| {
            let found = places.zip(header).find(|(_, supplied)| supplied.name == name);
            found.map(|(place, _)| (place, true))
        })
    }

    /// Binds inputs to where the manifest supplies them, and finds what this sensor loads. The number of rules.
    fn load(&self, manifest: &Manifest<'_>, bindings: &mut [u32], active: &mut [u64]) -> Result<u32, Rejection> {
        active.fill(0);
        bindings.fill(UNSUPPLIED);
        manifest.check().map_err(Rejection::Manifest)?;
        // Once for each rule, not for each of its programs. Until programs are loaded the bit of a rule says
        // that its comparators allow it.
        let build = Build::of(manifest);
        for (number, _) in numbered(self.rules.all()) {
            if self.selects(number, build) {
                mark(active, rule_bit(self.programs.count(), number));
            }
        }
        let inputs = self.inputs.count();
        for (index, record) in numbered(self.templates.all()) {
            let template = Template::decode(record);
            let name = self.name(template.name, template.name_len);
            let Some(supply) = manifest.templates.iter().find(|supply| supply.template == name) else { continue };
            if let Some(arity) = bindings.get_mut(inputs.wrapping_add(index) as usize) {
                *arity = supply.inputs.len() as u32;
            }
            for at in template.inputs..template.inputs.wrapping_add(template.input_count) {
                let Some(input) = self.input(at) else { break };
                let place = self.place_of(&input, supply.inputs, manifest.header);
                if let (Some(slot), Some((place, header))) = (bindings.get_mut(at as usize), place) {
                    let scalar = Scalar::from_number(input.scalar).unwrap_or(Scalar::String);
                    *slot = Binding { place, header, list: input.flags & input_flags::LIST != 0, scalar }.slot();
                }
            }
            self.load_programs(index, &template, manifest, supply.inputs, bindings, active)?;
            // What no loaded rule reads is not looked at, whatever is there.
            let own = template.inputs as usize..template.inputs.wrapping_add(template.input_count) as usize;
            for slot in bindings.get_mut(own).unwrap_or(&mut []) {
                if *slot & READ == 0 {
                    *slot = UNSUPPLIED;
                }
            }
        }
        let first = self.programs.count().div_ceil(64) as usize;
        active.get_mut(first..).unwrap_or(&mut []).fill(0);
        for (number, record) in numbered(self.programs.all()) {
            if is_marked(active, number) {
                mark(active, rule_bit(self.programs.count(), Program::decode(record).rule));
            }
        }
        let rules = (0..self.rules.count()).filter(|rule| is_marked(active, rule_bit(self.programs.count(), *rule)));
        Ok(rules.fold(0_u32, |loaded, _| loaded.wrapping_add(1)))
    }

    fn load_programs(
        &self,
        index: u32,
        template: &Template,
        manifest: &Manifest<'_>,
        supplied: &[manifest::Input<'_>],
        bindings: &mut [u32],
        active: &mut [u64],
    ) -> Result<(), Rejection> {
        let records = self.programs.range(template.programs, template.program_count).unwrap_or(&[]);
        'programs: for (number, record) in (template.programs..u32::MAX).zip(records) {
            let program = Program::decode(record);
            if !is_marked(active, rule_bit(self.programs.count(), program.rule)) {
                continue;
            }
            let mentions = self.mentions.range(program.mentions, program.mention_count).unwrap_or(&[]);
            let of = |mention: &[u8; 2]| template.inputs.wrapping_add(u32::from(u16::from_le_bytes(*mention)));
            for mention in mentions {
                let at = of(mention);
                let Some(input) = self.input(at) else { continue };
                let binding = bindings.get(at as usize).and_then(|slot| Binding::of_slot(*slot));
                let place = binding.map(|binding| (binding.place, binding.header));
                let Some(why) = mismatch(at, &input, place, manifest.header, supplied) else { continue };
                if self.skips_unsupplied() {
                    continue 'programs;
                }
                let (rule, template, input) = (program.rule, index, at);
                return Err(match why {
                    WhyLeftOut::Type { .. } => Rejection::InputType { rule, template, input },
                    WhyLeftOut::Position { .. } => Rejection::Position { rule, template, input },
                    _ => Rejection::UnsuppliedInput { rule, template, input },
                });
            }
            for mention in mentions {
                if let Some(slot) = bindings.get_mut(of(mention) as usize).filter(|slot| **slot != UNSUPPLIED) {
                    *slot |= READ;
                }
            }
            mark(active, number);
        }
        Ok(())
    }

    fn check_capacity(&self, manifest: &Manifest<'_>, loaded: u32, scratch: usize) -> Result<(), Rejection> {
        let capacity = &manifest.capacity;
        // A function that is called by its address would hide from the call graph that is proved.
        #[expect(clippy::redundant_closure, reason = "a call by name, not by address")]
        let rows = self.sets.all().iter().map(|record| Set::decode(record));
        let rows = rows.filter(|set| set.flags & SET_TABLE != 0).map(|set| u64::from(set.count));
        let states = self.regexes.all().iter().map(|record| u64::from(Regex::decode(record).states));
        let sum = |total: u64, more: u64| total.saturating_add(more);
        let mut cost = Cost::default();
        for template in 0..self.template_count() {
            cost = cost.max(self.cost(template));
        }
        let scratch = (scratch as u64).saturating_mul(8);
        let unknown = self.features() & !capacity.features.unwrap_or(u64::MAX);
        if unknown != 0 {
            return Err(Rejection::Feature { bit: unknown.trailing_zeros() as u8 });
        }
        let per_byte = capacity.steps_per_byte.unwrap_or(Capacity::STEPS_PER_BYTE);
        for (what, needed, most) in [
            (Resource::Interpreter, u64::from(format::VERSION), capacity.interpreter.map(u64::from)),
            (Resource::Rules, u64::from(loaded), capacity.rules),
            (Resource::TableRows, rows.fold(0, sum), capacity.table_rows),
            (Resource::AutomatonStates, states.fold(0, sum), capacity.automaton_states),
            (Resource::Steps, cost.fixed, capacity.steps),
            (Resource::StepsPerByte, cost.per_unit, Some(per_byte)),
            (Resource::ScratchBytes, scratch, capacity.scratch_bytes),
        ] {
            if let Some(capacity) = most.filter(|most| needed > *most) {
                return Err(Rejection::Capacity { what, needed, capacity });
            }
        }
        Ok(())
    }
}

/// Why a sensor cannot feed the input at a place among those of all template types.
fn mismatch(
    at: u32,
    input: &Input,
    place: Option<(u16, bool)>,
    header: &[manifest::Input<'_>],
    supplied: &[manifest::Input<'_>],
) -> Option<WhyLeftOut> {
    let Some((place, in_header)) = place else {
        // What nobody declares, nobody promises.
        let open = input.kind == InputKind::Open as u8;
        return if open { None } else { Some(WhyLeftOut::Unsupplied { input: at }) };
    };
    let there = if in_header { header.get(usize::from(place)) } else { supplied.get(usize::from(place)) };
    let Some(there) = there else { return Some(WhyLeftOut::Unsupplied { input: at }) };
    let elsewhere = in_header || place.wrapping_add(1) != input.position;
    if input.flags & input_flags::BY_NUMBER != 0 && elsewhere {
        return Some(WhyLeftOut::Position { input: at });
    }
    let asked = Type {
        scalar: Scalar::from_number(input.scalar).unwrap_or(Scalar::String),
        list: input.flags & input_flags::LIST != 0,
        optional: input.flags & input_flags::OPTIONAL != 0,
    };
    if asked.is_fed_by(there.ty) { None } else { Some(WhyLeftOut::Type { input: at }) }
}
