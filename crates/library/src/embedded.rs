//! The list of embedded files. A test walks the directories and proves it complete.

use crate::{ContentFile, SensorFile};

/// Declares content files by their paths below `content/`.
macro_rules! content {
    ($($name:literal)*) => {
        &[$(ContentFile { name: $name, text: include_str!(concat!("../content/", $name)) }),*]
    };
}

/// Declares sensor manifests by sensor and version: `sensors/SENSOR/VERSION.json`.
macro_rules! sensors {
    ($($sensor:literal: $($version:literal)*;)*) => {
        &[$($(SensorFile {
            sensor: $sensor,
            version: $version,
            json: include_str!(concat!("../sensors/", $sensor, "/", $version, ".json")),
        }),*),*]
    };
}

pub(crate) static CONTENT: &[ContentFile] = content! {
    "application/application.content"
    "cloud/aws.content"
    "cloud/azure.content"
    "cloud/code.content"
    "cloud/gcp.content"
    "cloud/identity.content"
    "cloud/kubernetes.content"
    "cloud/m365.content"
    "linux/auditd.content"
    "linux/sysmon.content"
    "linux/text.content"
    "macos/endpoint.content"
    "network/devices.content"
    "network/generic.content"
    "network/web.content"
    "network/zeek.content"
    "windows/application.content"
    "windows/channels.content"
    "windows/iis.content"
    "windows/kernel_file.content"
    "windows/powershell.content"
    "windows/security.content"
    "windows/sysmon.content"
    "windows/system.content"
};

pub(crate) static SENSORS: &[SensorFile] = sensors! {
    "sysmon":
        "2.0" "3.10" "3.2" "3.3" "3.4" "4.0" "4.1" "4.2" "4.21" "4.22" "4.23" "4.30" "4.31"
        "4.32" "4.40" "4.50" "4.60" "4.70" "4.80" "4.81" "4.82" "4.83" "4.90" "4.91";
    "sysmon-linux":
        "4.81" "4.90";
    "windows":
        "6.1.7600" "10.0.17134" "10.0.18990";
};
