//! What devices report: records of 200 bytes that each device signs with its own key, so that whoever passes them on can neither make one up
//! nor change one.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `CCBEAT1` and a line feed |
//! | 32 | the public key of the device, which is its id too |
//! | 32 | the rollout: the hash of the entry that holds its plan |
//! | 8 | a number that rises with each report of the device |
//! | 8 | when it was made by the clock of the device, in seconds since 1970. Nothing is decided by it |
//! | 1 | what is reported |
//! | 7 | 0 |
//! | 8, 32 | the newest checkpoint that the device has seen: its entries, and its root. Who is shown another log shows here |
//! | 64 | the signature: of the domain `contentcheck/report/v1`, a zero byte, and what is before |

use contentcheck_log::Hash;
use contentcheck_log::write::{SecretKey, is_signed};

use crate::codec::{Reader, Writer};
use crate::entry::Id;

/// Bytes of a report.
pub const REPORT: usize = 200;
const MAGIC: [u8; 8] = *b"CCBEAT1\n";
const DOMAIN: &str = "contentcheck/report/v1";
const SIGNATURE: usize = 64;

/// What a device reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It will activate the release. No device does before this was acknowledged: what it does afterwards, or does not, counts.
    Receipt,
    /// It runs the release and is well.
    Well,
    /// The release crashed, hung, faulted or was given up.
    Failed,
    /// The device stops in good order: it is switched off, sleeps, or leaves the network. It is waited for longer.
    Stopped,
    /// A device whose ring is not open verified and loaded its own content again, to be watched beside one with the release.
    PartnerReceipt,
    /// Such a device is well.
    PartnerWell,
    /// Its own content crashed, hung, faulted or was given up.
    PartnerFailed,
    /// It stops in good order.
    PartnerStopped,
}

impl What {
    /// All of them, in the order of their numbers, from 1.
    pub const ALL: [Self; 8] = [
        Self::Receipt,
        Self::Well,
        Self::Failed,
        Self::Stopped,
        Self::PartnerReceipt,
        Self::PartnerWell,
        Self::PartnerFailed,
        Self::PartnerStopped,
    ];

    /// Its number in a report.
    #[must_use]
    pub fn number(self) -> u8 {
        Self::ALL.iter().position(|what| *what == self).map_or(0, |at| at as u8 + 1)
    }

    /// Whether the device is one whose ring is not open.
    #[must_use]
    pub const fn is_of_partner(self) -> bool {
        matches!(self, Self::PartnerReceipt | Self::PartnerWell | Self::PartnerFailed | Self::PartnerStopped)
    }
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The public key of the device.
    pub device: [u8; 32],
    /// The rollout.
    pub rollout: Id,
    /// Rises with each report of the device.
    pub number: u64,
    /// When it was made, by the clock of the device.
    pub clock: u64,
    /// What is reported.
    pub what: What,
    /// Entries and root of the newest checkpoint that the device has seen.
    pub seen: (u64, Hash),
}

/// A report whose signature is right. Made by [`Received::read`], and by [`Received::verified_before`] of what that read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    report: Report,
    at: u64,
}

impl Report {
    fn body(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.array(&MAGIC);
        to.array(&self.device);
        to.array(&self.rollout.0);
        to.u64(self.number);
        to.u64(self.clock);
        to.u8(self.what.number());
        to.array(&[0; 7]);
        to.u64(self.seen.0);
        to.array(&self.seen.1.0);
        to.0
    }

    /// The report with the signature of the device.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> Vec<u8> {
        let mut body = self.body();
        let signature = key.sign(DOMAIN, &body);
        body.extend(signature);
        body
    }

    fn read(body: &[u8]) -> Option<Self> {
        let mut from = Reader(body);
        if from.array()? != MAGIC {
            return None;
        }
        let (device, rollout, number, clock) = (from.array()?, Hash(from.array()?), from.u64()?, from.u64()?);
        let kind = usize::from(from.u8()?);
        let what = *What::ALL.get(kind.checked_sub(1)?)?;
        if from.array()? != [0; 7] {
            return None;
        }
        let seen = (from.u64()?, Hash(from.array()?));
        from.end()?;
        Some(Self { device, rollout, number, clock, what, seen })
    }
}

impl Received {
    /// Reads a report that came at a time in seconds since 1970, by the clock of who received it.
    ///
    /// Nothing, where the bytes are no report, or its device did not sign it.
    #[must_use]
    pub fn read(bytes: &[u8], at: u64) -> Option<Self> {
        let (body, signature) = bytes.split_last_chunk::<SIGNATURE>()?;
        let report = Report::read(body)?;
        is_signed(&report.device, DOMAIN, body, signature).then_some(Self { report, at })
    }

    /// As [`Received::read`], of bytes that it read before, which the caller knows by their hash: the signature is not verified again.
    #[must_use]
    pub fn verified_before(bytes: &[u8], at: u64) -> Option<Self> {
        let (body, _) = bytes.split_last_chunk::<SIGNATURE>()?;
        Some(Self { report: Report::read(body)?, at })
    }

    /// The report.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// When it came.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }
}
