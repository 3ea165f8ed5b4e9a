//! `manifest!`: what a build of the sensor says of itself, as a constant that is checked when it is compiled.

use contentcheck_model::diagnostic::closest;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, Result, Token, Type, Visibility, braced, bracketed};

const MEMBERS: [&str; 6] = ["sensor", "version", "versioning", "capacity", "header", "events"];
const CAPACITIES: [&str; 9] = [
    "interpreter",
    "image_bytes",
    "rules",
    "table_rows",
    "automaton_states",
    "steps",
    "steps_per_byte",
    "scratch_bytes",
    "features",
];
const VERSIONINGS: [&str; 2] = ["Parts", "Decimal"];

/// What the macro is given.
pub(crate) struct Stated {
    attributes: Vec<Attribute>,
    vis: Visibility,
    name: Ident,
    sensor: TokenStream,
    version: TokenStream,
    versioning: Ident,
    capacity: TokenStream,
    header: Option<Type>,
    events: Vec<Type>,
}

impl Parse for Stated {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        input.parse::<Token![const]>()?;
        let name: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let body;
        let brace = braced!(body in input);
        input.parse::<Option<Token![;]>>()?;
        let (mut sensor, mut version, mut versioning, mut capacity, mut header, mut events) =
            (None, None, None, None, None, None);
        while !body.is_empty() {
            let member: Ident = body.parse()?;
            body.parse::<Token![:]>()?;
            match member.to_string().as_str() {
                "sensor" => once(&mut sensor, expression(&body)?, &member)?,
                "version" => once(&mut version, expression(&body)?, &member)?,
                "versioning" => once(&mut versioning, read_versioning(&body)?, &member)?,
                "capacity" => once(&mut capacity, read_capacity(&body)?, &member)?,
                "header" => once(&mut header, body.parse::<Type>()?, &member)?,
                "events" => {
                    let list;
                    bracketed!(list in body);
                    let types = Punctuated::<Type, Token![,]>::parse_terminated(&list)?;
                    once(&mut events, types.into_iter().collect::<Vec<_>>(), &member)?;
                }
                _ => return Err(unknown(&member, "member of a manifest", &MEMBERS)),
            }
            if !body.is_empty() {
                body.parse::<Token![,]>()?;
            }
        }
        let lacks = |member: &str| Error::new(brace.span.join(), format!("a manifest states its `{member}`"));
        let span = name.span();
        Ok(Self {
            attributes,
            vis,
            sensor: sensor.ok_or_else(|| lacks("sensor"))?,
            version: version.ok_or_else(|| lacks("version"))?,
            versioning: versioning.unwrap_or_else(|| Ident::new("Parts", span)),
            capacity: capacity.unwrap_or_else(|| stated_capacity(&[])),
            header,
            events: events.ok_or_else(|| lacks("events"))?,
            name,
        })
    }
}

fn once<T>(slot: &mut Option<T>, value: T, member: &Ident) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(member.span(), format!("`{member}` is stated twice"))),
    }
}

fn unknown(word: &Ident, what: &str, known: &[&str]) -> Error {
    let near = closest(&word.to_string(), known.iter().copied());
    let help = near
        .map_or_else(|| format!("the known ones are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
    Error::new(word.span(), format!("`{word}` is no {what}; {help}"))
}

/// Everything up to a comma.
fn expression(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    if tokens.is_empty() { Err(input.error("expected a value")) } else { Ok(tokens) }
}

fn read_versioning(input: ParseStream<'_>) -> Result<Ident> {
    let word: Ident = input.parse()?;
    if VERSIONINGS.contains(&word.to_string().as_str()) {
        Ok(word)
    } else {
        Err(unknown(&word, "order of versions", &VERSIONINGS))
    }
}

/// `{ rules: 5_000, image_bytes: 4 << 20 }`, or an expression that is a capacity.
fn read_capacity(input: ParseStream<'_>) -> Result<TokenStream> {
    if !input.peek(syn::token::Brace) {
        return expression(input);
    }
    let body;
    braced!(body in input);
    let mut stated: Vec<(Ident, TokenStream)> = Vec::new();
    while !body.is_empty() {
        let member: Ident = body.parse()?;
        if !CAPACITIES.contains(&member.to_string().as_str()) {
            return Err(unknown(&member, "capacity", &CAPACITIES));
        }
        if stated.iter().any(|(other, _)| *other == member) {
            return Err(Error::new(member.span(), format!("`{member}` is stated twice")));
        }
        body.parse::<Token![:]>()?;
        stated.push((member, expression(&body)?));
        if !body.is_empty() {
            body.parse::<Token![,]>()?;
        }
    }
    Ok(stated_capacity(&stated))
}

/// The format of images is that of the interpreter which is built in, and cannot go stale.
fn stated_capacity(stated: &[(Ident, TokenStream)]) -> TokenStream {
    let own = stated
        .iter()
        .all(|(member, _)| member != "interpreter")
        .then(|| quote!(interpreter: ::core::option::Option::Some(::contentcheck_interpreter::format::VERSION),));
    let members = stated.iter().map(|(member, value)| quote!(#member: ::core::option::Option::Some(#value)));
    quote! {
        ::contentcheck_interpreter::Capacity {
            #own #(#members,)* ..::contentcheck_interpreter::Capacity::NONE
        }
    }
}

/// The constant, and what holds it to be right.
pub(crate) fn expand(stated: &Stated) -> TokenStream {
    let Stated { attributes, vis, name, sensor, version, versioning, capacity, header, events } = stated;
    let inputs = header.as_ref().map_or_else(|| quote!(&[]), |header| quote!(<#header>::INPUTS));
    let check = |span: Span, errors: TokenStream, message: &str| {
        quote_spanned! {span=>
            ::core::assert!(!::core::matches!(#name.check(), ::core::result::Result::Err(#errors)), #message);
        }
    };
    let error = quote!(::contentcheck_interpreter::ManifestError);
    let sensor_check = check(
        sensor.span(),
        quote!(#error::Sensor),
        "the name of a sensor begins with a lower-case letter and has lower-case letters, digits, `-` and `_`",
    );
    let version_check = check(
        version.span(),
        quote!(#error::Version),
        "a version begins with a digit and has letters, digits and `.-_+`",
    );
    let twice = check(
        name.span(),
        quote!(#error::DuplicateTemplate { .. }),
        "two of the manifest's `events` are of one template type",
    );
    let rest = check(name.span(), quote!(_), "the manifest contradicts itself");
    let headers = events.iter().map(|event| quote_spanned!(event.span()=> <#event>::__check_header(&#name);));
    quote! {
        #(#attributes)*
        #vis const #name: ::contentcheck_interpreter::Manifest<'static> = ::contentcheck_interpreter::Manifest {
            sensor: #sensor,
            version: #version,
            versioning: ::contentcheck_interpreter::Versioning::#versioning,
            capacity: #capacity,
            header: #inputs,
            templates: &[#(<#events>::SUPPLY),*],
        };
        // The compiler counts the steps of a comparison of all names with all others, and takes many for a mistake.
        #[allow(long_running_const_eval)]
        const _: () = {
            #sensor_check
            #version_check
            #twice
            #rest
            #(#headers)*
        };
    }
}
