//! Hostile files, each beside a good one, driven through the built program: each ends in a
//! finding with a code, within bounds of time and memory, and the good file is still checked.
//!
//! How memory is measured: the program runs as the only child of a process that does nothing
//! else (this test binary again, see [`measure`]), which then asks the system for the usage of its
//! children. That is the exact peak of the resident memory, without sampling.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod cases;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// A bound that only an explosion misses, since tests run on loaded machines and without
/// optimisation. docs/benchmarks.md has the times of a release build.
const MOST_SECONDS: f64 = 10.0;
/// The same in every build.
const MOST_MEGABYTES: f64 = 200.0;

/// Makes something in a directory and gives the command line after `lint`.
pub(crate) type Make = Box<dyn Fn(&Path) -> Vec<String> + Send + Sync>;

/// One hostile thing.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Makes it in an empty directory and gives the command line after `lint`.
    pub(crate) make: Make,
    /// The file that must be reported.
    pub(crate) file: &'static str,
    /// The code that it must be reported with.
    pub(crate) code: &'static str,
    /// The exit code: 1 for content, 2 for what content is checked against.
    pub(crate) exit: i32,
}

struct Run {
    exit: i32,
    output: String,
    cpu: f64,
    wall: f64,
    megabytes: f64,
}

const GOOD: &str = "\
title: A rule with one finding
id: 6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a10
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\good.exe'
    forgotten:
        Image|endswith: '\\forgotten.exe'
    condition: selection
";

/// Runs one command for [`every_hostile_file_is_refused_in_time`] and writes down what it used.
#[test]
#[ignore = "started by the other test, as a process of its own"]
fn measure() {
    let Some(directory) = std::env::var_os("CONTENTCHECK_MEASURE").map(PathBuf::from) else { return };
    let arguments = fs::read_to_string(directory.join("arguments")).unwrap();
    // What explodes is stopped, so that the other cases still run.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -t 20; ulimit -v 4000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_contentcheck")]);
    command.args(arguments.lines()).current_dir(directory.join("release"));
    command.stdout(File::create(directory.join("out")).unwrap()).stderr(File::create(directory.join("err")).unwrap());
    let before = Instant::now();
    let status = command.status().unwrap();
    let wall = before.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let seconds = |time: nix::sys::time::TimeVal| {
        Duration::new(u64::try_from(time.tv_sec()).unwrap(), u32::try_from(time.tv_usec()).unwrap() * 1_000)
            .as_secs_f64()
    };
    let cpu = seconds(usage.user_time()) + seconds(usage.system_time());
    let line = format!("{} {cpu} {wall} {}", status.code().unwrap_or(-1), usage.max_rss());
    fs::write(directory.join("usage"), line).unwrap();
}

fn run(directory: &Path, arguments: &[String]) -> Run {
    fs::write(directory.join("arguments"), arguments.join("\n")).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::measure", "--ignored", "--quiet"])
        .env("CONTENTCHECK_MEASURE", directory)
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    let usage = fs::read_to_string(directory.join("usage")).unwrap();
    let numbers: Vec<f64> = usage.split(' ').map(|number| number.parse().unwrap()).collect();
    let [exit, cpu, wall, kilobytes] = numbers[..] else { panic!("{usage}") };
    let mut output = fs::read_to_string(directory.join("out")).unwrap();
    output.push_str(&fs::read_to_string(directory.join("err")).unwrap());
    #[expect(clippy::cast_possible_truncation, reason = "an exit code")]
    Run { exit: exit as i32, output, cpu, wall, megabytes: kilobytes / 1024.0 }
}

/// Does something with each of many, on two threads, and gives what came of it in their order. Times are of the processor, so a neighbour costs none.
fn on_two<T: Sync, R: Send>(all: &[T], each: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = |lane: usize| {
        let mut done = Vec::new();
        while let Some((at, one)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, all.get(at)?))) {
            done.push((at, each(lane, one)));
        }
        done
    };
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let work = &work;
        let lanes = [0, 1].map(|lane| scope.spawn(move || work(lane)));
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}

#[test]
fn every_hostile_file_is_refused_in_time() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    let only = std::env::var("CONTENTCHECK_CASE").unwrap_or_default();
    let cases: Vec<Case> = cases::all().into_iter().filter(|case| case.name.contains(&only)).collect();
    let mut table = String::from("| case | code | CPU s | wall s | peak MB |\n| --- | --- | --- | --- | --- |\n");
    let done = on_two(&cases, |lane, case| refused(&root.join(lane.to_string()), case));
    let mut all_wrong = Vec::new();
    for (line, wrong) in done {
        table.push_str(&line);
        all_wrong.extend(wrong);
    }
    let _ = fs::remove_dir_all(&root);
    println!("{table}");
    assert!(all_wrong.is_empty(), "{} wrong:\n\n{}", all_wrong.len(), all_wrong.join("\n\n"));
}

/// A line of the table about a case, and what is wrong with it.
fn refused(root: &Path, case: &Case) -> (String, Vec<String>) {
    let mut wrong = Vec::new();
    let _ = fs::remove_dir_all(root);
    let release = root.join("release");
    fs::create_dir_all(&release).unwrap();
    fs::write(release.join("good.yml"), GOOD).unwrap();
    let arguments = (case.make)(&release);
    // The format for people renders the lines concerned, which a file may make very long. What lint lets pass is compiled.
    let mut worst = Run { exit: 0, output: String::new(), cpu: 0.0, wall: 0.0, megabytes: 0.0 };
    let lint = |format| ["lint", "--show", "info", "--format", format].map(str::to_owned).to_vec();
    let compile = ["compile", "--skip-errors", "--output", "../image"].map(str::to_owned).to_vec();
    for (format, fixed) in [("short", lint("short")), ("human", lint("human")), ("compile", compile)] {
        let all: Vec<String> = fixed.into_iter().chain(arguments.iter().cloned()).collect();
        let run = run(root, &all);
        let mut complain = |what: &str| {
            let shown: String = run.output.chars().take(1_500).collect();
            wrong.push(format!("{} ({format}): {what}\n{shown}", case.name));
        };
        // What is only noted, such as attributes of one's own, fails no run.
        let exit = match format {
            // What cannot be read may be a filter of the good rule, which does not ship without it.
            "compile" if run.output.contains("error[CC0119]: what could not be read here may be") => [2; 2],
            "compile" => [0, case.exit.max(1)],
            _ if case.code == "CC0704" => [0, 1],
            _ => [case.exit; 2],
        };
        if !exit.contains(&run.exit) {
            complain(&format!("exit {} in place of {}", run.exit, case.exit));
        }
        if format == "short" {
            let reported = |line: &str| line.contains(case.file) && line.contains(&format!("[{}]", case.code));
            if !run.output.lines().any(reported) {
                complain(&format!("{} is not reported at {}", case.code, case.file));
            }
            let good = |line: &str| line.starts_with("good.yml:") && line.contains("[CC0604]");
            if case.exit < 2 && !run.output.lines().any(good) {
                complain("the good file was not checked");
            }
        }
        if run.cpu > MOST_SECONDS {
            complain(&format!("{} s", run.cpu));
        }
        if run.megabytes > MOST_MEGABYTES {
            complain(&format!("{} MB", run.megabytes));
        }
        if run.output.len() > 4 << 20 {
            complain(&format!("{} bytes of output", run.output.len()));
        }
        worst.cpu = worst.cpu.max(run.cpu);
        worst.wall = worst.wall.max(run.wall);
        worst.megabytes = worst.megabytes.max(run.megabytes);
    }
    println!("{}: {:.2} s, {:.0} MB", case.name, worst.cpu, worst.megabytes);
    let line =
        format!("| {} | {} | {:.2} | {:.2} | {:.0} |\n", case.name, case.code, worst.cpu, worst.wall, worst.megabytes);
    (line, wrong)
}

/// What is just within the limits is compiled, within the same bounds.
#[test]
fn every_file_within_the_limits_is_compiled_in_time() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("within");
    let mut wrong = Vec::new();
    for (name, text) in cases::within() {
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("release")).unwrap();
        fs::write(root.join("release/good.content"), text).unwrap();
        let run = run(&root, &["compile", "--output", "../image", "good.content"].map(str::to_owned));
        println!("{name}: {:.2} s, {:.0} MB", run.cpu, run.megabytes);
        // What no sensor would take was compiled all the same.
        let is_done = run.exit == 0 || (run.exit == 1 && run.output.contains("CC0408: the image can cost"));
        if !is_done || run.cpu > MOST_SECONDS || run.megabytes > MOST_MEGABYTES {
            wrong.push(format!("{name}: exit {}, {} s, {} MB\n{}", run.exit, run.cpu, run.megabytes, run.output));
        }
    }
    let _ = fs::remove_dir_all(&root);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file that grows while it is read is never read half: it is reported, or it was read
/// whole before or after a change.
#[test]
fn a_file_that_changes_while_it_is_read_is_reported() {
    use std::io::Write;
    use std::sync::atomic::AtomicBool;

    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("changing");
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("good.yml"), GOOD).unwrap();
    let path = root.join("growing.yml");
    let done = AtomicBool::new(false);
    let mut reported = false;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let comment = "# a line\n".repeat(300_000);
            while !done.load(Ordering::Relaxed) {
                fs::write(&path, format!("{comment}{GOOD}")).unwrap();
                let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
                for _ in 0..100_000 {
                    file.write_all(b"#").unwrap();
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            }
        });
        for _ in 0..200 {
            let output = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
                .args(["lint", "--format", "short", "."])
                .current_dir(&root)
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.lines().any(|line| line.starts_with("good.yml:") && line.contains("[CC0604]")), "{text}");
            if text.contains("growing.yml:1:1: error[CC0105]: the file cannot be read: it changes while it is read") {
                assert_eq!(output.status.code(), Some(1));
                reported = true;
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let _ = fs::remove_dir_all(&root);
    assert!(reported, "no change was noticed in 200 runs");
}
