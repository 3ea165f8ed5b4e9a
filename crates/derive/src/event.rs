//! `#[derive(Event)]`: what a struct that agrees with content expands to.

use contentcheck_model::diagnostic::{clip, closest};
use contentcheck_model::template::{FieldType, Scalar, TemplateType};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, LitStr, Result};

use crate::attribute::OfStruct;
use crate::compare;
use crate::content::Content;
use crate::fields::{Field, combine, fields};

/// Expands the derive, or says everything in which the struct and the content differ.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    match OfStruct::read(&input.attrs, &input.ident)? {
        OfStruct::Event { content, template } => event(input, &content, &template),
        OfStruct::Header { content } => header(input, &content),
    }
}

/// The errors, and what code that uses the struct asks for: what is wrong is said once, and not at each use again.
pub(crate) fn failed(input: &DeriveInput, error: Error) -> TokenStream {
    let errors = error.into_compile_error();
    let (ident, name) = (&input.ident, input.ident.to_string());
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #errors
        #[allow(dead_code, missing_docs)]
        #[automatically_derived]
        impl #generics #ident #arguments #bounds {
            pub const SUPPLY: ::contentcheck_interpreter::Supply<'static> =
                ::contentcheck_interpreter::Supply { template: #name, inputs: Self::INPUTS };
            pub const INPUTS: &'static [::contentcheck_interpreter::Input<'static>] = &[];
            pub fn values(&self) -> [::contentcheck_interpreter::Value<'_>; 0] {
                []
            }
            #[doc(hidden)]
            pub const fn __check_header(_: &::contentcheck_interpreter::Manifest<'_>) {}
        }
    }
}

fn event(input: &DeriveInput, content: &LitStr, named: &LitStr) -> Result<TokenStream> {
    let content = Content::read(content)?;
    let template = content.template(named)?;
    let fields = fields(input)?;
    let types = compare::event(&fields, template, named.span())?;
    let vis = &input.vis;
    let name = &template.name;
    let check = header_check(template, named);
    let what = format!("What this struct supplies of `{template}`, for the manifest.");
    let common = common(input, &fields, &types);
    let more = quote! {
        #[doc = #what]
        #vis const SUPPLY: ::contentcheck_interpreter::Supply<'static> =
            ::contentcheck_interpreter::Supply { template: #name, inputs: Self::INPUTS };
        #common
        #check
    };
    Ok(implementation(input, &[content], &more))
}

/// A function that `manifest!` calls: which header the sensor has is known there.
fn header_check(template: &TemplateType, named: &LitStr) -> TokenStream {
    let asserts = template.header.iter().map(|field| {
        let (name, ty) = (&field.name, ty(field.ty));
        let message = format!(
            "content may read `{name} : {}` of every `{template}`, and the manifest's header does not supply it",
            field.ty
        );
        quote_spanned! {named.span()=> ::core::assert!(manifest.supplies_in_header(#name, #ty), #message); }
    });
    quote! {
        #[doc(hidden)]
        pub const fn __check_header(manifest: &::contentcheck_interpreter::Manifest<'_>) {
            let _ = manifest;
            #(#asserts)*
        }
    }
}

fn header(input: &DeriveInput, files: &[LitStr]) -> Result<TokenStream> {
    let mut contents = Vec::new();
    for file in files {
        contents.push(Content::read(file)?);
    }
    let declared: Vec<(&TemplateType, &contentcheck_model::template::Field)> = contents
        .iter()
        .flat_map(Content::templates)
        .flat_map(|template| template.header.iter().map(move |field| (template, field)))
        .collect();
    let fields = fields(input)?;
    let (mut types, mut errors) = (Vec::new(), None);
    for (index, field) in fields.iter().enumerate() {
        if fields.iter().take(index).any(|other| other.name == field.name) {
            let message = format!("`{}` is already the name of a field of this struct", clip(&field.name));
            combine(&mut errors, Error::new(field.name_span, message));
        }
        // Template types may differ in it: `manifest!` holds it to each that the sensor supplies.
        let mut tried = declared.iter().filter(|(_, header)| header.name == field.name).map(|(template, header)| {
            let declared = format!("a header field of `{template}`, `{} : {}`", header.name, header.ty);
            compare::typed(field, header.ty, &declared)
        });
        let first = tried.next();
        match first {
            Some(Ok(ty)) => types.push(ty),
            Some(Err(error)) => match tried.find_map(Result::ok) {
                Some(ty) => types.push(ty),
                None => combine(&mut errors, error),
            },
            None => {
                let near = closest(&field.name, declared.iter().map(|(_, header)| header.name.as_str()));
                let help = near.map_or_else(
                    || ": declare it there under `header`, or mark the field `#[event(skip)]`".to_owned(),
                    |near| format!("; did you mean `{near}`?"),
                );
                let message =
                    format!("no template type of {} has a header field `{}`{help}", listed(files), clip(&field.name));
                combine(&mut errors, Error::new(field.name_span, message));
            }
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    let common = common(input, &fields, &types);
    Ok(implementation(input, &contents, &common))
}

fn listed(files: &[LitStr]) -> String {
    crate::content::listed(&files.iter().map(LitStr::value).collect::<Vec<_>>())
}

/// What events and headers have: the inputs, and the values in their order.
fn common(input: &DeriveInput, fields: &[Field], types: &[FieldType]) -> TokenStream {
    let vis = &input.vis;
    let count = fields.len();
    let inputs = fields.iter().zip(types).map(|(field, supplied)| {
        let (name, ty) = (&field.name, ty(*supplied));
        quote!(::contentcheck_interpreter::Input { name: #name, ty: #ty })
    });
    let values = fields.iter().zip(types).map(|(field, supplied)| {
        let ident = &field.ident;
        let span = field.ty.span().resolved_at(Span::call_site());
        let value = field.shape.map(|shape| shape.value(*supplied, span));
        if field.optional {
            quote_spanned! {span=>
                match &self.#ident {
                    ::core::option::Option::Some(value) => #value,
                    ::core::option::Option::None => ::contentcheck_interpreter::Value::Absent,
                }
            }
        } else {
            quote_spanned! {span=>
                {
                    let value = &self.#ident;
                    #value
                }
            }
        }
    });
    quote! {
        /// The inputs, in the order of the fields.
        #vis const INPUTS: &'static [::contentcheck_interpreter::Input<'static>] = &[#(#inputs),*];

        /// The values, in the order of the inputs. Nothing is copied but numbers and addresses.
        #[must_use]
        #vis fn values(&self) -> [::contentcheck_interpreter::Value<'_>; #count] {
            [#(#values),*]
        }
    }
}

fn implementation(input: &DeriveInput, contents: &[Content], items: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let paths = contents.iter().map(|content| &content.path);
    quote! {
        // A sensor may have use for some of these alone.
        #[allow(dead_code)]
        #[automatically_derived]
        impl #generics #ident #arguments #bounds {
            #items
        }
        // A change of the content is a change of the sensor: the compiler looks at it again.
        #(const _: &[::core::primitive::u8] = ::core::include_bytes!(#paths);)*
    }
}

/// A type, as the interpreter has it.
fn ty(ty: FieldType) -> TokenStream {
    let scalar = match ty.scalar {
        Scalar::String => quote!(String),
        Scalar::Int => quote!(Int),
        Scalar::Float => quote!(Float),
        Scalar::Bool => quote!(Bool),
        Scalar::Ip => quote!(Ip),
        Scalar::Bytes => quote!(Bytes),
    };
    let FieldType { list, optional, .. } = ty;
    quote! {
        ::contentcheck_interpreter::Type {
            scalar: ::contentcheck_interpreter::Scalar::#scalar, list: #list, optional: #optional,
        }
    }
}
