//! Content: from the path in an attribute to a template type that was read whole, by the parser that everybody uses.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use contentcheck_model::decode::decode;
use contentcheck_model::diagnostic::{Diagnostic, Severity, Sink, clip, closest};
use contentcheck_model::limits;
use contentcheck_model::template::TemplateType;
use contentcheck_parser::native::ast::Declaration;
use contentcheck_parser::native::{self, Parsed};
use syn::{Error, LitStr, Result};

/// One content file.
pub(crate) struct Content {
    /// As the attribute writes it.
    pub(crate) written: String,
    /// Where it is, for the compiler: a change of the file is a change of the sensor.
    pub(crate) path: String,
    declared: Vec<Declared>,
    /// The errors of the file, wherever they are.
    errors: Vec<String>,
}

/// A template type that the file declares.
struct Declared {
    template: TemplateType,
    /// What is wrong with its declaration: then nothing is compared with it.
    fault: Option<String>,
}

impl Content {
    /// Reads the file that an attribute names.
    pub(crate) fn read(literal: &LitStr) -> Result<Self> {
        let written = literal.value();
        let fail = |why: String| Error::new(literal.span(), why);
        let base = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| {
            fail("`content` is relative to the package, whose directory only cargo states".to_owned())
        })?;
        let path = Path::new(&base).join(&written);
        let bytes = bytes(&path).map_err(|error| fail(unreadable(&written, &path, &error)))?;
        let Some(absolute) = path.to_str().map(str::to_owned) else {
            return Err(fail(format!("the path of `{}` is not UTF-8", clip(&written))));
        };
        let source = decode(&written, bytes).map_err(|found| fail(told(&found)))?;
        let parsed = native::parse(&source);
        let mut sink = Sink::new(&source);
        let templates = native::templates(&parsed.ast, &mut sink);
        let declarations = parsed.ast.declarations().iter().filter_map(|declaration| match declaration {
            Declaration::Template(template) => Some(template.span),
            _ => None,
        });
        let declared = templates.into_iter().zip(declarations).map(|(template, extent)| {
            let within = |found: &&Diagnostic| extent.start <= found.span.start && found.span.start < extent.end;
            let fault = template.flaw.as_deref().or_else(|| errors(&parsed).find(within)).map(told);
            Declared { template, fault }
        });
        let declared = declared.collect();
        Ok(Self { written, path: absolute, declared, errors: errors(&parsed).take(3).map(told).collect() })
    }

    /// The template type that an attribute names, as in `edr.process_start @ 1`.
    pub(crate) fn template(&self, literal: &LitStr) -> Result<&TemplateType> {
        let written = literal.value();
        let fail = |why: String| Err(Error::new(literal.span(), why));
        let named = written.split_once('@').map(|(name, version)| (name.trim(), version.trim().parse::<u32>()));
        let Some((name, Ok(version))) = named else {
            return fail(format!(
                "`{}` is not a template type with its version, as in `edr.process_start @ 1`",
                clip(&written)
            ));
        };
        let is_meant = |declared: &&Declared| declared.template.name == name && declared.template.version == version;
        let mut meant = self.declared.iter().filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(_), Some(_)) => fail(format!("`{}` declares `{name} @ {version}` twice", self.written)),
            (Some(Declared { fault: Some(fault), .. }), None) => {
                fail(format!("the declaration of `{name} @ {version}` has an error: {fault}"))
            }
            (Some(Declared { template, fault: None }), None) => Ok(template),
            (None, _) => fail(self.absent(name, version)),
        }
    }

    /// The template types whose declaration was read whole.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &TemplateType> {
        self.declared.iter().filter(|declared| declared.fault.is_none()).map(|declared| &declared.template)
    }

    /// What there is instead of a template type that is not declared.
    fn absent(&self, name: &str, version: u32) -> String {
        let names: Vec<String> = self.declared.iter().map(|declared| declared.template.to_string()).collect();
        let same = self.declared.iter().rev().find(|declared| declared.template.name == name);
        let near = closest(name, self.declared.iter().map(|declared| declared.template.name.as_str()));
        let near = near.and_then(|near| self.declared.iter().rev().find(|declared| declared.template.name == near));
        let instead = match same.or(near) {
            Some(declared) => format!("; did you mean `{}`?", declared.template),
            None if names.is_empty() => ", and no other one".to_owned(),
            None => format!("; it declares {}", listed(&names)),
        };
        // The declaration may be there and be lost to an error.
        let errors: String = self.errors.iter().map(|error| format!("\nthe file has an error: {error}")).collect();
        format!("`{}` declares no template type `{} @ {version}`{instead}{errors}", self.written, clip(name))
    }
}

fn errors(parsed: &Parsed) -> impl Iterator<Item = &Diagnostic> {
    parsed.diagnostics.iter().filter(|found| found.severity == Severity::Error)
}

/// A finding on one line, and what to do about it.
fn told(found: &Diagnostic) -> String {
    found.help.as_ref().map_or_else(|| found.to_string(), |help| format!("{found}; {help}"))
}

/// At most five names.
pub(crate) fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{}`", clip(name))).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// The bytes of a file, and one more than content may have where it is larger.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would let the compiler wait.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let most = u64::try_from(limits::FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(written: &str, path: &Path, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    let near = neighbour(path).map_or_else(
        || "; the path is relative to the directory of this package's Cargo.toml".to_owned(),
        |near| format!("; did you mean `{}`?", clip(&near)),
    );
    format!("`{}` {why}{near}", clip(written))
}

/// A content file of the same directory with nearly the same name.
fn neighbour(path: &Path) -> Option<String> {
    let names: Vec<PathBuf> =
        fs::read_dir(path.parent()?).ok()?.take(1_000).flatten().map(|entry| entry.path()).collect();
    let content = names.iter().filter(|name| name.extension().is_some_and(|extension| extension == "content"));
    let names: Vec<&str> = content.filter_map(|name| name.file_name()?.to_str()).collect();
    closest(path.file_name()?.to_str()?, names.iter().copied()).map(str::to_owned)
}
