//! A kernel that loads an image, evaluates events and says over the serial port what it found. It
//! ends the emulator with status 33 where every verdict is right, 35 where one is wrong.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

use device::Memory;

static mut MEMORY: Memory = Memory::new();

// The emulator enters in 32 bits, by the note. The first gigabyte is mapped as it is, in pages of
// two megabytes; then 64 bits and the registers that the compiler uses for moving bytes are on.
global_asm!(
    r#"
    .section .note.pvh, "a", @note
    .long 4, 4, 18
    .asciz "Xen"
    .long enter

    .section .text.enter, "ax"
    .code32
    .globl enter
enter:
    cli
    mov esp, offset stack_top
    cld
    mov edi, offset table_4
    mov dword ptr [edi], offset table_3 + 3
    mov edi, offset table_3
    mov dword ptr [edi], offset table_2 + 3
    mov edi, offset table_2
    mov eax, 0x83
    mov ecx, 512
2:  mov dword ptr [edi], eax
    mov dword ptr [edi + 4], 0
    add eax, 0x200000
    add edi, 8
    dec ecx
    jnz 2b
    mov eax, offset table_4
    mov cr3, eax
    mov eax, cr4
    or eax, 0x620
    mov cr4, eax
    mov ecx, 0xC0000080
    rdmsr
    or eax, 0x100
    wrmsr
    mov eax, cr0
    and eax, 0xFFFFFFFB
    or eax, 0x80000003
    mov cr0, eax
    lgdt [descriptor]
    push 8
    mov eax, offset enter_64
    push eax
    retf

    .code64
enter_64:
    mov ax, 16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov rsp, offset stack_top
    xor ebp, ebp
    call {start}
3:  hlt
    jmp 3b

    .section .data.tables, "aw"
    .balign 8
descriptors:
    .quad 0
    .quad 0x00AF9A000000FFFF
    .quad 0x00CF92000000FFFF
descriptor:
    .word 23
    .long descriptors

    .section .bss.tables, "aw", @nobits
    .balign 4096
table_4: .skip 4096
table_3: .skip 4096
table_2: .skip 4096
    .balign 16
    .skip 16384
stack_top:
    "#,
    start = sym start
);

fn out(port: u16, byte: u8) {
    // SAFETY: the ports of the serial line and of the emulator's exit.
    unsafe { asm!("out dx, al", in("dx") port, in("al") byte, options(nomem, nostack, preserves_flags)) }
}

fn say(text: &str) {
    for byte in text.bytes() {
        out(0x3F8, byte);
    }
}

/// The emulator ends with twice this and one.
fn exit(code: u8) -> ! {
    loop {
        out(0xF4, code);
    }
}

extern "C" fn start() -> ! {
    say("a kernel with an interpreter\n");
    // SAFETY: there is one thread, and this runs once.
    let memory = unsafe { &mut *(&raw mut MEMORY) };
    let right = device::run(memory, &mut say);
    say(if right { "all verdicts are right\n" } else { "A VERDICT IS WRONG\n" });
    exit(if right { 16 } else { 17 })
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    say("PANIC\n");
    exit(18)
}
