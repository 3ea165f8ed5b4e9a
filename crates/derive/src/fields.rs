//! The fields of a struct, as they are declared.

use syn::{Data, DeriveInput, Error, Fields, Ident, Result, Type};

use contentcheck_model::diagnostic::clip;
use proc_macro2::Span;
use quote::ToTokens;

use crate::attribute::OfField;
use crate::shape::{Shape, optional};

/// One field that is to be an input.
pub(crate) struct Field {
    /// Its name in Rust.
    pub(crate) ident: Ident,
    /// Its name in content.
    pub(crate) name: String,
    /// Where the name is written.
    pub(crate) name_span: Span,
    pub(crate) ty: Type,
    /// None where nothing is known of the type.
    pub(crate) shape: Option<Shape>,
    pub(crate) optional: bool,
}

impl Field {
    /// Its type as it is written, for a message.
    pub(crate) fn written(&self) -> String {
        written(&self.ty)
    }

    /// What is said where the type is not known.
    pub(crate) fn unknown(&self) -> Error {
        Error::new_spanned(&self.ty, unknown(optional(&self.ty).unwrap_or(&self.ty)))
    }
}

/// A type as people write it: tokens of a stream have spaces between them.
fn written(ty: &Type) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (tokens, sign) in [("& ", "&"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), (" ;", ";"), (" :: ", "::")]
    {
        text = text.replace(tokens, sign);
    }
    clip(&text.replace("' ", "'"))
}

/// The inputs of a struct, in its order. Everything that is wrong with any of them is reported.
pub(crate) fn fields(input: &DeriveInput) -> Result<Vec<Field>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.ident.span(), "an event is a struct: its fields are the inputs"));
    };
    let named = match &data.fields {
        Fields::Named(fields) => Some(&fields.named),
        Fields::Unit => None,
        Fields::Unnamed(fields) => {
            return Err(Error::new_spanned(fields, "inputs have names: name the fields of this struct"));
        }
    };
    let (mut found, mut errors) = (Vec::new(), None);
    for field in named.into_iter().flatten() {
        match read(field) {
            Ok(field) => found.extend(field),
            Err(error) => combine(&mut errors, error),
        }
    }
    errors.map_or(Ok(found), Err)
}

/// Adds an error to those that there are.
pub(crate) fn combine(errors: &mut Option<Error>, error: Error) {
    match errors {
        Some(errors) => errors.combine(error),
        None => *errors = Some(error),
    }
}

fn read(field: &syn::Field) -> Result<Option<Field>> {
    let said = OfField::read(&field.attrs)?;
    let Some(ident) = field.ident.clone().filter(|_| !said.is_skipped) else { return Ok(None) };
    let (ty, is_optional) = optional(&field.ty).map_or((&field.ty, false), |inner| (inner, true));
    let shape = said.shape.or_else(|| Shape::of(ty));
    let (name, name_span) = match &said.name {
        Some(name) => (name.value(), name.span()),
        None => (ident.to_string().trim_start_matches("r#").to_owned(), ident.span()),
    };
    Ok(Some(Field { name, name_span, ty: field.ty.clone(), shape, optional: is_optional, ident }))
}

fn unknown(ty: &Type) -> String {
    let written = written(ty);
    let is_list = matches!(ty, Type::Reference(_) | Type::Slice(_) | Type::Array(_)) || written.starts_with("Vec<");
    let help = if is_list {
        "lists are lent as `&[&str]`, `&[&[u8]]`, `&[i64]`, `&[Value<'_>]`, vectors of these, or bytes with `#[event(split = 0)]`"
    } else {
        "for a type of yours say what it lends: `#[event(text)]`, `bytes`, `str` (by `AsRef`), `int`, `uint`, `float` or `ip` (by `From`); \
         `#[event(skip)]` for what is no input"
    };
    format!("`{written}` is not known as the type of a value; {help}")
}
