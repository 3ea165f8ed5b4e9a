use super::*;

fn run(text: &str, options: &Options) -> Result<Vec<Manifest>, Vec<Diagnostic>> {
    import(&Source::new("m.xml", text), options)
}

fn fault(text: &str) -> Diagnostic {
    let options = Options { version: Some("1".into()), ..Options::default() };
    run(text, &options).err().unwrap().remove(0)
}

const SYSMON: &str = r#"<manifest schemaversion="4.91" binaryversion="18"><configuration/><events>
<event name="SYSMONEVENT_CREATE_PROCESS" value="1"><data name="RuleName" inType="win:UnicodeString" outType="xs:string"/>
<data name="ProcessId" inType="win:UInt32"/><data name="LogonGuid" inType="win:GUID"/></event>
<event name="SYSMONEVENT_REG_KEY" value="12"><data name="EventType" inType="win:UnicodeString"/></event>
<event name="SYSMONEVENT_EBPF_EVENT" value="100" target="linux"><data name="BpfProgramId" inType="win:UInt32"/></event>
<event name="SYSMONEVENT_NEXT" value="0xf002"><data name="IsExecutable" inType="win:Boolean"/></event>
</events></manifest>"#;

#[test]
fn a_sysmon_schema_becomes_a_manifest() {
    let manifest = run(SYSMON, &Options::default()).unwrap().remove(0);
    assert_eq!((manifest.sensor.as_str(), manifest.version.as_str()), ("sysmon", "4.91"));
    let names: Vec<&str> = manifest.templates.keys().map(String::as_str).collect();
    assert_eq!(names, ["windows.sysmon.event_61442", "windows.sysmon.process_creation", "windows.sysmon.registry_key"]);
    let inputs = &manifest.templates["windows.sysmon.process_creation"].inputs;
    let inputs: Vec<(&str, &str)> = inputs.iter().map(|input| (input.name.as_str(), input.ty.as_str())).collect();
    assert_eq!(inputs, [("RuleName", "string"), ("ProcessId", "int"), ("LogonGuid", "string")]);
    assert_eq!(manifest.templates["windows.sysmon.event_61442"].inputs[0].ty, "bool");
}

#[test]
fn sysmon_for_linux_has_the_events_that_linux_writes() {
    let options = Options { platform: Platform::Linux, ..Options::default() };
    let manifest = run(SYSMON, &options).unwrap().remove(0);
    let names: Vec<&str> = manifest.templates.keys().map(String::as_str).collect();
    assert_eq!(names, ["linux.sysmon.ebpf_event", "linux.sysmon.process_creation"]);
    assert_eq!(manifest.sensor, "sysmon-linux");
}

#[test]
fn several_schemas_become_several_manifests() {
    let text = format!("<manifests>{SYSMON}{}</manifests>", SYSMON.replace("4.91", "4.90"));
    let versions: Vec<String> = run(&text, &Options::default()).unwrap().into_iter().map(|m| m.version).collect();
    assert_eq!(versions, ["4.91", "4.90"]);
}

#[test]
fn the_banner_that_sysmon_prints_is_skipped() {
    let banner = "System Monitor v14.14 - System activity monitor\nCopyright \u{a9} Microsoft\n\n";
    let text = format!("{banner}{}", SYSMON.replace("LogonGuid", "RuleName"));
    let found = fault(&text);
    assert_eq!(found.source.position(found.span.start).line, 6);
    assert!(found.source.slice(found.span).starts_with("<data name=\"RuleName\" inType=\"win:GUID\""));
    assert!(run(&format!("{banner}{SYSMON}"), &Options::default()).is_ok());
    assert!(run(&format!("{}{SYSMON}", "banner ".repeat(1_000)), &Options::default()).is_err());
}

const WINDOWS: &str = r#"<?xml version="1.0"?><instrumentationManifest xmlns="http://schemas.microsoft.com/win/2004/08/events">
<instrumentation><events><provider name="Microsoft-Windows-DNS-Client" guid="{1C95126E}">
<events><event value="3008" version="0" template="old"/><event value="3008" version="1" template="new"/><event value="3009"/></events>
<templates><template tid="old"><data name="QueryName" inType="win:UnicodeString"/></template>
<template tid="new"><data name="QueryName" inType="win:UnicodeString"/><data name="QueryType" inType="win:UInt32"/>
<data name="Count" inType="win:UInt32"/><data name="Servers" inType="win:UnicodeString" count="Count"/>
<struct name="Entry" count="Count"><data name="Ttl" inType="win:UInt32"/></struct></template></templates>
</provider></events></instrumentation></instrumentationManifest>"#;

#[test]
fn an_instrumentation_manifest_becomes_a_manifest() {
    let options = Options { version: Some("10.0.19045".into()), ..Options::default() };
    let manifest = run(WINDOWS, &options).unwrap().remove(0);
    assert_eq!((manifest.sensor.as_str(), manifest.version.as_str()), ("windows", "10.0.19045"));
    let inputs = &manifest.templates["microsoft_windows_dns_client.event_3008"].inputs;
    let inputs: Vec<(&str, &str)> = inputs.iter().map(|input| (input.name.as_str(), input.ty.as_str())).collect();
    assert_eq!(
        inputs,
        [
            ("QueryName", "string"),
            ("QueryType", "int"),
            ("Count", "int"),
            ("Servers", "list<string>"),
            ("Entry.Ttl", "list<int>")
        ]
    );
    assert!(manifest.templates["microsoft_windows_dns_client.event_3009"].inputs.is_empty());
}

#[test]
fn the_security_provider_has_the_names_and_types_of_its_template_types() {
    let text = WINDOWS.replace("Microsoft-Windows-DNS-Client", "Microsoft-Windows-Security-Auditing");
    let options = Options { version: Some("10".into()), ..Options::default() };
    let manifest = run(&text, &options).unwrap().remove(0);
    assert_eq!(manifest.templates["windows.security.event_3008"].inputs[1].ty, "string");
    let options = Options { prefix: Some("acme.dns".into()), ..options };
    assert!(run(WINDOWS, &options).unwrap()[0].templates.contains_key("acme.dns.event_3008"));
}

#[test]
fn providers_have_stable_prefixes() {
    assert_eq!(provider_prefix("Microsoft-Windows-Windows Defender"), "microsoft_windows_windows_defender");
    assert_eq!(provider_prefix("7-Zip"), "provider_7_zip");
    assert_eq!(provider_prefix("--"), "provider_");
    assert_eq!(provider_prefix("microsoft-windows-security-auditing"), "windows.security");
}

#[test]
fn says_what_is_wrong_and_where() {
    let missing = run(WINDOWS, &Options::default()).err().unwrap().remove(0);
    assert!(missing.message.contains("does not state the version"), "{missing}");
    for (text, message) in [
        ("<a/>".to_owned(), "`<a>` is not the root"),
        (SYSMON.replace("win:GUID", "win:Nonsense"), "`LogonGuid` of event 1 has the unknown type `win:Nonsense`"),
        (SYSMON.replace("LogonGuid", "RuleName"), "event 1 has two fields `RuleName`"),
        (SYSMON.replace("value=\"12\"", "value=\"x\""), "an `<event>` has no number"),
        (SYSMON.replace("value=\"12\"", "value=\"1\""), "event 1 is described twice"),
        (WINDOWS.replace("tid=\"new\"", "tid=\"newer\""), "event 3008 names the template `new`, which is not there"),
        (
            WINDOWS.replace("version=\"1\" template", "version=\"0\" template"),
            "event 3008 version 0 is described twice",
        ),
        ("<manifest schemaversion=\"4.9\"/>".to_owned(), "schema"),
        ("<manifests/>".to_owned(), "the file describes no manifest"),
        ("<manifest><events></manifest>".to_owned(), "not XML: "),
    ] {
        let found = fault(&text);
        assert!(found.message.starts_with(message), "{}", found.message);
        assert_eq!(found.code.id, "CC0407");
    }
    let found = fault(&SYSMON.replace("LogonGuid", "RuleName"));
    assert_eq!(found.source.position(found.span.start).line, 3);
}

#[test]
fn hostile_xml_is_a_coded_finding() {
    let deep = "<a>".repeat(200_000);
    let closed = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    let wide = format!("<manifest {}/>", (0..50_000).map(|i| format!("a{i}=\"\" ")).collect::<String>());
    let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>".to_owned();
    let siblings = format!("<manifest>{}</manifest>", "<a/>".repeat(1_000_000));
    let namespaces = format!("<manifest>{}</manifest>", "<a xmlns:b=\"c\"/>".repeat(300_000));
    let cases = [
        deep,
        closed,
        wide,
        bomb,
        siblings,
        namespaces,
        String::new(),
        "\0".into(),
        "<".into(),
        "<a".into(),
        "<a b=\"".into(),
        "<!--".into(),
        "<![CDATA[".into(),
        "<?x".into(),
        "&#0;".into(),
        "x".repeat(17 << 20),
        "<".repeat(1_000_000),
    ];
    let digit = "<manifest schemaversion=\"\u{661}\"><events><event value=\"1\"/></events></manifest>";
    assert_eq!(run(digit, &Options::default()).err().unwrap()[0].code.id, "CC0407");
    for text in cases {
        let begin = std::time::Instant::now();
        let found = fault(&text);
        let head: String = text.chars().take(30).collect();
        assert!(["CC0101", "CC0108", "CC0407"].contains(&found.code.id), "{head}: {found}");
        assert!(found.message.len() < 600, "{head}");
        assert!(begin.elapsed().as_secs() < 10, "{head}");
    }
}
