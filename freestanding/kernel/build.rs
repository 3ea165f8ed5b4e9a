//! How the kernel is linked: with nothing but what is in it, where its linker script says.

fn main() {
    println!("cargo::rerun-if-changed=kernel.ld");
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let script = format!("-T{directory}/kernel.ld");
    for argument in ["-nostdlib", "-nostartfiles", "-static", "-no-pie", "-Wl,--build-id=none", &script] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
