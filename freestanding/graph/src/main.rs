//! Reads sections, relocations and disassembly (`objdump -h -R`, then `objdump -d -C --no-show-raw-insn`) and proves of a
//! function: nothing that it reaches calls itself, also not by way of others, and the deepest way
//! down takes so many bytes of stack.
//!
//! A call of a place that is only known at run time can go to what some address is taken of. So
//! no address of a function may be taken anywhere; what is left are the functions of other
//! libraries, and these are the few that move and compare bytes.
//!
//! Without LTO one crate calls another by way of the global offset table. Such a call is one of the
//! function that its slot is filled with. What is called several times is kept in a register: a slot that is read into
//! one which its function calls counts as called, and takes no address. That nothing else becomes of it, the
//! builds with LTO show: of the same source, they have no such table, and there no address is taken at all.
//!
//! `graph BYTES FUNCTION... < disassembly` ends with 0 where all of that holds and the bytes are
//! enough, else with 1.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::process::ExitCode;

/// What a call of another library (moving, comparing bytes) is taken to need: they call nobody.
const OUTSIDE: u64 = 128;
/// What may be called of other libraries.
const IMPORTS: [&str; 5] = ["memcpy", "memmove", "memset", "memcmp", "bcmp"];
/// What the linker adds to every library, for loading and unloading it, and what tables of unwinding name. Nothing calls it.
const LOADING: [&str; 11] = [
    "rust_eh_personality",
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
    /// Whether it has a constant on the stack for a moment.
    constants: bool,
    /// Whether it calls a place that is only known at run time.
    indirect: bool,
    /// Places whose addresses it takes.
    taken: Vec<u64>,
    /// Slots of the table that it reads into a register.
    read: Vec<(u64, String)>,
    /// Registers that it calls, or the stack.
    called: Vec<String>,
    faults: Vec<String>,
}

fn number(text: &str) -> Option<u64> {
    let hex = text.trim_start_matches("0x");
    u64::from_str_radix(hex, 16).ok()
}

/// Bytes that the stack grows by, where it does not shrink.
fn grown(bytes: u64) -> u64 {
    if bytes > 1 << 63 { 0 } else { bytes }
}

/// The address that an instruction takes. A constant is none, though a function may happen to begin at that number: the
/// library goes wherever it is loaded, so an address in its code would be among its relocations.
fn address(operands: &str) -> Option<u64> {
    let (_, place) = operands.split_once("# ")?;
    number(place.split_whitespace().next()?)
}

/// Whether some address is taken that an unknown call could go to; what other libraries are asked for.
fn taken(linked: &Linked, all: &BTreeMap<u64, Function>) -> Vec<String> {
    let mut faults = Vec::new();
    let name = |at: &u64| all.get(at).map(|function| function.name.as_str()).filter(|name| !LOADING.contains(name));
    let own = || all.values().filter(|function| !LOADING.contains(&function.name.as_str()));
    for function in own() {
        let names = function.taken.iter().filter_map(name);
        faults.extend(names.map(|taken| format!("{}: takes the address of {taken}", function.name)));
    }
    let read: Vec<u64> = own().flat_map(|function| function.taken.iter().copied()).collect();
    for (slot, target) in &linked.slots {
        let only_called = linked.table.contains(slot) && !read.contains(slot);
        if let Some(taken) = name(target).filter(|_| !only_called) {
            faults.push(format!("data holds the address of {taken}"));
        }
    }
    let known = |import: &&String| IMPORTS.contains(&import.as_str()) || LOADING.contains(&import.as_str());
    let unknown = linked.imports.iter().filter(|import| !known(import));
    faults.extend(unknown.map(|import| format!("another library is asked for {import}")));
    faults
}

/// What the linker says.
#[derive(Default)]
struct Linked {
    /// Where the global offset table is.
    table: Range<u64>,
    /// What places are filled with.
    slots: BTreeMap<u64, u64>,
    /// What is asked for of other libraries.
    imports: Vec<String>,
}

fn linked(text: &str) -> Linked {
    let mut linked = Linked::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [_, ".got", size, start, ..] => {
                let (size, start) = (number(size).unwrap_or(0), number(start).unwrap_or(0));
                linked.table = start..start + size;
            }
            [slot, "R_X86_64_RELATIVE", value] => {
                let target = value.rsplit_once('+').and_then(|(_, at)| number(at));
                if let (Some(slot), Some(target)) = (number(slot), target) {
                    linked.slots.insert(slot, target);
                }
            }
            [_, "R_X86_64_GLOB_DAT" | "R_X86_64_JUMP_SLOT" | "R_X86_64_64", value] => {
                linked.imports.push(value.split(['@', '+']).next().unwrap_or(value).to_owned());
            }
            _ => {}
        }
    }
    linked
}

fn functions(text: &str, linked: &Linked) -> BTreeMap<u64, Function> {
    let mut all = BTreeMap::new();
    let mut at = 0;
    let mut outside_section = false;
    let mut constant = false;
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
            let was_constant = constant;
            constant = word == "push" && operands.starts_with('$');
            match word {
                "push" => function.frame += 8,
                // Built for size, a constant goes to a register by way of the stack, which is given back at once.
                "pop" if was_constant => {
                    function.frame -= 8;
                    function.constants = true;
                }
                "sub" if operands.ends_with(",%rsp") => {
                    let bytes = operands.strip_prefix('$').and_then(|rest| number(rest.split(',').next()?));
                    match bytes {
                        Some(bytes) => function.frame += grown(bytes),
                        None => function.faults.push(format!("stack of a size that is not known: {instruction}")),
                    }
                }
                // 128 bytes are shorter to write so.
                "add" if operands.ends_with(",%rsp") => {
                    let bytes = operands.strip_prefix('$').and_then(|rest| number(rest.split(',').next()?));
                    function.frame += grown(0_u64.wrapping_sub(bytes.unwrap_or(0)));
                }
                "mov" if address(operands).is_some_and(|slot| linked.table.contains(&slot)) => {
                    let register = operands.split_once(",%").map_or("", |(_, rest)| rest);
                    let register = register.split_whitespace().next().unwrap_or("");
                    function.read.extend(address(operands).map(|slot| (slot, register.to_owned())));
                }
                "lea" | "mov" | "movabs" => function.taken.extend(address(operands)),
                "call" | "jmp" | "callq" | "jmpq" => match operands.split_whitespace().next().and_then(number) {
                    Some(target) => function.calls.push(target),
                    None if let Some(register) = operands.strip_prefix("*%") => {
                        function.indirect |= word.starts_with("call");
                        function.called.push(register.to_owned());
                    }
                    None if operands.ends_with("(%rsp)") && word.starts_with("call") => {
                        function.indirect = true;
                        function.called.push("rsp".to_owned());
                    }
                    None if address(operands).is_some_and(|slot| linked.slots.contains_key(&slot)) => {
                        function.calls.extend(address(operands).and_then(|slot| linked.slots.get(&slot)));
                    }
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
    for function in all.values_mut() {
        function.frame += if function.constants { 8 } else { 0 };
        for (slot, register) in std::mem::take(&mut function.read) {
            let called = function.called.iter().any(|other| *other == register || other == "rsp");
            match linked.slots.get(&slot) {
                Some(target) if called => function.calls.push(*target),
                _ => function.taken.push(slot),
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
    let linked = linked(&text);
    let all = functions(&text, &linked);
    if !text.contains("DYNAMIC RELOCATION RECORDS") {
        eprintln!("the relocations are missing");
        return ExitCode::from(2);
    }
    let faults = taken(&linked, &all);
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
