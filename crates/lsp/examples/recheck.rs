//! How long it takes to check one file of a workspace again.
use std::time::Instant;
use contentcheck_analysis::findings::Depth;
use contentcheck_compiler::WithCost;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Workspace};
use contentcheck_project::{Project, Selection};
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let selection = Selection { threads: 2, fleet: vec!["builtin:sysmon".into()], ..Selection::of(vec![path.into()]) };
    let t = Instant::now();
    let project = Project::open(&selection).map_err(|f| f.message).unwrap();
    eprintln!("open {:?}", t.elapsed());
    let fleet = project.gathered.fleet.clone();
    let depth = Depth::Quick;
    let further = WithCost { further: &depth, fleet: fleet.as_ref() };
    let checking = Checking { further: Some(&further), ..Checking::with_threads(2) };
    let mut ws = Workspace::new(project.gathered);
    let files: Vec<_> = project.paths.keys().cloned().collect();
    for at in 0..12 {
        if at > 0 {
            let name = &files[at * 200 % files.len()];
            let text = std::fs::read_to_string(name).unwrap();
            ws.set(Source::new(name, text + "\n"), contentcheck_model::language::Language::of(name).unwrap());
        }
        let t = Instant::now();
        let checked = ws.check(&checking);
        let a = t.elapsed();
        let judged = checked.judge();
        eprintln!("check {a:?} judge {:?} findings {}", t.elapsed() - a, judged.findings().len());
        ws = judged.into_checked().edit();
    }
}
