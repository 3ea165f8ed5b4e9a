//! Loads an image and evaluates events with nothing beneath: exits 0 where every verdict is right,
//! 1 where one is wrong, 2 where the stack was deeper than is promised.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

use device::Memory;

/// Bytes of stack that all of it may take: 4 KiB the interpreter, as the call graph proves, and as
/// much again this program with its events.
const PROMISED: usize = 8 << 10;
const STACK: usize = 64 << 10;
const PAINT: u8 = 0xA5;

#[repr(align(16))]
struct Stack(#[expect(dead_code, reason = "it is read by address")] [u8; STACK]);

static mut MEMORY: Memory = Memory::new();
static mut PAINTED: Stack = Stack([PAINT; STACK]);
static mut RIGHT: bool = false;

global_asm!(".globl _start", "_start:", "xor ebp, ebp", "and rsp, -16", "call {start}", "ud2", start = sym start);

fn call(number: usize, first: usize, second: usize, third: usize) {
    // SAFETY: `write` to a file that is open and `exit`; both take these arguments.
    unsafe {
        asm!("syscall", inout("rax") number => _, in("rdi") first, in("rsi") second, in("rdx") third,
            out("rcx") _, out("r11") _, options(nostack));
    }
}

fn say(text: &str) {
    call(1, 1, text.as_ptr() as usize, text.len());
}

fn exit(status: usize) -> ! {
    loop {
        call(60, status, 0, 0);
    }
}

extern "C" fn work() {
    // SAFETY: there is one thread, and this runs once.
    unsafe {
        let memory = &mut *(&raw mut MEMORY);
        RIGHT = device::run(memory, &mut say);
    }
}

extern "C" fn start() -> ! {
    let painted = (&raw mut PAINTED).cast::<u8>();
    // SAFETY: the stack is switched to one of our own for one call, and back.
    unsafe {
        asm!("mov r12, rsp", "mov rsp, {top}", "call {work}", "mov rsp, r12",
            top = in(reg) painted.add(STACK), work = sym work, out("r12") _, clobber_abi("C"));
    }
    let mut untouched = 0;
    // SAFETY: within the painted stack.
    while untouched < STACK && unsafe { painted.add(untouched).read_volatile() } == PAINT {
        untouched += 1;
    }
    let used = STACK - untouched;
    let mut digits = [b'0'; 8];
    let mut rest = used;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    say("bytes of stack used: ");
    say(core::str::from_utf8(&digits).unwrap_or("?"));
    say("\n");
    // SAFETY: nothing else runs.
    if !unsafe { RIGHT } {
        exit(1);
    }
    exit(if used > PROMISED { 2 } else { 0 })
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    say("PANIC\n");
    exit(101)
}
