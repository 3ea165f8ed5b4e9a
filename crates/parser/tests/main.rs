//! The parser by what it reads and says. All of it is one test binary: each one more is linked with everything again.

mod documents;
mod edits;
mod fields;
mod judge;
mod keywords;
mod known;
mod readers;
mod regressions;
mod remedy;
mod unfed;
mod unread;
mod values;
mod versions;
