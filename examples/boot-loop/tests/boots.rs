//! A real kernel, again and again: content that crashes it while it boots is tried, counted and left, and the machine comes up without a
//! hand; with last known good spoiled too it comes up on factory content, and waits for the fix.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "../../linux-exec/tests/common/mod.rs"]
#[expect(dead_code, reason = "the machine is no program that is started here")]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Device, Example, compiled};
use contentcheck_sensor::Digest;

const EXAMPLE: Example = Example {
    sensor: "boot-loop",
    program: env!("CARGO_BIN_EXE_boot-loop"),
    arguments: &[],
    content: concat!(env!("CARGO_MANIFEST_DIR"), "/rules.content"),
    condition: "when name == \"never\"",
};

/// In the order in which the kernel takes them.
const MODULES: [&str; 6] =
    ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"];

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The file of a name below a directory.
fn find(directory: &Path, name: &str) -> Option<PathBuf> {
    for entry in fs::read_dir(directory).ok()?.flatten() {
        let path = entry.path();
        let found = if path.is_dir() && !path.is_symlink() { find(&path, name) } else { None };
        if found.is_some() || entry.file_name() == name {
            return found.or(Some(path));
        }
    }
    None
}

/// An archive as the kernel unpacks it ("newc").
#[derive(Default)]
struct Initramfs(Vec<u8>);

impl Initramfs {
    fn add(&mut self, name: &str, mode: u32, bytes: &[u8]) {
        let inode = self.0.len() + 1;
        let (size, name_size) = (bytes.len(), name.len() + 1);
        let header = format!(
            "070701{inode:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{size:08x}{:08x}{:08x}{:08x}{:08x}{name_size:08x}{:08x}",
            0, 0, 1, 0, 0, 0, 0, 0, 0
        );
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(0);
        self.pad();
        self.0.extend_from_slice(bytes);
        self.pad();
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn file(&mut self, name: &str, from: &Path) {
        let name = name.trim_start_matches('/');
        let mut parent = String::new();
        for part in
            name.rsplit_once('/').map_or("", |(directory, _)| directory).split('/').filter(|part| !part.is_empty())
        {
            parent = if parent.is_empty() { part.to_owned() } else { format!("{parent}/{part}") };
            self.add(&parent, 0o040_755, b"");
        }
        self.add(name, 0o100_755, &fs::read(from).unwrap());
    }
}

struct Machine {
    device: Device,
    kernel: PathBuf,
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Machine {
    /// Nothing: there is no kernel, or no emulator, here; it says which. The name is of its directory.
    fn new(name: &str) -> Option<Self> {
        for (program, arguments) in [
            ("qemu-system-x86_64", ["--version"]),
            ("mkfs.ext4", ["-V"]),
            ("e2fsck", ["-V"]),
            ("debugfs", ["-V"]),
            ("ldd", ["--version"]),
        ] {
            if run(program, &arguments).is_none() {
                eprintln!("skipped: {program} is not installed, so no machine boots");
                return None;
            }
        }
        let Some(kernel) = run(own("kernel").to_str().unwrap(), &[]) else {
            eprintln!("skipped: Debian's kernel cannot be fetched here, so no machine boots");
            return None;
        };
        let kernel = PathBuf::from(kernel.trim());
        let device = Device::new(EXAMPLE, name);
        let mut initramfs = Initramfs::default();
        initramfs.file("init", Path::new(EXAMPLE.program));
        // What the program is linked with: `libc.so.6 => /lib/.../libc.so.6 (0x...)`, or the loader's path alone.
        for line in run("ldd", &[EXAMPLE.program]).unwrap().lines() {
            if let Some(path) = line.split_whitespace().find(|word| word.starts_with('/')) {
                initramfs.file(path, Path::new(path));
            }
        }
        for (at, module) in MODULES.iter().enumerate() {
            let from = find(&kernel.join("lib"), &format!("{module}.ko")).unwrap();
            initramfs.file(&format!("modules/{at}-{module}.ko"), &from);
        }
        initramfs.add("dev", 0o040_755, b"");
        initramfs.add("dev/console", 0o020_600, b"");
        initramfs.add("TRAILER!!!", 0, b"");
        fs::write(device.at("initramfs"), initramfs.0).unwrap();
        fs::write(device.at("disk"), vec![0; 32 << 20]).unwrap();
        run("mkfs.ext4", &["-q", "-F", device.at("disk").to_str().unwrap()]).unwrap();
        Some(Self { device, kernel })
    }

    /// Changes the disk while the machine is off.
    fn debugfs(&self, request: &str) -> String {
        // Its journal is brought to an end first, as a machine does when it mounts the disk: it may have gone down in the middle of something.
        let _ = run("e2fsck", &["-fy", self.device.at("disk").to_str().unwrap()]);
        run("debugfs", &["-w", "-R", request, self.device.at("disk").to_str().unwrap()]).unwrap()
    }

    /// Content that crashes the kernel where an event has this name.
    fn image(&self, sequence: u64, name: &str) -> Vec<u8> {
        self.device.image(sequence, &format!("when name == \"{name}\""))
    }

    fn offer(&self, image: &[u8], sequence: u64) {
        for (name, bytes) in [("offer.ccimage", image), ("offer.env", &self.device.envelope(image, sequence))] {
            fs::write(self.device.at(name), bytes).unwrap();
            self.debugfs(&format!("write {} {name}", self.device.at(name).display()));
        }
    }

    /// Boots once: what the console says, until the machine is off or down.
    fn boot(&self) -> String {
        let boot = self.kernel.join("boot");
        let kernel = fs::read_dir(&boot).unwrap().flatten().map(|entry| entry.path());
        let kernel = kernel.into_iter().find(|path| path.to_string_lossy().contains("vmlinuz")).unwrap();
        let drive = format!("file={},format=raw,if=virtio,cache=writethrough", self.device.at("disk").display());
        let output = Command::new("timeout")
            .args(["120", "qemu-system-x86_64", "-accel", "tcg", "-m", "256", "-display", "none"])
            .args(["-serial", "stdio", "-monitor", "none", "-no-reboot", "-drive", &drive])
            .arg("-kernel")
            .arg(kernel)
            .arg("-initrd")
            .arg(self.device.at("initramfs"))
            .args(["-append", "console=ttyS0 panic=-1"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    }

    /// Boots until the machine is up: how often it went down before, and what it shows.
    fn until_up(&self) -> (usize, String) {
        let mut down = 0;
        loop {
            let console = self.boot();
            if let Some((_, status)) = console.split_once("up:\n") {
                return (down, status.to_owned());
            }
            assert!(console.contains("Kernel panic"), "it neither came up nor crashed:\n{console}");
            down += 1;
            assert!(down < 12, "the machine does not come up:\n{console}");
        }
    }
}

/// With `BLESS=1` it is written.
#[test]
fn factory_content_is_compiled_from_its_source() {
    let device = Device::new(EXAMPLE, "factory");
    let made = compiled(&own("rules.content"), &device.at("image"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(own("factory.ccimage"), &made).unwrap();
    }
    assert!(made == fs::read(own("factory.ccimage")).unwrap(), "run this test with BLESS=1");
}

#[test]
fn a_machine_that_content_keeps_from_booting_heals_itself() {
    let Some(machine) = Machine::new("heals") else { return };
    let (down, status) = machine.until_up();
    assert!(down == 0 && status.starts_with("well        factory content: sequence 0"), "{status}");
    machine.offer(&machine.image(1, "another"), 1);
    let (down, status) = machine.until_up();
    assert!(down == 0 && status.starts_with("well        last known good: sequence 1 "), "{status}");

    // It crashes the kernel while the sensor starts: one end that nobody can explain, three tries, and then what was good.
    machine.offer(&machine.image(2, "init"), 2);
    let (down, status) = machine.until_up();
    assert_eq!(down, 4, "{status}");
    assert!(status.contains("last known good: sequence 1 "), "{status}");
    assert!(status.contains("given up    sequence 2 "), "{status}");
    // The fix.
    machine.offer(&machine.image(3, "elsewhere"), 3);
    let (down, status) = machine.until_up();
    assert!(down == 0 && status.starts_with("well        last known good: sequence 3 "), "{status}");
}

#[test]
fn a_machine_whose_last_known_good_is_spoiled_comes_up_on_factory_content_and_waits_for_the_fix() {
    let Some(machine) = Machine::new("spoiled") else { return };
    let older = [(1, machine.image(1, "another")), (2, machine.image(2, "elsewhere"))];
    for (sequence, image) in &older {
        machine.offer(image, *sequence);
        let (down, status) = machine.until_up();
        assert!(
            down == 0 && status.starts_with(&format!("well        last known good: sequence {sequence} ")),
            "{status}"
        );
    }

    // It crashes, and every older image is spoiled while the machine is down: what is built in runs, and waits.
    machine.offer(&machine.image(3, "init"), 3);
    assert!(machine.boot().contains("Kernel panic"));
    fs::write(machine.device.at("rot"), "rot").unwrap();
    for (_, image) in &older {
        let name = format!("images/{}", Digest::of(image));
        machine.debugfs(&format!("rm {name}"));
        machine.debugfs(&format!("write {} {name}", machine.device.at("rot").display()));
    }
    let (down, status) = machine.until_up();
    assert_eq!(down, 3, "{status}");
    assert!(status.starts_with("degraded    factory content"), "{status}");
    machine.offer(&machine.image(4, "elsewhere"), 4);
    let (down, status) = machine.until_up();
    assert!(down == 0 && status.contains("last known good: sequence 4 "), "{status}");
}
