//! The C ABI of the interpreter and of the store: what `include/contentcheck.h` and `include/contentcheck_store.h` declare and explain.
//!
//! ```text
//! structs of C --memory--> slices --manifest, event--> values of the interpreter --load, evaluate, report--> structs of C
//!                                                  \--store, reader: `crates/sensor`-------------------/
//! ```
//!
//! Nothing is allocated, locked or global, but for the store. A call checks what can be checked of its arguments and answers with a status
//! otherwise; what cannot be checked, whether memory is where the caller says that it is, is the caller's word, and each
//! `unsafe` block says which word it relies on.
//!
//! No panic crosses the boundary. There is none without the store: the lints that hold for the interpreter hold here, and
//! `freestanding/check` looks for panics in the library as it is linked. With the store the same lints hold, and the standard library has panics
//! of its own, such as for memory that cannot be had. Were there one, `extern "C"` would end the process
//! where panics unwind, as the language promises since Rust 1.81, so that no profile and no `catch_unwind` is needed.
//!
//! Features: `store` (default) is the store; `std` links the standard library, for its panic handler; `panic-handler` is for a static library
//! without it.
#![no_std]

#[cfg(feature = "std")]
extern crate std;

mod evaluate;
mod event;
mod load;
mod manifest;
mod memory;
#[cfg(feature = "store")]
mod reader;
mod refusal;
mod report;
mod status;
#[cfg(feature = "store")]
mod store;
mod types;

pub use evaluate::{cc_evaluate, cc_evaluate_many, cc_mistyped, cc_why};
pub use load::{CcImage, CcKillList, cc_kill, cc_sizes, cc_verify};
#[cfg(feature = "store")]
pub use reader::{CcReader, cc_reader_close, cc_reader_evaluate, cc_reader_image, cc_reader_open, cc_reader_renew};
pub use report::{
    cc_cost, cc_describe, cc_describe_left_out, cc_identity, cc_idle_supplies, cc_image_info, cc_input_name,
    cc_left_out, cc_rule_info, cc_rule_tags, cc_template_info, cc_templates,
};
pub use status::*;
#[cfg(feature = "store")]
pub use store::{
    CcStore, cc_store_check, cc_store_hear, cc_store_kill, cc_store_offer, cc_store_open, cc_store_said,
    cc_store_standing, cc_store_status, cc_store_stop,
};
pub use types::*;

/// `cc_abi`: the version of the interface.
#[unsafe(no_mangle)]
pub const extern "C" fn cc_abi() -> u32 {
    CC_ABI
}

/// In an optimised library nothing calls it.
#[cfg(all(feature = "panic-handler", not(feature = "std")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
