//! The two languages of content.

/// A language of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `*.content`
    Native,
    /// `*.yml`, `*.yaml`
    Sigma,
}

impl Language {
    /// The language that a file name means.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1;
        if extension.eq_ignore_ascii_case("content") {
            Some(Self::Native)
        } else if extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml") {
            Some(Self::Sigma)
        } else {
            None
        }
    }
}
