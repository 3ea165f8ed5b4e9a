//! What the first process of a machine has to do before there is a sensor, and after it.

use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, finit_module, reboot};

/// Where the store is.
pub(crate) const STORE: &str = "/store";

/// Mounts what the kernel shows of itself, loads the modules of the initramfs in the order of their names, and mounts the disk.
pub(crate) fn begin() -> io::Result<()> {
    for (kind, at) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")] {
        fs::create_dir_all(at)?;
        mount(kind, at, kind, MountFlags::empty(), None)?;
    }
    let mut modules: Vec<_> =
        fs::read_dir("/modules")?.collect::<Result<Vec<_>, _>>()?.iter().map(fs::DirEntry::path).collect();
    modules.sort();
    for module in modules {
        finit_module(fs::File::open(module)?, c"", 0)?;
    }
    for _ in 0..100 {
        if Path::new("/dev/vda").exists() {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    fs::create_dir_all(STORE)?;
    Ok(mount("/dev/vda", STORE, "ext4", MountFlags::empty(), None)?)
}

/// The machine crashes, as it does where a driver cannot take its content.
pub(crate) fn crash() {
    let _ = fs::write("/proc/sysrq-trigger", "c");
}

/// Turns the machine off, with everything on disk.
pub(crate) fn end() {
    rustix::fs::sync();
    let _ = reboot(RebootCommand::PowerOff);
}
