//! `committed!`: a test that holds the manifest's JSON, which content is checked against, to the constant.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path, Result, Token};

/// What the macro is given.
pub(crate) struct Committed {
    manifest: Path,
    file: LitStr,
}

impl Parse for Committed {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let manifest = input.parse()?;
        input.parse::<Token![,]>()?;
        let file = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { manifest, file })
    }
}

/// The test.
pub(crate) fn expand(committed: &Committed) -> TokenStream {
    let Committed { manifest, file } = committed;
    let last = manifest.segments.last().map(|segment| segment.ident.to_string().to_lowercase());
    let test = format_ident!("{}_is_committed", last.unwrap_or_default());
    quote! {
        #[cfg(test)]
        #[test]
        fn #test() -> ::core::result::Result<(), &'static ::core::primitive::str> {
            // For a sensor without the standard library, whose tests have it all the same.
            extern crate std;
            let path = ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file);
            let stated = std::string::ToString::to_string(&#manifest.json());
            // A checkout may have other line ends.
            let kept = std::fs::read_to_string(path).map(|kept| kept.replace('\r', ""));
            if kept.as_ref().is_ok_and(|kept| *kept == stated) {
                return ::core::result::Result::Ok(());
            }
            if std::env::var_os("BLESS").is_some() {
                return std::fs::write(path, stated).map_err(|_| ::core::concat!("`", #file, "` cannot be written"));
            }
            let kept = kept.unwrap_or_default();
            let mut lines = kept.lines();
            let differs = stated.lines().find(|line| lines.next() != ::core::option::Option::Some(*line));
            std::eprintln!("{path} is not what this build states; the first line that differs is to be\n{}", differs.unwrap_or("none: there are lines too many"));
            ::core::result::Result::Err(::core::concat!(
                "`", #file, "` is not the manifest of this build: run the test with BLESS=1 if the build is right"
            ))
        }
    }
}
