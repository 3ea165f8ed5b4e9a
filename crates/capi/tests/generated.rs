//! What `contentcheck sensor codegen` makes in C and Go, linked with the library: an event of its struct matches a rule.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use contentcheck_codegen::{Language, generate};
use contentcheck_model::sensor::Manifest;
use contentcheck_model::source::Source;
use support::{fresh, gcc, has, library, own, run};

/// With what the C sensor has in tests/sensors.rs: two of three rules, and no value is mistyped.
const PRINTED: &str = "2 of 3 rules
Download piped into a shell
Library preloaded by an argument
0 mistyped
";

fn image() -> PathBuf {
    own("../../corpus/images/first/rules.ccimage")
}

fn made(language: &Language) -> String {
    let json = fs::read_to_string(own("../../corpus/images/first/edr-1.4.0.json")).unwrap();
    generate(&Manifest::parse(&Source::new("edr-1.4.0.json", json)).unwrap(), language).unwrap()
}

#[test]
fn c_supplies_what_rules_read() {
    if !has("gcc", &["--version"], "the C that is made") {
        return;
    }
    let directory = fresh("generated-c");
    fs::write(directory.join("edr.h"), made(&Language::C)).unwrap();
    let source = directory.join("main.c");
    let main = r#"
#include <stdio.h>
#include <stdlib.h>
#include "edr.h"

static unsigned char file_bytes[1 << 20];

int main(int argc, char **argv)
{
    FILE *file = fopen(argv[argc - 1], "rb");
    cc_bytes_t bytes = { file_bytes, file ? fread(file_bytes, 1, sizeof(file_bytes), file) : 0 };
    cc_bytes_t arguments[] = { CC_STR("env"), CC_STR("LD_PRELOAD=x") };
    edr_process_start_event_t start = { .pid = 7, .image = CC_STR("/bin/sh"), .command_line = CC_STR("curl x | sh\xff"),
                                        .arguments = arguments, .arguments_count = 2 };
    edr_header_t host = { CC_STR("web-1") };
    cc_value_t inputs[EDR_PROCESS_START_ARITY], header[EDR_HEADER_COUNT];
    cc_event_t event = { 0, inputs, EDR_PROCESS_START_ARITY, header, EDR_HEADER_COUNT, NULL, 0 };
    const cc_image_t *image;
    cc_sizes_t sizes;
    cc_image_info_t info;
    cc_outcome_t outcome;
    cc_rule_t rule;
    uint32_t rules[8];
    size_t count, i, size;
    void *memory, *scratch;
    if (cc_sizes(bytes, &EDR_MANIFEST, &sizes, NULL) != CC_OK || (memory = malloc(sizes.image)) == NULL)
        return 1;
    if (cc_verify(bytes, &EDR_MANIFEST, memory, sizes.image, &image, NULL) != CC_OK || cc_image_info(image, &info) != CC_OK)
        return 2;
    printf("%u of %u rules\n", (unsigned)info.loaded_rules, (unsigned)info.rule_count);
    size = CC_SCRATCH(sizes, EDR_PROCESS_START_ARITY + EDR_HEADER_COUNT + 2);
    scratch = malloc(size);
    edr_process_start_values(&start, inputs);
    edr_header_fields(&host, header);
    cc_templates(image, EDR_TEMPLATES[0].template_name, &event.template_no, 1, &count);
    if (count != 1 || cc_evaluate(image, &event, NULL, scratch, size, 1000000, rules, 8, &outcome) != CC_OK)
        return 3;
    for (i = 0; i < outcome.match_count; i++)
        if (cc_rule_info(image, rules[i], &rule) == CC_OK)
            printf("%.*s\n", CC_STR_ARG(rule.title));
    printf("%u mistyped\n", (unsigned)outcome.mistyped);
    free(scratch);
    free(memory);
    fclose(file);
    return 0;
}
"#;
    fs::write(&source, main).unwrap();
    let program = directory.join("sensor");
    run(gcc("-std=c99")
        .arg("-I")
        .arg(&directory)
        .arg(&source)
        .arg(library("libcontentcheck_capi.a"))
        .arg("-o")
        .arg(&program));
    assert_eq!(run(Command::new(&program).arg(image())), PRINTED);
}

#[test]
fn go_supplies_what_rules_read() {
    if !has("gcc", &["--version"], "the Go that is made") || !has("go", &["version"], "the Go that is made") {
        return;
    }
    let directory = fresh("generated-go");
    fs::write(directory.join("manifest.go"), made(&Language::Go { package: "main".to_owned() })).unwrap();
    fs::write(directory.join("go.mod"), "module sensor\n\ngo 1.19\n").unwrap();
    let main = r#"package main

// #include "contentcheck.h"
import "C"

import (
	"fmt"
	"os"
)

func must(status C.cc_status_t) {
	if status != C.CC_OK {
		fmt.Println(C.GoString(C.cc_code(status)))
		os.Exit(1)
	}
}

func main() {
	var memory Memory
	defer memory.Free()
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	bytes := C.cc_bytes_t{ptr: C.CBytes(data), len: C.size_t(len(data))}
	var sizes C.cc_sizes_t
	var image *C.cc_image_t
	var info C.cc_image_info_t
	must(C.cc_sizes(bytes, Manifest(), &sizes, nil))
	must(C.cc_verify(bytes, Manifest(), memory.alloc(1, sizes.image), sizes.image, &image, nil))
	must(C.cc_image_info(image, &info))
	fmt.Printf("%d of %d rules\n", info.loaded_rules, info.rule_count)

	start := EdrProcessStart{Pid: 7, Image: "/bin/sh", CommandLine: "curl x | sh\xff", Arguments: []string{"env", "LD_PRELOAD=x"}}
	host := Header{Host: "web-1"}
	inputs, header := start.Values(&memory), host.Values(&memory)
	size := sizes.scratch + C.CC_VALUE_BYTES*8
	// In memory of C: cgo lets no struct of Go point to memory of Go.
	event := (*C.cc_event_t)(memory.alloc(1, C.sizeof_cc_event_t))
	*event = C.cc_event_t{inputs: &inputs[0], input_count: C.size_t(len(inputs)), header: &header[0], header_count: C.size_t(len(header))}
	var count C.size_t
	must(C.cc_templates(image, Manifest().templates.template_name, &event.template_no, 1, &count))
	var rules [8]C.uint32_t
	var outcome C.cc_outcome_t
	must(C.cc_evaluate(image, event, nil, memory.alloc(1, size), size, 1000000, &rules[0], 8, &outcome))
	for _, number := range rules[:outcome.match_count] {
		var rule C.cc_rule_t
		must(C.cc_rule_info(image, number, &rule))
		fmt.Println(C.GoStringN((*C.char)(rule.title.ptr), C.int(rule.title.len)))
	}
	fmt.Printf("%d mistyped\n", outcome.mistyped)
}
"#;
    fs::write(directory.join("main.go"), main).unwrap();
    let program = directory.join("sensor");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&program).arg(".").current_dir(&directory);
    go.env("CGO_ENABLED", "1").env("GOFLAGS", "-mod=mod").env("GOCACHE", directory.join("cache"));
    go.env("CGO_CFLAGS", format!("-I{}", own("include").display()));
    go.env("CGO_LDFLAGS", library("libcontentcheck_capi.a"));
    run(&mut go);
    assert_eq!(run(Command::new(&program).arg(image()).env("GODEBUG", "cgocheck=2")), PRINTED);
}
