//! The examples are libraries for the linker to look at: see `freestanding/check`.
#![no_std]
