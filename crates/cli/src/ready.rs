//! Rules made ready for recorded events: by an image that was named, by one that an earlier run of the same content left
//! in the cache, or by checking and compiling.
//!
//! An image is verified whatever it comes from. Its content is checked only where a command needs more than the image has:
//! rules as they are written, their tests.

mod kept;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use contentcheck_compiler::Options;
use contentcheck_library as library;
use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_model::lookup::{self, NotFound};
use contentcheck_model::rule::RuleId;
use contentcheck_model::sensor::Sensor;
use contentcheck_model::template::TemplateType;
use contentcheck_project::cache::Cache;
use contentcheck_project::{Failure, Project, files, read_library_aside};
use contentcheck_run::image::{Most, RuleImage};
use contentcheck_run::{Plan, templates};

use crate::Streams;
use crate::args::{CacheOptions, CompileOptions, Inputs, Rules, Test};
use crate::commands::read_image;
use crate::release::{self, Passed, Release, selection, talk};
use crate::rule_name::RuleName;
use kept::Kept;

/// What a command asks for.
pub struct Wanted<'a> {
    /// The content.
    pub inputs: &'a Inputs,
    /// How it is compiled.
    pub options: CompileOptions,
    /// Whether `sensors` of rules do not count.
    pub any_sensor: bool,
    /// The image that takes the place of compiling.
    pub image: Option<&'a Path>,
    /// Whether there is content: an image can do without.
    pub has_content: bool,
    /// What the content is needed for beyond an image, if it is: said where there is none.
    pub needs_content: Option<&'static str>,
    /// Where what was compiled before is.
    pub cache: &'a CacheOptions,
}

impl<'a> Wanted<'a> {
    /// What a command on recorded events asks for, with the inputs that its rules are.
    #[must_use]
    pub fn by_rules(rules: &'a Rules, inputs: &'a Inputs, options: CompileOptions) -> Self {
        Self {
            inputs,
            options,
            any_sensor: true,
            image: rules.image.as_deref(),
            has_content: rules.image.is_none() || !rules.rules.is_empty(),
            needs_content: None,
            cache: &rules.cache,
        }
    }

    /// What `test` asks for: its tests lie in the content.
    #[must_use]
    pub fn by_test(arguments: &'a Test) -> Self {
        Self {
            inputs: &arguments.inputs,
            options: CompileOptions { skip_errors: arguments.skip_errors, skip_unsupplied: false },
            any_sensor: true,
            image: arguments.image.as_deref(),
            has_content: true,
            needs_content: Some("test runs the tests of the content"),
            cache: &arguments.cache,
        }
    }
}

/// Rules that are ready for recorded events.
pub enum Ready {
    /// With the content that they are from, as it was checked.
    Content(Box<Release>),
    /// With what an image has of them.
    Image(Box<Bare>),
}

/// Rules of an image.
pub struct Bare {
    image: RuleImage,
    rules: Vec<RuleName>,
    templates: Vec<Arc<TemplateType>>,
}

impl Ready {
    /// What reports call the rules, in the order of the image.
    #[must_use]
    pub fn names(&self) -> Cow<'_, [RuleName]> {
        match self {
            Self::Content(release) => release.rules().into_iter().map(RuleName::of).collect(),
            Self::Image(bare) => Cow::Borrowed(&bare.rules),
        }
    }

    /// The rule that an id, a name, a title or a file means.
    ///
    /// # Errors
    /// When it means none or several, with the nearest or all of them.
    pub fn find(&self, wanted: &str) -> Result<RuleId, NotFound> {
        match self {
            Self::Content(release) => release.find(wanted),
            Self::Image(bare) => lookup::find(bare.rules.iter().map(RuleName::names), wanted),
        }
    }

    /// The content, where it was checked.
    #[must_use]
    pub fn content(&self) -> Option<&Release> {
        match self {
            Self::Content(release) => Some(release),
            Self::Image(_) => None,
        }
    }

    /// The rules with the content that they are from.
    ///
    /// # Errors
    /// Where it was not asked for.
    pub fn checked(&self) -> Result<&Release, Failure> {
        self.content().ok_or_else(|| Failure::internal("the content was not checked"))
    }

    /// The image made ready for recorded events: as a sensor supplies them, or as a recorder that has all that the image
    /// reads.
    ///
    /// # Errors
    /// When the sensor refuses the image, with the reason.
    pub fn plan(&self, sensor: Option<&Sensor>) -> Result<Plan, String> {
        match self {
            Self::Content(release) => match sensor {
                Some(sensor) => Plan::for_sensor(&release.content, &release.image, sensor),
                None => Plan::for_recorder(&release.content, &release.image),
            },
            Self::Image(bare) => bare.image.clone().plan(bare.templates.clone(), sensor),
        }
    }
}

/// Makes rules ready. What stands in the way goes to standard error; where there is anything, there are none.
///
/// # Errors
/// When an input, the configuration or the image is wrong, or the content is beyond what an image can hold.
pub fn ready(wanted: &Wanted<'_>, streams: &mut Streams<'_>) -> Result<Option<Ready>, Failure> {
    read_library_aside();
    match (wanted.image, wanted.has_content) {
        (None, _) => of_content(wanted, streams),
        (Some(path), true) => of_both(path, wanted, streams),
        (Some(path), false) => of_image(path, wanted, streams).map(Some),
    }
}

/// The image that is named, as it may be evaluated.
fn image(path: &Path, any_sensor: bool) -> Result<RuleImage, Failure> {
    let bytes = read_image(path)?;
    // A sensor that is named says itself what it takes.
    let verified = if any_sensor {
        RuleImage::for_any_sensor(bytes, Most::Stateless)
    } else {
        RuleImage::new(bytes, Most::Anything)
    };
    let image = verified.map_err(|reason| {
        let code = reason.split(':').next().and_then(codes::find);
        let remedy = code.map_or_else(String::new, |code| format!("\n  help: {}", code.cure));
        wrong(path, &format!("the image is rejected: {}{remedy}", visible(&reason)))
    })?;
    let mut rules = 0_usize;
    image.each_rule(|_| rules += 1);
    if rules == 0 {
        return Err(wrong(path, "the image has no rule, so nothing would be looked for"));
    }
    Ok(image)
}

fn wrong(path: &Path, reason: &str) -> Failure {
    Failure::usage(format!("{}: {reason}", files::name(path)))
}

/// The names of the rules of an image.
fn names(image: &RuleImage) -> Vec<RuleName> {
    let mut names = Vec::new();
    image.each_rule(|rule| names.push(RuleName::in_image(rule)));
    names
}

/// Of an image alone.
fn of_image(path: &Path, wanted: &Wanted<'_>, streams: &mut Streams<'_>) -> Result<Ready, Failure> {
    if let Some(what) = wanted.needs_content {
        return Err(wrong(
            path,
            &format!("{what}, which an image does not have: name the content as well, with --rules"),
        ));
    }
    let Inputs { config, exclude, .. } = wanted.inputs;
    if config.is_some() || !exclude.is_empty() || wanted.options.skip_errors {
        return Err(Failure::usage(
            "--config, --exclude and --skip-errors are about content, of which an image has none: leave them out, or name the content as well, with --rules",
        ));
    }
    let image = image(path, wanted.any_sensor)?;
    let known = library::templates().map_err(|_| Failure::internal("the library cannot be read"))?;
    let (templates, unknown) = image.templates(&known);
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().map(|name| format!("`{name}`")).collect();
        talk(
            streams,
            &format!(
                "an image does not say how events of {} are recognised: name the content as well (--rules), or, where all events are of one, --template; names under `reads` are then taken as they were recorded",
                names.join(", ")
            ),
        );
    }
    let rules = names(&image);
    Ok(Ready::Image(Box::new(Bare { image, rules, templates })))
}

/// Of an image, and the content that it was compiled from.
fn of_both(path: &Path, wanted: &Wanted<'_>, streams: &mut Streams<'_>) -> Result<Option<Ready>, Failure> {
    let image = image(path, wanted.any_sensor)?;
    let selection = selection(wanted.inputs);
    let project = Project::open(&selection)?;
    release::introduce(&project, &project.gathered, streams);
    let mut said = |line: String| talk(streams, &line);
    let Some(passed) = release::pass(project, selection.threads, wanted.options.skip_errors, false, &mut said)? else {
        return Ok(None);
    };
    if image.identity().map(|identity| identity.content) != Some(passed.content().content_digest()) {
        return Err(wrong(
            path,
            "the image was compiled from other content: its digest is not that of these files\n  help: compile them again, or name the image alone",
        ));
    }
    let (in_image, in_content) = (called_in(&image), called(&passed));
    if in_image != in_content {
        let only = |of: &[Called], beside: &[Called]| of.iter().find(|rule| !beside.contains(rule)).map(Called::shown);
        let which = match (only(&in_content, &in_image), only(&in_image, &in_content)) {
            (Some(rule), _) => format!("it lacks {rule}"),
            (None, Some(rule)) => format!("the content leaves out {rule}, which it has"),
            (None, None) => "they are in another order".to_owned(),
        };
        return Err(wrong(
            path,
            &format!(
                "the image does not have the rules that this content comes to: {which}\n  help: give the options and settings that it was compiled with, such as --skip-errors"
            ),
        ));
    }
    Ok(Some(Ready::Content(Box::new(passed.with(image.bytes().to_vec())))))
}

/// What an image and its content have both for a rule.
#[derive(Debug, PartialEq, Eq)]
struct Called {
    name: String,
    title: String,
    word: String,
}

impl Called {
    fn shown(&self) -> String {
        format!("{} ({})", visible(&self.title), visible(&self.name))
    }
}

fn called_in(image: &RuleImage) -> Vec<Called> {
    let mut all = Vec::new();
    image.each_rule(|rule| {
        all.push(Called { name: rule.name.to_owned(), title: rule.title.to_owned(), word: rule.word.to_owned() });
    });
    all
}

fn called(passed: &Passed) -> Vec<Called> {
    let rules = passed.content().rules().iter().map(|rule| {
        let word = rule.own_word().unwrap_or("").to_owned();
        Called { name: rule.name.clone(), title: rule.title.clone(), word }
    });
    rules.collect()
}

/// Of content: what an earlier run kept of it, or by compiling.
fn of_content(wanted: &Wanted<'_>, streams: &mut Streams<'_>) -> Result<Option<Ready>, Failure> {
    let selection = selection(wanted.inputs);
    let collected = Project::collect(&selection)?;
    release::introduce_collected(&collected, streams);
    let CompileOptions { skip_errors, skip_unsupplied } = wanted.options;
    let cache = wanted.cache.directory().map(|directory| Cache::at(directory.to_path_buf()));
    let options = format!("errors {skip_errors} unsupplied {skip_unsupplied} any {}", wanted.any_sensor);
    let place = cache.and_then(|cache| {
        let fingerprint = collected.fingerprint(&selection, &[kept::FORMAT, &options])?;
        Some((cache, fingerprint))
    });
    let known = place.as_ref().and_then(|(cache, fingerprint)| {
        let found = Kept::read(&cache.get(fingerprint)?, fingerprint)?;
        found.fits(&collected.table_files()).then_some(found)
    });
    let known = match known {
        Some(known) if wanted.needs_content.is_none() => {
            let own = collected.templates(known.declaring())?;
            known.said().iter().for_each(|line| talk(streams, line));
            let (image, rules) = known.into_rules();
            let (templates, _) = image.templates(&own);
            return Ok(Some(Ready::Image(Box::new(Bare { image, rules, templates }))));
        }
        known => known,
    };
    let tables = collected.table_files();
    let project = collected.complete()?;
    let mut said = Vec::new();
    let mut say = |line: String| {
        talk(streams, &line);
        said.push(line);
    };
    let Some(passed) = release::pass(project, selection.threads, skip_errors, false, &mut say)? else {
        return Ok(None);
    };
    if let Some(known) = known.filter(|known| known.is_of(&passed)) {
        let (image, _) = known.into_rules();
        return Ok(Some(Ready::Content(Box::new(passed.with(image.bytes().to_vec())))));
    }
    let threads = selection.threads;
    let options = Options { skip_unsupplied, any_sensor: wanted.any_sensor, threads, ..Options::default() };
    let release = passed.compile(options)?;
    if let Some((cache, fingerprint)) = &place
        && let Some(bytes) = Kept::bytes_of(&release, said, tables.digests(), fingerprint)
        && let Err(failure) = cache.put(fingerprint, &bytes)
        && wanted.cache.is_named()
    {
        talk(streams, &format!("nothing is cached: {failure}"));
    }
    Ok(Some(Ready::Content(Box::new(release))))
}

/// The files of a release that declare template types which events are routed to: of each the newest.
fn declaring(release: &Release) -> BTreeSet<String> {
    let own = templates(&release.content);
    let files: BTreeSet<&str> = release.judged.checked().sources().map(|(source, _)| source.name()).collect();
    own.iter().map(|template| template.source.name()).filter(|name| files.contains(name)).map(str::to_owned).collect()
}
