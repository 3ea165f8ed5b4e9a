//! Refusals in words, with the names that their numbers stand for, and without an allocation.

use core::fmt;

use crate::fault::Rejection;
use crate::image::{Identity, Image};
use crate::load::{LeftOut, WhyLeftOut};

/// What is said of a rejection or of a rule that is left out. Made by [`Image::describe`], [`Image::describe_left_out`]
/// and [`describe`].
#[derive(Clone, Copy, Debug)]
pub struct Description<'i> {
    of: Of<'i>,
}

#[derive(Clone, Copy, Debug)]
enum Of<'i> {
    /// Names are in the image.
    Rejection(Rejection, Option<&'i Image<'i>>, Option<Identity<'i>>),
    LeftOut(LeftOut, &'i Image<'i>),
}

/// Describes why bytes were refused that are no image: what their header says of itself is named.
#[must_use]
pub fn describe(bytes: &[u8], rejection: Rejection) -> Description<'_> {
    Description { of: Of::Rejection(rejection, None, Identity::read(bytes)) }
}

impl Image<'_> {
    /// Describes why an image was refused.
    #[must_use]
    pub fn describe(&self, rejection: Rejection) -> Description<'_> {
        Description { of: Of::Rejection(rejection, Some(self), Some(self.identity())) }
    }

    /// Describes why a rule is left out.
    #[must_use]
    pub const fn describe_left_out(&self, out: LeftOut) -> Description<'_> {
        Description { of: Of::LeftOut(out, self) }
    }

    /// What a person calls a rule.
    fn called(&self, rule: u32) -> &str {
        self.rule(rule).map_or("", |of| if of.title.is_empty() { of.name } else { of.title })
    }

    fn template_name(&self, template: u32) -> &str {
        self.template(template).map_or("", |of| self.name(of.name, of.name_len))
    }

    /// Name and position of an input.
    fn input_name(&self, input: u32) -> (&str, u16) {
        self.input(input).map_or(("", 0), |of| (self.name(of.name, of.name_len), of.position))
    }
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Of::LeftOut(out, image) => {
                let (rule, template) = (image.called(out.rule), image.template_name(out.template));
                match out.why {
                    WhyLeftOut::Sensor => write!(f, "rule `{rule}` is for other sensors"),
                    WhyLeftOut::Template => {
                        write!(f, "rule `{rule}` is on `{template}`, which this sensor does not supply")
                    }
                    WhyLeftOut::Unsupplied { input } => unsupplied(f, image, out.rule, out.template, input),
                    WhyLeftOut::Type { input } => other_type(f, image, out.rule, out.template, input),
                    WhyLeftOut::Position { input } => other_position(f, image, out.rule, out.template, input),
                }
            }
            Of::Rejection(rejection, image, identity) => match (rejection, image) {
                (Rejection::UnsuppliedInput { rule, template, input }, Some(image)) => {
                    unsupplied(f, image, rule, template, input)
                }
                (Rejection::InputType { rule, template, input }, Some(image)) => {
                    other_type(f, image, rule, template, input)
                }
                (Rejection::Position { rule, template, input }, Some(image)) => {
                    other_position(f, image, rule, template, input)
                }
                (Rejection::Feature { bit }, _) => match identity.and_then(|identity| identity.feature(bit)) {
                    Some(name) => {
                        write!(f, "the image asks for the feature `{name}`, which this interpreter does not know")
                    }
                    None => rejection.fmt(f),
                },
                _ => rejection.fmt(f),
            },
        }
    }
}

fn unsupplied(f: &mut fmt::Formatter<'_>, image: &Image<'_>, rule: u32, template: u32, input: u32) -> fmt::Result {
    let (rule, template, (input, position)) =
        (image.called(rule), image.template_name(template), image.input_name(input));
    write!(f, "rule `{rule}` reads `{input}` (")?;
    if position > 0 {
        write!(f, "field {position} ")?;
    }
    write!(f, "of `{template}`), which this sensor does not supply")
}

fn other_type(f: &mut fmt::Formatter<'_>, image: &Image<'_>, rule: u32, template: u32, input: u32) -> fmt::Result {
    let (rule, template, (input, _)) = (image.called(rule), image.template_name(template), image.input_name(input));
    write!(f, "rule `{rule}` reads `{input}` of `{template}`, which this sensor supplies as another type")
}

fn other_position(f: &mut fmt::Formatter<'_>, image: &Image<'_>, rule: u32, template: u32, input: u32) -> fmt::Result {
    let (rule, template, (input, position)) =
        (image.called(rule), image.template_name(template), image.input_name(input));
    write!(
        f,
        "rule `{rule}` reads `${position}` (`{input}` of `{template}`), and this sensor supplies another input there, or none"
    )
}
