//! The arguments of `contentcheck device`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceFormat {
    /// For people
    Human,
    /// For machines
    Json,
}

/// Content on a device.
#[derive(Debug, Args)]
pub struct Device {
    /// What to do
    #[command(subcommand)]
    pub command: DeviceCommand,
}

/// What can be done with the directory in which a sensor keeps its content.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Show what runs and what the device remembers; nothing is changed, and the sensor may run
    Status(DeviceLook),
    /// Explain the last decision: what runs, what led to it, and what was refused since
    Why(DeviceLook),
    /// Offer an image to a device whose sensor does not run; the sensor tries it when it starts
    Offer(DeviceOffer),
    /// Hand a signed kill list to a device whose sensor does not run: the rules that it names are off from the next start on
    Kill(DeviceKill),
    /// Show what the device would do if its sensor crashed again and again: a drill, on a copy of the directory
    SimulateCrash(DeviceCrash),
    /// Take out of a directory what belongs to one machine, so that others can be made from it
    Seal(DeviceSeal),
}

/// Look at a directory.
#[derive(Debug, Args)]
pub struct DeviceLook {
    /// The directory in which the sensor keeps its content
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = DeviceFormat::Human)]
    pub format: DeviceFormat,
}

/// As which sensor content is taken, and by whose word.
#[derive(Debug, Args)]
pub struct DeviceSensor {
    /// The sensor: its manifest, or `builtin:sysmon/4.90`
    #[arg(long, value_name = "SENSOR")]
    pub sensor: String,
    /// Whose signatures count: a root, as the sensor has it built in
    #[arg(long, value_name = "FILE")]
    pub root: PathBuf,
    /// The log by which content must have been opened, and its witnesses: a policy (tlog-policy), as the sensor has it built in
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// The image that the sensor has built in
    #[arg(long, value_name = "FILE")]
    pub factory: Option<PathBuf>,
}

/// Offer an image.
#[derive(Debug, Args)]
pub struct DeviceOffer {
    /// The directory in which the sensor keeps its content; made if it is not there
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The image
    #[arg(long, value_name = "FILE")]
    pub image: PathBuf,
    /// What was signed of it: the attestation of the gate
    #[arg(long, value_name = "FILE")]
    pub envelope: PathBuf,
    /// The token that opens the ring of this device
    #[arg(long, value_name = "FILE")]
    pub token: Option<PathBuf>,
    /// As which sensor
    #[command(flatten)]
    pub sensor: DeviceSensor,
    /// Output format
    #[arg(long, value_enum, default_value_t = DeviceFormat::Human)]
    pub format: DeviceFormat,
}

/// Hand over a kill list.
#[derive(Debug, Args)]
pub struct DeviceKill {
    /// The directory in which the sensor keeps its content
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The kill list
    #[arg(long, value_name = "FILE")]
    pub list: PathBuf,
    /// The signatures of it
    #[arg(long, value_name = "FILE")]
    pub signatures: PathBuf,
    /// As which sensor
    #[command(flatten)]
    pub sensor: DeviceSensor,
    /// Output format
    #[arg(long, value_enum, default_value_t = DeviceFormat::Human)]
    pub format: DeviceFormat,
}

/// How a run of a sensor ends in a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceEnd {
    /// It crashes
    Crashed,
    /// It no longer answers, and a watchdog ends it
    Hung,
    /// Somebody kills it
    Killed,
    /// The system is out of memory
    OutOfMemory,
    /// Nobody knows: the power was cut, or nothing says how runs end
    Unexplained,
}

/// Rehearse crashes.
#[derive(Debug, Args)]
pub struct DeviceCrash {
    /// The directory in which the sensor keeps its content
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// How many runs end
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub times: u8,
    /// How they end
    #[arg(long, value_enum, default_value_t = DeviceEnd::Crashed)]
    pub end: DeviceEnd,
    /// Change the directory itself: the device will hold the drill against its content
    #[arg(long)]
    pub in_place: bool,
    /// As which sensor
    #[command(flatten)]
    pub sensor: DeviceSensor,
    /// Output format
    #[arg(long, value_enum, default_value_t = DeviceFormat::Human)]
    pub format: DeviceFormat,
}

/// Seal a directory.
#[derive(Debug, Args)]
pub struct DeviceSeal {
    /// The directory in which the sensor keeps its content
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Keep no content: machines begin with what is built into the sensor, and take nothing older than this one confirmed
    #[arg(long)]
    pub without_content: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = DeviceFormat::Human)]
    pub format: DeviceFormat,
}
