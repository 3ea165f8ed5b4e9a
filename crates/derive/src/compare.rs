//! Compare: the fields of a struct with the inputs of a template type. Names, order, number, types, and what may be absent.

use std::collections::HashMap;

use contentcheck_model::diagnostic::{clip, closest};
use contentcheck_model::template::{self, FieldType, TemplateType};
use proc_macro2::Span;
use syn::Error;

use crate::fields::{Field, combine};
use crate::shape::{Shape, rust_type};

/// An input of a template type.
struct Wanted<'t> {
    position: usize,
    field: &'t template::Field,
}

/// The type of each field as the sensor states it, in the order of the struct.
///
/// # Errors
/// Everything in which the struct differs from the template type.
pub(crate) fn event(fields: &[Field], template: &TemplateType, at: Span) -> Result<Vec<FieldType>, Error> {
    let wanted: Vec<Wanted<'_>> = template
        .fields
        .iter()
        .enumerate()
        .filter_map(|(index, field)| Some(Wanted { position: index.saturating_add(1), field: field.as_ref()? }))
        .collect();
    let places: HashMap<&str, usize> =
        wanted.iter().enumerate().map(|(place, wanted)| (wanted.field.name.as_str(), place)).collect();
    let mut errors = None;
    let mut supplied: HashMap<&str, usize> = HashMap::new();
    for (index, field) in fields.iter().enumerate() {
        let first = *supplied.entry(&field.name).or_insert(index);
        if first != index {
            let message = format!("`{}` is already the name of field {} of this struct", clip(&field.name), first + 1);
            combine(&mut errors, Error::new(field.name_span, message));
        }
    }
    let mut missing: Vec<&Wanted<'_>> =
        wanted.iter().filter(|wanted| !supplied.contains_key(wanted.field.name.as_str())).collect();
    let mut types = Vec::with_capacity(fields.len());
    // Those that both have: the place of each in the template type, in the order of the struct.
    let mut matched: Vec<(usize, usize, &Field)> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let place = places.get(field.name.as_str()).copied();
        let declared = place.and_then(|place| wanted.get(place));
        if let (Some(place), Some(wanted)) = (place, declared) {
            // Of two of one name the second is an error already, wherever it is.
            if supplied.get(field.name.as_str()) == Some(&index) {
                matched.push((index, place, field));
            }
            let declared = format!("input {} of `{template}`, `{}`", wanted.position, shown(wanted.field));
            match typed(field, wanted.field.ty, &declared) {
                Ok(ty) => types.push(ty),
                Err(error) => combine(&mut errors, error),
            }
            continue;
        }
        let near = closest(&field.name, missing.iter().map(|wanted| wanted.field.name.as_str())).map(str::to_owned);
        if let Some(near) = near {
            // One slip is one error: the input is not missing as well.
            missing.retain(|wanted| wanted.field.name != near);
            let message = format!("`{template}` has no input `{}`; did you mean `{near}`?", clip(&field.name));
            combine(&mut errors, Error::new(field.name_span, message));
        } else if template.header.iter().any(|header| header.name == field.name) {
            let message = format!(
                "`{}` comes with every event, and is no numbered input of `{template}`: it belongs in the struct with \
                 `#[event(content = \"...\", header)]`",
                clip(&field.name)
            );
            combine(&mut errors, Error::new(field.name_span, message));
        } else if template.open {
            // Rules may read it by its name, as a string.
            let declared = format!("an undeclared input of the open `{template}`, `string?`");
            match typed(field, FieldType::OPEN, &declared) {
                Ok(ty) => types.push(ty),
                Err(error) => combine(&mut errors, error),
            }
        } else {
            let message = format!(
                "`{template}` has no input `{}`: declare it there, or mark the field `#[event(skip)]`",
                clip(&field.name)
            );
            combine(&mut errors, Error::new(field.name_span, message));
        }
    }
    if let Some(error) = lacking(&missing, &wanted, template, at) {
        combine(&mut errors, error);
    }
    for error in misplaced(&matched, &wanted, template) {
        combine(&mut errors, error);
    }
    errors.map_or(Ok(types), Err)
}

/// A field of content as content writes it.
fn shown(field: &template::Field) -> String {
    format!("{} : {}", field.name, field.ty)
}

/// The type that a field supplies, where content that was checked against `wanted` can be fed with it.
pub(crate) fn typed(field: &Field, wanted: FieldType, declared: &str) -> Result<FieldType, Error> {
    let Some(shape) = field.shape else { return Err(field.unknown()) };
    let ty = FieldType { optional: field.optional, ..shape.supplies(wanted) };
    if wanted.is_fed_by(ty) {
        return Ok(ty);
    }
    if wanted.scalar == ty.scalar && wanted.list == ty.list {
        let message = format!(
            "`{}` may be absent here, and content relies on it: it is {declared}; supply it always, or declare \
             `{}` there",
            clip(&field.name),
            FieldType { optional: true, ..wanted },
        );
        return Err(Error::new_spanned(&field.ty, message));
    }
    let help = match shape {
        Shape::Octets if wanted.list => {
            "; bytes in which a byte ends each element are a list with `#[event(split = 0)]`".to_owned()
        }
        _ => format!("; write `{}`", rust_type(FieldType { optional: field.optional, ..wanted })),
    };
    let message =
        format!("`{}` supplies {}, and the field is {declared}{help}", field.written(), shape.words_of_content());
    Err(Error::new_spanned(&field.ty, message))
}

/// The error about inputs that no field supplies.
fn lacking(missing: &[&Wanted<'_>], wanted: &[Wanted<'_>], template: &TemplateType, at: Span) -> Option<Error> {
    let first = missing.first()?;
    let shown: Vec<String> =
        missing.iter().take(5).map(|wanted| format!("`{}` (input {})", shown(wanted.field), wanted.position)).collect();
    let more = missing.len().saturating_sub(shown.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let are = if missing.len() == 1 { "is" } else { "are" };
    let before = wanted.iter().take_while(|wanted| wanted.position < first.position).last();
    let place = before.map_or_else(|| "first".to_owned(), |before| format!("behind `{}`", before.field.name));
    let message = format!(
        "this struct supplies {} of the {} inputs of `{template}`: {}{more} {are} missing; add `{}: {}` {place}",
        wanted.len().saturating_sub(missing.len()),
        wanted.len(),
        shown.join(", "),
        first.field.name,
        rust_type(first.field.ty),
    );
    Some(Error::new(at, message))
}

/// Errors about fields that are out of order: as few as must move.
fn misplaced(matched: &[(usize, usize, &Field)], wanted: &[Wanted<'_>], template: &TemplateType) -> Vec<Error> {
    let stays = longest_rise(&matched.iter().map(|(_, place, _)| *place).collect::<Vec<_>>());
    let moved = matched.iter().enumerate().filter(|(at, _)| stays.binary_search(at).is_err());
    let error = |(_, (index, place, field)): (usize, &(usize, usize, &Field))| {
        let position = wanted.get(*place).map_or(0, |wanted| wanted.position);
        let before = place.checked_sub(1).and_then(|before| wanted.get(before));
        let to = before.map_or_else(|| "to the front".to_owned(), |before| format!("behind `{}`", before.field.name));
        let message = format!(
            "`{}` is field {} of this struct, and input {position} of `{template}`; move it {to}",
            clip(&field.name),
            index.saturating_add(1),
        );
        Error::new(field.name_span, message)
    };
    moved.map(error).collect()
}

/// The indices of a longest subsequence that rises, in their order.
fn longest_rise(places: &[usize]) -> Vec<usize> {
    // For each element the length of the longest rise that ends with it, and the element before it there.
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(places.len());
    for (at, place) in places.iter().enumerate() {
        let before = places.iter().zip(&best).enumerate().take(at).filter(|(_, (other, _))| *other < place);
        let before = before.max_by_key(|(index, (_, (length, _)))| (*length, std::cmp::Reverse(*index)));
        best.push(before.map_or((1, None), |(index, (_, (length, _)))| (length + 1, Some(index))));
    }
    let mut last = best
        .iter()
        .enumerate()
        .max_by_key(|(index, (length, _))| (*length, std::cmp::Reverse(*index)))
        .map(|(at, _)| at);
    let mut rise = Vec::new();
    while let Some(at) = last {
        rise.push(at);
        last = best.get(at).and_then(|(_, before)| *before);
    }
    rise.reverse();
    rise
}

#[cfg(test)]
mod tests {
    use super::longest_rise;

    #[test]
    fn as_few_fields_as_must_move_are_out_of_order() {
        assert_eq!(longest_rise(&[]), Vec::<usize>::new());
        assert_eq!(longest_rise(&[0, 1, 2]), [0, 1, 2]);
        assert_eq!(longest_rise(&[2, 0, 1]), [1, 2]);
        assert_eq!(longest_rise(&[1, 2, 3, 0]), [0, 1, 2]);
        assert_eq!(longest_rise(&[1, 0]).len(), 1);
    }
}
