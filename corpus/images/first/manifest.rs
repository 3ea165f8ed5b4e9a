const STRING: Type = Type { scalar: Scalar::String, list: false, optional: false };

const PROCESS_START: &[Input<'static>] = &[
    Input { name: "pid", ty: Type { scalar: Scalar::Int, ..STRING } },
    Input { name: "image", ty: STRING },
    Input { name: "command_line", ty: STRING },
    Input { name: "user", ty: Type { optional: true, ..STRING } },
    Input { name: "arguments", ty: Type { list: true, ..STRING } },
];

const MANIFEST: Manifest<'static> = Manifest {
    sensor: "edr",
    version: "1.4.0",
    versioning: Versioning::Parts,
    capacity: Capacity {
        interpreter: Some(format::VERSION),
        image_bytes: Some(4 << 20),
        rules: Some(5_000),
        steps: Some(2_000_000),
        steps_per_byte: Some(20_000),
        scratch_bytes: Some(1 << 20),
        ..Capacity::NONE
    },
    header: &[Input { name: "host", ty: STRING }],
    templates: &[Supply { template: "edr.process_start", inputs: PROCESS_START }],
};

const _: () = assert!(MANIFEST.check().is_ok());
