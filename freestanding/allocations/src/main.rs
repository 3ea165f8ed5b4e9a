//! Counts what is allocated between the bytes of an image and the verdicts: nothing. The control, a
//! vector, is counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use device::Memory;

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::SeqCst);
        // SAFETY: as of this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        COUNT.fetch_add(1, Ordering::SeqCst);
        // SAFETY: as of this function.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static mut MEMORY: Memory = Memory::new();

fn counted<R>(run: impl FnOnce() -> R) -> (R, usize) {
    let before = COUNT.load(Ordering::SeqCst);
    let result = run();
    (result, COUNT.load(Ordering::SeqCst) - before)
}

fn main() -> ExitCode {
    // SAFETY: there is one thread, and this runs once.
    let memory = unsafe { &mut *(&raw mut MEMORY) };
    let (right, calls) = counted(|| device::run(memory, &mut |_| {}));
    let (_, control) = counted(|| black_box(vec![1_u8; black_box(8)]).len());
    println!("{calls} calls of the allocator in read, verify, bind and evaluate; {control} in the control");
    if right && calls == 0 && control == 2 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
