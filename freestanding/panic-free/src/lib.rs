//! What ends a program where a panic is left. The examples are libraries for the linker to look at: what a sensor calls of
//! the interpreter (`sensor`), what it says to people (`words`), and what must be found (`control`). See `freestanding/check`.
#![cfg_attr(not(feature = "attribute"), no_std)]

#[cfg(not(feature = "attribute"))]
unsafe extern "C" {
    /// Nobody has it. Where a panic is left, the library asks for it, inlined or not.
    fn a_panic_is_left() -> !;
}

/// In this library nothing calls it; that is the proof.
#[cfg(not(feature = "attribute"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it is never called, since it never exists.
    unsafe { a_panic_is_left() }
}
