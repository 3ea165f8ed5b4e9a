//! Reads relocations and disassembly (`objdump -R`, then `objdump -d -C --no-show-raw-insn`) and proves of a
//! function: nothing that it reaches calls itself, also not by way of others, and the deepest way
//! down takes so many bytes of stack.
//!
//! A call of a place that is only known at run time can go to what some address is taken of. So
//! no address of a function may be taken anywhere; what is left are the functions of other
//! libraries, and these are the few that move and compare bytes.
//!
//! `graph BYTES FUNCTION... < disassembly` ends with 0 where all of that holds and the bytes are
//! enough, else with 1.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::ExitCode;

/// What a call of another library (moving, comparing bytes) is taken to need: they call nobody.
const OUTSIDE: u64 = 128;
/// What may be called of other libraries.
const IMPORTS: [&str; 5] = ["memcpy", "memmove", "memset", "memcmp", "bcmp"];
/// What the linker adds to every library, for loading and unloading it. Nothing calls it.
const LOADING: [&str; 10] = [
    "__cxa_finalize",
    "__gmon_start__",
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "frame_dummy",
    "__do_global_dtors_aux",
    "_init",
    "_fini",
    "register_tm_clones",
    "deregister_tm_clones",
];

#[derive(Default)]
struct Function {
    name: String,
    /// Bytes that it takes, the return address included.
    frame: u64,
    calls: Vec<u64>,
    outside: bool,
    /// Whether it calls a place that is only known at run time.
    indirect: bool,
    /// Places whose addresses it takes.
    taken: Vec<u64>,
    faults: Vec<String>,
}

fn number(text: &str) -> Option<u64> {
    let hex = text.trim_start_matches("0x");
    u64::from_str_radix(hex, 16).ok()
}

/// The address that an instruction takes: of a place in the library, or a constant.
fn address(operands: &str) -> Option<u64> {
    match operands.split_once("# ") {
        Some((_, place)) => number(place.split_whitespace().next()?),
        None => number(operands.strip_prefix('$')?.split(',').next()?),
    }
}

/// Whether some address is taken that an unknown call could go to; what other libraries are asked for.
fn taken(text: &str, all: &BTreeMap<u64, Function>) -> Vec<String> {
    let mut faults = Vec::new();
    let name = |at: &u64| all.get(at).map(|function| function.name.as_str()).filter(|name| !LOADING.contains(name));
    for function in all.values().filter(|function| !LOADING.contains(&function.name.as_str())) {
        let names = function.taken.iter().filter_map(name);
        faults.extend(names.map(|taken| format!("{}: takes the address of {taken}", function.name)));
    }
    for line in text.lines() {
        let mut words = line.split_whitespace().skip(1);
        let (Some(kind), Some(value)) = (words.next(), words.next()) else { continue };
        match kind {
            "R_X86_64_RELATIVE" => {
                let target = value.rsplit_once('+').and_then(|(_, at)| number(at));
                if let Some(taken) = target.as_ref().and_then(name) {
                    faults.push(format!("data holds the address of {taken}"));
                }
            }
            "R_X86_64_GLOB_DAT" | "R_X86_64_JUMP_SLOT" | "R_X86_64_64" => {
                let import = value.split('@').next().unwrap_or(value);
                if !IMPORTS.contains(&import) && !LOADING.contains(&import) {
                    faults.push(format!("another library is asked for {import}"));
                }
            }
            _ => {}
        }
    }
    faults
}

fn functions(text: &str) -> BTreeMap<u64, Function> {
    let mut all = BTreeMap::new();
    let mut at = 0;
    let mut outside_section = false;
    for line in text.lines() {
        if let Some(section) = line.strip_prefix("Disassembly of section ") {
            outside_section = section.starts_with(".plt");
        } else if let Some((address, rest)) = line.split_once(" <")
            && let (Some(address), Some(name)) = (number(address), rest.strip_suffix(">:"))
        {
            at = address;
            let function =
                Function { name: name.to_owned(), frame: 8, outside: outside_section, ..Function::default() };
            all.insert(at, function);
        } else if let Some((_, instruction)) = line.split_once(":\t")
            && let Some(function) = all.get_mut(&at)
        {
            let (word, operands) = instruction.split_once(' ').unwrap_or((instruction, ""));
            let operands = operands.trim();
            match word {
                "push" => function.frame += 8,
                "sub" if operands.ends_with(",%rsp") => {
                    let bytes = operands.strip_prefix('$').and_then(|rest| number(rest.split(',').next()?));
                    match bytes {
                        Some(bytes) => function.frame += bytes,
                        None => function.faults.push(format!("stack of a size that is not known: {instruction}")),
                    }
                }
                "lea" | "mov" | "movabs" => function.taken.extend(address(operands)),
                "call" | "jmp" | "callq" | "jmpq" => match operands.split_whitespace().next().and_then(number) {
                    Some(target) => function.calls.push(target),
                    // A table of a `match`: it stays in the function. A call does not.
                    None if word.starts_with("call") || operands.contains("(%rip)") => function.indirect = true,
                    None => {}
                },
                _ if word.starts_with('j') => {
                    if let Some(target) = operands.split_whitespace().next().and_then(number) {
                        function.calls.push(target);
                    }
                }
                _ => {}
            }
        }
    }
    // A jump to a place within a function is one of its own, or a function's beginning.
    let starts: Vec<u64> = all.keys().copied().collect();
    for (start, function) in &mut all {
        let next = starts.iter().find(|other| *other > start).copied().unwrap_or(u64::MAX);
        function.calls.retain(|target| *target <= *start || *target >= next || target == start);
        function.calls.sort_unstable();
        function.calls.dedup();
    }
    all
}

struct Walk<'w> {
    all: &'w BTreeMap<u64, Function>,
    depth: BTreeMap<u64, u64>,
    way: Vec<u64>,
    faults: Vec<String>,
}

impl Walk<'_> {
    fn below(&mut self, at: u64) -> u64 {
        if let Some(known) = self.depth.get(&at) {
            return *known;
        }
        let name = |at: &u64| self.all.get(at).map_or("?", |function| function.name.as_str());
        if let Some(from) = self.way.iter().position(|other| *other == at) {
            let ring: Vec<&str> = self.way.iter().skip(from).map(name).collect();
            self.faults.push(format!("calls itself: {}", ring.join(" -> ")));
            return 0;
        }
        let Some(function) = self.all.get(&at) else {
            self.faults.push(format!("nothing is known of {at:#x}, called from {}", self.way.last().map_or("?", name)));
            return 0;
        };
        if function.outside {
            return OUTSIDE;
        }
        self.faults.extend(function.faults.iter().map(|fault| format!("{}: {fault}", function.name)));
        self.way.push(at);
        let unknown = if function.indirect { OUTSIDE } else { 0 };
        let deepest = function.calls.iter().map(|call| self.below(*call)).max().unwrap_or(0).max(unknown);
        self.way.pop();
        let depth = function.frame + deepest;
        self.depth.insert(at, depth);
        depth
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(most) = arguments.next().and_then(|most| most.parse::<u64>().ok()) else {
        eprintln!("graph BYTES FUNCTION... < disassembly");
        return ExitCode::from(2);
    };
    let mut text = String::new();
    if let Err(error) = std::io::stdin().read_to_string(&mut text) {
        eprintln!("standard input: {error}");
        return ExitCode::from(2);
    }
    let all = functions(&text);
    if !text.contains("DYNAMIC RELOCATION RECORDS") {
        eprintln!("the relocations are missing");
        return ExitCode::from(2);
    }
    let faults = taken(&text, &all);
    for fault in &faults {
        println!("{fault}");
    }
    let mut holds = faults.is_empty();
    for entry in arguments {
        let Some((start, _)) = all.iter().find(|(_, function)| function.name == entry) else {
            eprintln!("{entry}: there is no such function");
            return ExitCode::from(2);
        };
        let mut walk = Walk { all: &all, depth: BTreeMap::new(), way: Vec::new(), faults: Vec::new() };
        let depth = walk.below(*start);
        println!("{entry}: {} functions, at most {depth} bytes of stack", walk.depth.len());
        for fault in &walk.faults {
            println!("    {fault}");
        }
        let mut at = *start;
        while let Some(function) = all.get(&at).filter(|function| !function.outside) {
            println!("    {:5} {}", function.frame, function.name);
            match function.calls.iter().filter_map(|call| Some((walk.depth.get(call)?, call))).max() {
                Some((_, next)) if walk.faults.is_empty() => at = *next,
                _ => break,
            }
        }
        holds &= walk.faults.is_empty() && depth <= most;
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
