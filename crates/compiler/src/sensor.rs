//! Manifests as the interpreter borrows them: of a sensor, and of a recorder, which supplies just
//! what an image reads.

use contentcheck_interpreter::format::{self, InputKind, input_flags};
use contentcheck_interpreter::{
    self as interpreter, Capacity, Image, Input, Manifest, Scalar, Supply, Type, Workspace,
};
use contentcheck_model::sensor::{Sensor, Versioning};
use contentcheck_model::template::{self, FieldType};

/// What a sensor, or a recorder, supplies. Lends [`Supplied::supplies`] and, with these, the manifest.
#[derive(Debug)]
pub struct Supplied<'s> {
    sensor: &'s str,
    version: &'s str,
    versioning: interpreter::Versioning,
    capacity: Capacity,
    header: Vec<Input<'s>>,
    templates: Vec<(&'s str, Vec<Input<'s>>)>,
}

impl<'s> Supplied<'s> {
    /// What a sensor's manifest says.
    #[must_use]
    pub fn of_sensor(sensor: &'s Sensor) -> Self {
        let manifest = sensor.manifest();
        let capacity = &manifest.capacity;
        let header = manifest
            .header
            .iter()
            .filter_map(|input| Some(Input { name: &input.name, ty: ty(FieldType::parse(&input.ty)?) }));
        let templates = manifest.templates.keys().filter_map(|name| {
            let supplied = sensor.template(name)?.inputs();
            Some((
                name.as_str(),
                supplied.iter().map(|input| Input { name: input.name(), ty: ty(input.ty()) }).collect(),
            ))
        });
        Self {
            sensor: &manifest.sensor,
            version: &manifest.version,
            versioning: match manifest.versioning {
                Versioning::Parts => interpreter::Versioning::Parts,
                Versioning::Decimal => interpreter::Versioning::Decimal,
            },
            capacity: Capacity {
                interpreter: capacity.interpreter,
                image_bytes: capacity.image_bytes,
                rules: capacity.rules,
                table_rows: capacity.table_rows,
                automaton_states: capacity.automaton_states,
                steps: capacity.steps,
                steps_per_byte: capacity.steps_per_byte,
                scratch_bytes: capacity.scratch_bytes,
                features: capacity.features.as_deref().map(features),
            },
            header: header.collect(),
            templates: templates.collect(),
        }
    }

    /// What a recorder supplies that has every input which the image reads, under its name and
    /// type. A rule that reads by number finds the input at the position that its template type
    /// declares; positions that nothing reads stay nameless. Rules that are restricted to
    /// versions of a sensor are loaded where `sensor` and `version` satisfy them.
    #[must_use]
    pub fn of_recorder(image: &Image<'s>, sensor: &'s str, version: &'s str) -> Self {
        let mut templates: Vec<(&'s str, Vec<Input<'s>>)> = Vec::new();
        // Positions of all versions first: what has none stands behind them.
        for numbered in [true, false] {
            for number in 0..image.template_count() {
                let Some(template) = image.template(number) else { continue };
                let name = image.name(template.name, template.name_len);
                let slot = templates.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
                    templates.push((name, Vec::new()));
                    templates.len() - 1
                });
                let Some((_, inputs)) = templates.get_mut(slot) else { continue };
                // What the image says is not verified yet.
                let last = template.inputs.saturating_add(template.input_count);
                let records = (template.inputs..last).map_while(|at| image.input(at));
                for record in records.filter(|record| (record.kind == InputKind::Numbered as u8) == numbered) {
                    put(inputs, &record, image);
                }
            }
        }
        Self {
            sensor,
            version,
            versioning: interpreter::Versioning::Parts,
            // It is no sensor: it may take what time it takes.
            capacity: Capacity { steps_per_byte: Some(u64::MAX), ..Capacity::NONE },
            header: Vec::new(),
            templates,
        }
    }

    /// The header fields.
    #[must_use]
    pub fn header(&self) -> &[Input<'s>] {
        &self.header
    }

    /// The inputs of each template type.
    #[must_use]
    pub fn templates(&self) -> &[(&'s str, Vec<Input<'s>>)] {
        &self.templates
    }

    /// The supplies, to be lent to [`Supplied::manifest`].
    #[must_use]
    pub fn supplies(&self) -> Vec<Supply<'_>> {
        self.templates.iter().map(|(template, inputs)| Supply { template, inputs }).collect()
    }

    /// The manifest.
    #[must_use]
    pub fn manifest<'m>(&'m self, supplies: &'m [Supply<'m>]) -> Manifest<'m> {
        Manifest {
            sensor: self.sensor,
            version: self.version,
            versioning: self.versioning,
            capacity: self.capacity,
            header: &self.header,
            templates: supplies,
        }
    }
}

/// Puts an input where its position says, or behind the others.
fn put<'s>(inputs: &mut Vec<Input<'s>>, record: &format::Input, image: &Image<'s>) {
    let name = image.name(record.name, record.name_len);
    let ty = Type {
        scalar: Scalar::from_number(record.scalar).unwrap_or(Scalar::String),
        list: record.flags & input_flags::LIST != 0,
        optional: record.flags & input_flags::OPTIONAL != 0,
    };
    let unnamed = Input { name: "", ty: Type { scalar: Scalar::Bytes, list: false, optional: true } };
    if record.kind == InputKind::Numbered as u8 && inputs.len() < usize::from(record.position) {
        inputs.resize(usize::from(record.position), unnamed);
    }
    let at = usize::from(record.position).checked_sub(1);
    // One version may require what another does not; whoever has it always serves both.
    let wanted = |known: &Input<'_>| Type { optional: ty.optional && (known.name != name || known.ty.optional), ..ty };
    if let Some(slot) = at.and_then(|at| inputs.get_mut(at)) {
        *slot = Input { name, ty: wanted(slot) };
    } else if let Some(known) = inputs.iter_mut().find(|input| input.name == name) {
        known.ty.optional &= ty.optional;
    } else {
        inputs.push(Input { name, ty });
    }
}

/// The bits of named features. A name that is not known has none: a sensor may know more than this version does.
fn features(names: &[String]) -> u64 {
    let known = format::feature::NAMES.iter().enumerate();
    known.filter(|(_, name)| names.iter().any(|of| of == *name)).fold(0, |bits, (bit, _)| bits | 1 << bit)
}

/// Memory that a verified image borrows.
#[derive(Debug)]
pub struct Memory {
    bindings: Vec<u32>,
    active: Vec<u64>,
}

impl Memory {
    /// As much as an image needs.
    #[must_use]
    pub fn of(image: &Image<'_>) -> Self {
        Self { bindings: vec![0; image.binding_slots()], active: vec![0; image.active_words()] }
    }

    /// Lends it.
    #[must_use]
    pub fn workspace(&mut self) -> Workspace<'_> {
        Workspace { bindings: &mut self.bindings, active: &mut self.active }
    }
}

/// The kind of a value, as the interpreter writes it.
const fn kind(of: template::Scalar) -> Scalar {
    match of {
        template::Scalar::String => Scalar::String,
        template::Scalar::Int => Scalar::Int,
        template::Scalar::Float => Scalar::Float,
        template::Scalar::Bool => Scalar::Bool,
        template::Scalar::Ip => Scalar::Ip,
        template::Scalar::Bytes => Scalar::Bytes,
    }
}

/// The number that an image has for the kind of a value.
pub(crate) const fn number(of: template::Scalar) -> u8 {
    kind(of) as u8
}

/// The type of an input, as the interpreter writes it: case is the template type's business.
#[must_use]
pub const fn ty(of: FieldType) -> Type {
    Type { scalar: kind(of.scalar), list: of.list, optional: of.optional }
}
