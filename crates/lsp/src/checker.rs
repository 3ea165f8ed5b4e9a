//! The checker: a thread that holds the projects, checks what was edited, and tells what it found.
//!
//! Edits come with a revision, a number that only grows, and so does what is told: whoever has seen a later edit knows
//! that an answer is of an earlier one. A check begins when no edit came for a moment, or when somebody waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contentcheck_parser::release::{Finding, Fixed};
use crossbeam_channel::{Receiver, Sender, at, never, select_biased};
use lsp_server::RequestId;

use crate::examine::{Examination, Question, Shown};
use crate::project::Project;
use crate::prove::{Proof, Proven, Unproven};
use crate::snapshot::Snapshot;

/// How long no edit must come before a check begins.
const DEBOUNCE: Duration = Duration::from_millis(60);
/// How long after a check the dear comparisons of all rules are made again.
const SETTLE: Duration = Duration::from_millis(400);

/// What the checker is to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// A file is open with this text.
    Open { root: PathBuf, path: PathBuf, text: Arc<str>, revision: u64 },
    /// A file is no longer open: the one on the disk counts.
    Close { root: PathBuf, path: PathBuf, revision: u64 },
    /// A content file changed on the disk.
    Disk { root: PathBuf, path: PathBuf, revision: u64 },
    /// Anything else of a project changed on the disk.
    Reload { root: PathBuf, revision: u64 },
    /// The project is not needed any more.
    Forget { root: PathBuf },
    /// Somebody waits: check what is to be checked.
    Now,
    /// Try fixes on the file in which they were found: all together, and the first of them alone.
    Fixes { root: PathBuf, fixes: Vec<Finding>, alone: usize, request: RequestId },
    /// Ask something of a rule in a file.
    Examine {
        root: PathBuf,
        path: PathBuf,
        rule: String,
        question: Question,
        request: RequestId,
        stop: Arc<AtomicBool>,
    },
    /// Tests see what becomes of a fault.
    #[cfg(test)]
    Panic { root: PathBuf },
}

/// What the checker tells.
#[derive(Debug)]
pub(crate) enum Told {
    /// A project was checked.
    Checked(Arc<Snapshot>),
    /// A project cannot be checked, and why.
    Failed { root: PathBuf, revision: u64, message: String },
    /// What became of fixes: which of the first can be applied alone, and all that can be applied together.
    Fixes { request: RequestId, alone: Vec<bool>, together: Option<Fixed> },
    /// What is to be shown of a rule, or why nothing is.
    Examined { request: RequestId, shown: Result<Shown, String> },
    /// Proofs take a while: so many files are done, and who sets `stop` ends them.
    Proving { done: usize, of: usize, stop: Arc<AtomicBool> },
    /// They ended.
    Proved,
}

/// A project, and when it is to be looked at again.
#[derive(Default)]
struct Root {
    project: Option<Project>,
    open: BTreeMap<PathBuf, Arc<str>>,
    /// Files that are open and that the project, as it was read, leaves out.
    left_out: BTreeSet<PathBuf>,
    revision: u64,
    check: Option<Instant>,
    settle: Option<Instant>,
    /// The revision of which proofs were asked for last, and what stops them.
    proof: Option<(u64, Arc<AtomicBool>)>,
}

impl Root {
    fn touch(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
        self.check = Some(Instant::now() + DEBOUNCE);
        self.stop();
    }

    /// Stops proofs: they are of what was.
    fn stop(&self) {
        if let Some((_, stop)) = &self.proof {
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// What is to be proven, where that was not asked for since the last edit.
    fn proof(&mut self, path: &Path, files: Vec<Unproven>) -> Option<Proof> {
        if files.is_empty() || self.proof.as_ref().is_some_and(|(revision, _)| *revision == self.revision) {
            return None;
        }
        let stop = Arc::new(AtomicBool::new(false));
        self.proof = Some((self.revision, Arc::clone(&stop)));
        Some(Proof { root: path.to_path_buf(), files, stop })
    }

    /// Takes a change of one file to the project. Where that does not know the file it is read again: the file may be
    /// new.
    fn change(&mut self, path: &Path, change: impl FnOnce(&mut Project) -> bool) {
        if !self.left_out.contains(path) && !self.project.as_mut().is_some_and(change) {
            self.project = None;
        }
    }
}

/// Who works for the checker: on questions about rules, and on proofs.
pub(crate) struct Helpers {
    pub(crate) examiner: Sender<Examination>,
    /// Nobody, where proofs are not wanted.
    pub(crate) prover: Option<Sender<Proof>>,
    pub(crate) proven: Receiver<Proven>,
}

/// Works on jobs until nobody has any more; what takes long is handed on.
pub(crate) fn run(jobs: &Receiver<Job>, helpers: &Helpers, told: &Sender<Told>, threads: usize) {
    let mut checker = Checker { roots: BTreeMap::new(), helpers, told, threads };
    let mut proven = helpers.proven.clone();
    loop {
        let due = checker.roots.values().flat_map(|root| [root.check, root.settle]).flatten().min();
        let due = due.map_or_else(never, at);
        // Edits come first: a check is of all that are there.
        select_biased! {
            recv(jobs) -> job => match job {
                Ok(job) => checker.take(job),
                Err(_) => return,
            },
            recv(proven) -> found => match found {
                Ok(found) => checker.prove(found),
                // Nobody proves anything here.
                Err(_) => proven = never(),
            },
            recv(due) -> _ => checker.work(Instant::now()),
        }
    }
}

struct Checker<'t> {
    roots: BTreeMap<PathBuf, Root>,
    helpers: &'t Helpers,
    told: &'t Sender<Told>,
    threads: usize,
}

impl Checker<'_> {
    fn tell(&self, what: Told) {
        // Where nobody listens any more, the jobs end too.
        let _ = self.told.send(what);
    }

    fn root(&mut self, root: PathBuf) -> &mut Root {
        self.roots.entry(root).or_default()
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Open { root, path, text, revision } => {
                let root = self.root(root);
                root.open.insert(path.clone(), Arc::clone(&text));
                root.touch(revision);
                root.change(&path, |project| project.open(&path, &text));
            }
            Job::Close { root, path, revision } => {
                let root = self.root(root);
                root.open.remove(&path);
                root.touch(revision);
                root.change(&path, |project| project.read(&path));
            }
            Job::Disk { root, path, revision } => {
                let root = self.root(root);
                root.touch(revision);
                if !root.open.contains_key(&path) {
                    root.change(&path, |project| project.read(&path));
                }
            }
            Job::Reload { root, revision } => {
                let root = self.root(root);
                root.project = None;
                root.touch(revision);
            }
            Job::Forget { root } => {
                if let Some(root) = self.roots.remove(&root) {
                    root.stop();
                }
            }
            Job::Now => {
                for root in self.roots.values_mut().filter(|root| root.check.is_some()) {
                    root.check = Some(Instant::now());
                }
            }
            Job::Fixes { root, fixes, alone, request } => self.fixes(&root, &fixes, alone, request),
            Job::Examine { root, path, rule, question, request, stop } => {
                let project = self.roots.get(&root).and_then(|root| root.project.as_ref());
                match project.and_then(|project| project.about(&path)) {
                    // Where the thread is gone, the server is about to be.
                    Some((file, gathered)) => {
                        drop(self.helpers.examiner.send(Examination { request, question, gathered, file, rule, stop }))
                    }
                    None => {
                        let reason = "the project is being read again; ask once more".to_owned();
                        self.tell(Told::Examined { request, shown: Err(reason) });
                    }
                }
            }
            #[cfg(test)]
            Job::Panic { root } => {
                let root = self.root(root);
                root.touch(root.revision);
                if let Some(project) = &mut root.project {
                    project.break_next = true;
                }
            }
        }
    }

    /// Takes what was proven, to be said by the next check that nobody waits for.
    fn prove(&mut self, Proven { root, source, found }: Proven) {
        let Some(root) = self.roots.get_mut(&root) else { return };
        if let Some(project) = &mut root.project {
            project.prove(source, found);
            root.settle.get_or_insert_with(|| Instant::now() + DEBOUNCE);
        }
    }

    /// Checks what is due.
    fn work(&mut self, now: Instant) {
        let is_due = |at: &Option<Instant>| at.is_some_and(|at| at <= now);
        let due: Vec<PathBuf> = self
            .roots
            .iter()
            .filter(|(_, root)| is_due(&root.check) || (root.check.is_none() && is_due(&root.settle)))
            .map(|(path, _)| path.clone())
            .collect();
        for path in due {
            let threads = self.threads;
            let Some(root) = self.roots.get_mut(&path) else { continue };
            let settles = !is_due(&root.check);
            (root.check, root.settle) = (None, None);
            // A fault takes what is known of the project with it, so it is read again; at a second one that is given up.
            let mut checked =
                Err("a fault of contentcheck: the check did not end; the next edit tries again".to_owned());
            for _ in 0..2 {
                if let Ok(done) = catch_unwind(AssertUnwindSafe(|| look(root, &path, settles, threads))) {
                    checked = done;
                    break;
                }
                root.project = None;
            }
            let revision = root.revision;
            match checked {
                Ok((snapshot, unproven)) => {
                    if !snapshot.is_settled {
                        root.settle = Some(Instant::now() + SETTLE);
                    }
                    if let Some(prover) = &self.helpers.prover
                        && let Some(proof) = root.proof(&path, unproven)
                    {
                        drop(prover.send(proof));
                    }
                    self.tell(Told::Checked(Arc::new(snapshot)));
                }
                Err(message) => {
                    root.project = None;
                    self.tell(Told::Failed { root: path, revision, message });
                }
            }
        }
    }

    fn fixes(&mut self, root: &Path, fixes: &[Finding], alone: usize, request: RequestId) {
        let project = self.roots.get_mut(root).and_then(|root| root.project.as_mut());
        let tried = project.map(|project| {
            catch_unwind(AssertUnwindSafe(|| {
                // Of fixes that overlap the first in the file is taken, as `lint --fix` does.
                let mut ordered = fixes.to_vec();
                ordered.sort_by_key(|fix| (fix.span, fix.code.id));
                let together = project.try_fixes(&ordered).into_iter().next();
                // What goes together goes alone.
                let all = together.as_ref().is_some_and(|fixed| fixed.count == fixes.len());
                let is_fine = |fix: &Finding| all || !project.try_fixes(std::slice::from_ref(fix)).is_empty();
                (fixes.iter().take(alone).map(is_fine).collect(), together)
            }))
        });
        let (alone, together) = match tried {
            Some(Ok(tried)) => tried,
            Some(Err(_)) => {
                if let Some(root) = self.roots.get_mut(root) {
                    root.project = None;
                    root.touch(root.revision);
                }
                (Vec::new(), None)
            }
            None => (Vec::new(), None),
        };
        self.tell(Told::Fixes { request, alone, together });
    }
}

/// Reads the project where it is not known, and checks it.
fn look(root: &mut Root, path: &Path, settles: bool, threads: usize) -> Result<(Snapshot, Vec<Unproven>), String> {
    let is_new = root.project.is_none();
    let project = match &mut root.project {
        Some(project) => project,
        empty => {
            let mut new = Project::load(path, threads)?;
            let left_out = root.open.iter().filter(|(path, text)| !new.open(path, text));
            root.left_out = left_out.map(|(path, _)| path.clone()).collect();
            empty.insert(new)
        }
    };
    let open = root.open.keys().map(PathBuf::as_path);
    Ok(project.check(root.revision, settles || is_new, threads, open))
}
