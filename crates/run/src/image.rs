//! Image: rules that come as an image, without the content that they were compiled from.
//!
//! An image has what a sensor needs and no more. Of each rule it has the names, the title, the level and the tags; of a
//! template type the inputs that rules read. It does not say which file a rule is from, nor how recorded events of a
//! template type are recognised: for that, what is known of template types besides is asked.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use contentcheck_compiler::sensor::Supplied;
use contentcheck_interpreter::format::{CHECKSUM_AT, Comparator, InputKind, Section, input_flags};
use contentcheck_interpreter::hash::checksum;
use contentcheck_interpreter::{self as interpreter, Capacity, Identity, Image, OwnedImage, RuleInfo, describe};
use contentcheck_model::sensor::Sensor;
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::{Field, FieldType, Scalar, TemplateType};

use crate::plan::Plan;
use crate::refusal;

/// What an image may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// What a sensor takes that states no capacity.
    Stateless,
    /// Anything: a sensor that is asked next says what it takes.
    Anything,
}

/// An image that was verified as a sensor does that supplies all that the image reads: what it says may be believed.
#[derive(Clone, Debug)]
pub struct RuleImage(OwnedImage);

impl RuleImage {
    /// Verifies bytes.
    ///
    /// # Errors
    /// When they are rejected, with the code of the reason.
    pub fn new(bytes: impl Into<Arc<[u8]>>, most: Most) -> Result<Self, String> {
        load(bytes.into(), most).map(Self)
    }

    /// The same where the rules are loaded whatever sensors they are for: nobody knows which sensor made a recording.
    ///
    /// # Errors
    /// The same.
    pub fn for_any_sensor(bytes: impl Into<Arc<[u8]>>, most: Most) -> Result<Self, String> {
        let as_it_is = Self::new(bytes, most)?;
        match without_restrictions(as_it_is.0.open().verified().image()) {
            None => Ok(as_it_is),
            // What is evaluated is what was verified.
            Some(bytes) => Self::new(bytes, most),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// What the image says of itself.
    #[must_use]
    pub fn identity(&self) -> Option<Identity<'_>> {
        Identity::read(self.bytes())
    }

    /// What it says of each rule, in their order.
    pub fn each_rule(&self, mut each: impl FnMut(RuleInfo<'_>)) {
        let view = self.0.open();
        let image = view.verified().image();
        (0..image.rule_count()).filter_map(|number| image.rule(number)).for_each(&mut each);
    }

    /// The template types that recorded events are routed to: those that are known, of each the newest, and for each of the
    /// image that is not what the image says of it. Of these, which are named as well, no recorded event is recognised:
    /// an image does not say by what.
    #[must_use]
    pub fn templates(&self, known: &[Arc<TemplateType>]) -> (Vec<Arc<TemplateType>>, Vec<String>) {
        let mut all: BTreeMap<String, Arc<TemplateType>> = BTreeMap::new();
        for template in known {
            match all.get_mut(&template.name) {
                // Of two with one name and version the later one counts, as in a catalogue.
                Some(newest) if newest.version <= template.version => *newest = Arc::clone(template),
                Some(_) => {}
                None => {
                    all.insert(template.name.clone(), Arc::clone(template));
                }
            }
        }
        let mut unknown = Vec::new();
        for (name, template) in self.own() {
            if let Entry::Vacant(free) = all.entry(name) {
                unknown.push(free.key().clone());
                free.insert(template);
            }
        }
        (all.into_values().collect(), unknown)
    }

    fn own(&self) -> BTreeMap<String, Arc<TemplateType>> {
        of_image(self.0.open().verified().image())
    }

    /// The image made ready for recorded events, which are routed to these template types, each of another name: as a
    /// sensor supplies them, or as a recorder that has all that the image reads.
    ///
    /// # Errors
    /// When the sensor refuses the image, with the reason.
    pub fn plan(self, templates: Vec<Arc<TemplateType>>, sensor: Option<&Sensor>) -> Result<Plan, String> {
        match sensor {
            Some(sensor) => Plan::on_sensor(templates, self.bytes(), sensor),
            // It was verified for a recorder.
            None => Ok(Plan::on_recorder(templates, self.0)),
        }
    }
}

fn load(bytes: Arc<[u8]>, most: Most) -> Result<OwnedImage, String> {
    let image =
        Image::read(&bytes).map_err(|rejection| format!("{}: {}", rejection.code(), describe(&bytes, rejection)))?;
    let supplied = recorder(&image);
    let supplies = supplied.supplies();
    let mut manifest = supplied.manifest(&supplies);
    if most == Most::Stateless {
        manifest.capacity = Capacity::NONE;
    }
    OwnedImage::load(Arc::clone(&bytes), &manifest).map_err(|rejection| refusal::describe(&image, rejection))
}

/// A recorder that has all that an image reads.
pub(crate) fn recorder<'i>(image: &Image<'i>) -> Supplied<'i> {
    Supplied::of_recorder(image, "recorder", "0")
}

/// The image with every rule for all sensors; nothing where each is. A comparator becomes one that asks neither for a name
/// nor for a version, so all that the image has stays where it is.
fn without_restrictions(image: &Image<'_>) -> Option<Vec<u8>> {
    const ANY: Comparator = Comparator { sensor: 0, sensor_len: 0, version: 0, version_len: 0, operator: 6 };
    let (offset, len) = image.section(Section::Comparators);
    if len == 0 {
        return None;
    }
    let mut bytes = image.bytes().to_vec();
    let records = bytes.get_mut(offset as usize..offset.saturating_add(len) as usize)?;
    records.as_chunks_mut::<{ Comparator::SIZE }>().0.iter_mut().for_each(|record| *record = ANY.encode());
    let sum = checksum(&bytes).to_le_bytes();
    bytes.iter_mut().skip(CHECKSUM_AT).zip(sum).for_each(|(slot, byte)| *slot = byte);
    Some(bytes)
}

/// What an image says of its template types, by name; of several versions the newest.
fn of_image(image: &Image<'_>) -> BTreeMap<String, Arc<TemplateType>> {
    let mut found: BTreeMap<String, Arc<TemplateType>> = BTreeMap::new();
    for of in (0..image.template_count()).filter_map(|number| image.template(number)) {
        let name = image.name(of.name, of.name_len);
        if found.get(name).is_some_and(|known| known.version >= of.version) {
            continue;
        }
        let mut template = TemplateType::new(name.to_owned(), of.version, Source::new("image", ""), Span::default());
        for input in (of.inputs..of.inputs.saturating_add(of.input_count)).filter_map(|at| image.input(at)) {
            let field = Field {
                name: image.name(input.name, input.name_len).to_owned(),
                ty: FieldType {
                    scalar: interpreter::Scalar::from_number(input.scalar).map_or(Scalar::String, scalar),
                    list: input.flags & input_flags::LIST != 0,
                    optional: input.flags & input_flags::OPTIONAL != 0,
                    nocase: false,
                },
                span: Span::default(),
            };
            match InputKind::from_number(input.kind) {
                Some(InputKind::Numbered) => {
                    let at = usize::from(input.position).saturating_sub(1);
                    if template.fields.len() <= at {
                        template.fields.resize(at + 1, None);
                    }
                    if let Some(slot) = template.fields.get_mut(at) {
                        *slot = Some(field);
                    }
                }
                Some(InputKind::Header) => template.header.push(field),
                Some(InputKind::Open) => template.open = true,
                // The values that recognise an event are not in an image.
                Some(InputKind::Fixed) | None => {}
            }
        }
        found.insert(name.to_owned(), Arc::new(template));
    }
    found
}

/// A kind of values of the interpreter as template types write it.
pub(crate) const fn scalar(of: interpreter::Scalar) -> Scalar {
    match of {
        interpreter::Scalar::String => Scalar::String,
        interpreter::Scalar::Int => Scalar::Int,
        interpreter::Scalar::Float => Scalar::Float,
        interpreter::Scalar::Bool => Scalar::Bool,
        interpreter::Scalar::Ip => Scalar::Ip,
        interpreter::Scalar::Bytes => Scalar::Bytes,
    }
}
