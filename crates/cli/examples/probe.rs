use contentcheck_parser::check::{self, Context, Language};
use contentcheck_parser::sensor::Fleet;
use contentcheck_parser::source::Source;
fn walk(p: &std::path::Path, v: &mut Vec<std::path::PathBuf>) {
    for e in std::fs::read_dir(p).unwrap() { let p = e.unwrap().path(); if p.is_dir() { walk(&p, v) } else if p.extension().is_some_and(|x| x == "yml") { v.push(p) } }
}
fn cpu() -> f64 { let s = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0 }
fn main() {
    let mut v = vec![]; 
    let args: Vec<String> = std::env::args().collect();
    for d in &args[2..] { walk(d.as_ref(), &mut v); }
    v.sort();
    let c0 = cpu(); let t = std::time::Instant::now();
    let library = contentcheck_library::templates().unwrap_or_else(|e| { for d in &e[..20.min(e.len())] { eprintln!("{d}"); } panic!("{}", e.len()) });
    eprintln!("library {} types {:?}", library.len(), t.elapsed());
    let fleet = (args[1] != "-").then(|| Fleet::new(args[1].split(',').flat_map(contentcheck_library::sensors).map(|s| s.parse().unwrap()).collect()).unwrap());
    eprintln!("fleet {:?}", t.elapsed());
    let sources: Vec<_> = v.iter().map(|p| (Source::new(p.to_string_lossy(), std::fs::read_to_string(p).unwrap()), Language::Sigma)).collect();
    eprintln!("read {:?}", t.elapsed());
    let (content, found) = check::check(&sources, Context { library, fleet: fleet.as_ref(), threads: 1 }, &|| {});
    eprintln!("check {:?} cpu {:.2} rules {} targets {}", t.elapsed(), cpu() - c0, content.rules().len(), content.rules().iter().map(|r| r.targets.len()).sum::<usize>());
    for d in &found { println!("{d}{}", d.help.as_ref().map(|h| format!("\n    = {h}")).unwrap_or_default()); }
}
