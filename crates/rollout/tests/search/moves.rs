//! What anybody may do next.

use core::fmt;

use contentcheck_rollout::entry::Role;

use crate::people::{By, Stolen};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    NearlyBaked,
    Baked,
    Long,
    Blackout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Newest,
    Before,
    /// The first of all: on the way to where a search begins alone.
    First,
}

/// The time that an entry claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Now,
    /// That of the newest entry of the log.
    Earliest,
    /// A second before that.
    Before,
    /// In an hour.
    Ahead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeysOf {
    First,
    /// The stolen keys are taken out.
    Next,
    OneResumes,
    TwoHalt,
    OneWitness,
    OtherLog,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draw {
    Right,
    /// By the signatures of two other witnesses.
    OtherPair,
    /// By that of one witness, whose key is stolen.
    OneWitness,
    /// By the tree before the plan.
    Earlier,
    /// By a later tree than the plan's.
    Later,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Now,
    /// Ten minutes before the newest evidence.
    Older,
    /// In 25 minutes.
    Ahead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    Well,
    Forgets,
    TooMany,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Computed,
    Accepted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    Next,
    Skipping,
    Again,
    OtherShares,
    OtherImage,
    Everybody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Wait(Wait),
    /// The server writes what devices of all open rings reported.
    Report,
    /// It waits until the ring is baked, reports, and opens the next one: as an honest server does.
    Advance,
    /// It does not wait.
    Hurry,
    Keys(KeysOf, By),
    /// Of devices alone, or with redundancy groups of three.
    Census(By, bool),
    /// Where the flag is set the server keeps what people signed.
    Release(By, bool),
    ReleaseAgain,
    Plan {
        older: bool,
        reverts: bool,
        by: By,
        is_held: bool,
    },
    Start(Which, Draw, Claim),
    /// Of the ring that is open, or of the one after it.
    Evidence(Which, bool, Until, Lie),
    Verdict(Which, Says, Claim),
    Open(Which, Opens),
    Halt(Which, By),
    /// A person halts, and tells the witness; the server does not write it.
    Tell,
    Resume(Which, By, bool),
    /// What the server kept, or what is in the log already.
    Replay(usize),
}

impl Move {
    /// The key that must be stolen for it.
    pub(crate) fn steals(self) -> Option<Stolen> {
        let role = match self {
            Self::Keys(_, By::Thief) => Role::Root,
            Self::Census(By::Thief, _) | Self::Plan { by: By::Thief, .. } => Role::Plan,
            Self::Release(By::Thief, _) | Self::ReleaseAgain => Role::Release,
            Self::Halt(_, By::Thief) => Role::Halt,
            Self::Resume(_, By::Thief, _) => Role::Resume,
            Self::Start(_, Draw::OneWitness, _) => return Some(Stolen::Witness),
            _ => return None,
        };
        Some(Stolen::Role(role))
    }

    /// Whether people sign, and the server keeps what they signed.
    pub(crate) fn is_held(self) -> bool {
        matches!(self, Self::Release(_, true) | Self::Plan { is_held: true, .. } | Self::Resume(_, _, true))
    }

    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        all.extend([Wait::NearlyBaked, Wait::Baked, Wait::Long, Wait::Blackout].map(Self::Wait));
        all.extend([Self::Report, Self::Advance, Self::Hurry]);
        all.extend([Self::Keys(KeysOf::First, By::People), Self::Keys(KeysOf::Next, By::People)]);
        all.extend(
            [KeysOf::OneResumes, KeysOf::TwoHalt, KeysOf::OneWitness, KeysOf::OtherLog]
                .map(|of| Self::Keys(of, By::People)),
        );
        all.push(Self::Keys(KeysOf::Next, By::Thief));
        all.extend([By::People, By::Thief].map(|by| Self::Census(by, false)));
        all.push(Self::Census(By::People, true));
        for by in [By::People, By::Thief, By::OtherLog, By::Nobody] {
            all.push(Self::Release(by, false));
            all.push(Self::Plan { older: false, reverts: false, by, is_held: false });
            all.push(Self::Resume(Which::Newest, by, false));
        }
        all.extend([Self::Release(By::People, true), Self::ReleaseAgain]);
        all.push(Self::Plan { older: false, reverts: false, by: By::People, is_held: true });
        all.push(Self::Plan { older: true, reverts: false, by: By::People, is_held: false });
        all.push(Self::Plan { older: false, reverts: true, by: By::People, is_held: false });
        all.push(Self::Resume(Which::Newest, By::People, true));
        for which in [Which::Newest, Which::Before] {
            all.push(Self::Start(which, Draw::Right, Claim::Now));
            all.push(Self::Verdict(which, Says::Computed, Claim::Now));
            all.push(Self::Open(which, Opens::Next));
            all.push(Self::Halt(which, By::People));
            all.push(Self::Evidence(which, false, Until::Now, Lie::None));
        }
        all.push(Self::Resume(Which::Before, By::People, false));
        for claim in [Claim::Earliest, Claim::Before, Claim::Ahead] {
            all.push(Self::Start(Which::Newest, Draw::Right, claim));
            all.push(Self::Verdict(Which::Newest, Says::Computed, claim));
        }
        all.extend(
            [Draw::OtherPair, Draw::OneWitness, Draw::Earlier, Draw::Later]
                .map(|draw| Self::Start(Which::Newest, draw, Claim::Now)),
        );
        all.push(Self::Verdict(Which::Newest, Says::Accepted, Claim::Now));
        all.extend([Until::Older, Until::Ahead].map(|until| Self::Evidence(Which::Newest, false, until, Lie::None)));
        all.push(Self::Evidence(Which::Newest, true, Until::Now, Lie::None));
        all.extend(
            [Lie::Well, Lie::Forgets, Lie::TooMany].map(|lie| Self::Evidence(Which::Newest, false, Until::Now, lie)),
        );
        all.extend(
            [Opens::Skipping, Opens::Again, Opens::OtherShares, Opens::OtherImage, Opens::Everybody]
                .map(|opens| Self::Open(Which::Newest, opens)),
        );
        all.extend([Self::Halt(Which::Newest, By::Thief), Self::Tell]);
        all.extend((0..5).map(Self::Replay));
        all
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = |by: By| match by {
            By::People => "people sign",
            By::Thief => "a thief with one key signs",
            By::OtherLog => "the server takes over from another log",
            By::Nobody => "the server, without a signature, writes",
        };
        let before = |which: Which| match which {
            Which::Newest => "",
            Which::Before => " of the rollout before",
            Which::First => " of the first rollout",
        };
        let claims = |claim: Claim| match claim {
            Claim::Now => "",
            Claim::Earliest => ", with the earliest time that it may claim",
            Claim::Before => ", with a time before that of the log",
            Claim::Ahead => ", with a time in an hour",
        };
        let kept = |is_held: bool| if is_held { "; the server keeps it back" } else { "" };
        match *self {
            Self::Wait(Wait::NearlyBaked) => {
                f.write_str("until three minutes before the ring has been open for long enough")
            }
            Self::Wait(Wait::Baked) => f.write_str("until the ring has been open for long enough"),
            Self::Wait(Wait::Long) => f.write_str("five hours pass"),
            Self::Wait(Wait::Blackout) => f.write_str("until well into the blackout"),
            Self::Report => f.write_str("the server writes what devices of all open rings reported"),
            Self::Advance => f.write_str("the server waits, reports and opens the next ring, as it should"),
            Self::Hurry => f.write_str("the server reports and opens the next ring at once"),
            Self::Keys(of, by) => {
                let what = match of {
                    KeysOf::First => "the first keys",
                    KeysOf::Next => "new keys, without those that are lost",
                    KeysOf::OneResumes => "keys by which one person resumes",
                    KeysOf::TwoHalt => "keys by which two people must halt",
                    KeysOf::OneWitness => "keys by which one witness is enough",
                    KeysOf::OtherLog => "keys with the witnesses of another log",
                };
                write!(f, "{} {what}", who(by))
            }
            Self::Census(by, false) => write!(f, "{} a census", who(by)),
            Self::Census(by, true) => write!(f, "{} a census with redundancy groups of three", who(by)),
            Self::Release(by, is_held) => write!(f, "{} the next release{}", who(by), kept(is_held)),
            Self::ReleaseAgain => {
                f.write_str("the server writes a release again, with the signature of a thief beside the others")
            }
            Self::Plan { older, reverts, by, is_held } => {
                let of = if older { "the release before" } else { "the newest release" };
                let reverts = if reverts { " that is said to take the newest rollout back" } else { "" };
                write!(f, "{} a plan of {of}{reverts}{}", who(by), kept(is_held))
            }
            Self::Start(which, draw, claim) => {
                let by = match draw {
                    Draw::Right => "the checkpoint of the plan",
                    Draw::OtherPair => "the signatures of another pair of witnesses",
                    Draw::OneWitness => "a checkpoint that one witness signed, whose key is stolen",
                    Draw::Earlier => "the checkpoint before the plan",
                    Draw::Later => "a later checkpoint",
                };
                write!(f, "the server starts{} by {by}{}", before(which), claims(claim))
            }
            Self::Evidence(which, ahead, until, lie) => {
                let ring = if ahead { "the ring that is not open" } else { "the newest open ring" };
                let until = match until {
                    Until::Now => "",
                    Until::Older => ", up to ten minutes before the evidence in the log",
                    Until::Ahead => ", up to 25 minutes from now",
                };
                let lie = match lie {
                    Lie::None => "",
                    Lie::Well => ", as if all were well",
                    Lie::Forgets => ", without one stratum",
                    Lie::TooMany => ", of more devices than there are",
                };
                write!(f, "the server writes evidence of {ring}{}{until}{lie}", before(which))
            }
            Self::Verdict(which, says, claim) => {
                let says = if says == Says::Accepted { "that all is well" } else { "as computed" };
                write!(f, "the server writes the verdict{}, {says}{}", before(which), claims(claim))
            }
            Self::Open(which, opens) => {
                let what = match opens {
                    Opens::Next => "the next ring",
                    Opens::Skipping => "the ring after the next",
                    Opens::Again => "the newest ring again",
                    Opens::OtherShares => "the next ring, with other shares",
                    Opens::OtherImage => "the next ring, for another image",
                    Opens::Everybody => "the next ring, with more of the fleet than any device takes",
                };
                write!(f, "the server opens {what}{}", before(which))
            }
            Self::Halt(which, by) => write!(f, "{} a halt{}", who(by), before(which)),
            Self::Tell => f.write_str("a person halts and tells the witness, since the server does not write it"),
            Self::Resume(which, by, is_held) => {
                write!(f, "{} that it goes on{}{}", who(by), before(which), kept(is_held))
            }
            Self::Replay(at) => {
                write!(f, "the server writes again, or at last, what people signed (number {})", at + 1)
            }
        }
    }
}
