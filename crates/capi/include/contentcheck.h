/* contentcheck: verifies content images and evaluates events against them. C99, or C++.
 *
 * What is declared here allocates nothing, holds no lock, has no global that is written to, and calls nothing of yours. All
 * memory is lent by the caller. docs/embedding-c.md goes from a struct of a sensor to the rules that match it.
 *
 * What holds for every function, unless it says otherwise:
 *
 * Results   A function returns CC_OK, CC_MORE or CC_SPENT, or else why it did nothing. Where the status is a number of
 *           a stable code (523 is CC0523), `contentcheck explain CC0523` has its cause, harm and remedy.
 * Pointers  NULL is an answer (CC_E_NULL), not a crash, and is allowed where the length or capacity beside it is 0. Memory
 *           that is not aligned is CC_E_ALIGNMENT, a length that no object has is CC_E_LENGTH. Whether a pointer that is
 *           neither points to as much as you say cannot be checked: that is the caller's word.
 * Memory    Memory for an image, a kill list and scratch is aligned to CC_ALIGN bytes, and need not be zeroed. Memory
 *           that is lent to be written overlaps nothing else that is passed.
 * Lifetime  Inputs are read until the function returns. Only cc_verify and cc_kill keep what they are given: they say what.
 *           Strings that come out lie in the image's bytes and live as long as these, unless the field says otherwise.
 * Threads   An image and a kill list are never written to once they are made. Any number of threads may use them at the
 *           same time, each with scratch of its own.
 * Arrays    Where a function fills an array, `*count` says how many there are. If that is more than `capacity`, the
 *           first ones are written and the result is CC_MORE.
 * Text      Text is bytes and ends at its length; there is no NUL. Names are UTF-8. CC_STR and CC_STR_ARG help.
 */
#ifndef CONTENTCHECK_H
#define CONTENTCHECK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. Structs that are written by the library, and the meaning of every constant, change with
 * it alone. Compare it once with cc_abi() where the library is loaded at run time. */
#define CC_ABI 1
/* The format of images that this interpreter reads: what `cc_capacity_t.interpreter` says. */
#define CC_FORMAT 2
/* The alignment of memory for images, kill lists and scratch, in bytes. */
#define CC_ALIGN 8
/* Bytes of scratch that one value of an event takes: see CC_SCRATCH. */
#define CC_VALUE_BYTES 24
/* No number: no rule, no input, no element. Of 64 bits: CC_NONE64. */
#define CC_NONE UINT32_MAX
#define CC_NONE64 UINT64_MAX

/* ---- Status ---- */

typedef int32_t cc_status_t;

#define CC_OK 0
/* There is more than the array or buffer has room for. */
#define CC_MORE 1
/* The budget is spent: not every rule was asked. */
#define CC_SPENT 2

/* The call is wrong: a bug of the caller. */
#define CC_E_NULL 10      /* a pointer is NULL, and what it should point to is needed */
#define CC_E_ALIGNMENT 11 /* a pointer is not aligned */
#define CC_E_LENGTH 12    /* a length or a count is larger than any object in memory */
#define CC_E_ENUM 13      /* a number stands for nothing: a tag, a type, a mode */
#define CC_E_UTF8 14      /* a name is not UTF-8 */
#define CC_E_HANDLE 15    /* not what this library handed out: an image, a kill list, a store, a reader; or it was moved */
#define CC_E_SIZE 16      /* size_of_self is not that of a struct this library knows, or a member it does not know is set */
#define CC_E_MEMORY 17    /* the memory for a kill list is too small */
#define CC_E_NUMBER 18    /* no rule, input or template type has this number */

/* The image is refused. Keep the image that runs. */
#define CC_E_UNSUPPLIED_INPUT 401 /* a rule reads what this sensor does not supply */
#define CC_E_POSITION 403         /* a rule reads by number, and there this sensor supplies another input, or none */
#define CC_E_INPUT_TYPE 404       /* a rule reads what this sensor supplies as another type */
#define CC_E_MANIFEST 407         /* the manifest contradicts itself */
#define CC_E_CAPACITY 408         /* more than this sensor can hold */
#define CC_E_NOT_AN_IMAGE 520     /* the bytes do not begin as an image does */
#define CC_E_VERSION 521          /* another format version */
#define CC_E_IMAGE_LENGTH 522     /* cut off, or something was added */
#define CC_E_CHECKSUM 523         /* altered in storage or transport */
#define CC_E_CONTENT 524          /* what no compiler writes */
#define CC_E_WORKSPACE 525        /* the memory for the image is too small */
#define CC_E_FEATURE 527          /* a feature that this interpreter does not know */
#define CC_E_EMPTY 528            /* no rule, and the image does not say that this is meant */

/* The event was not evaluated. Count it, and go on with the next. */
#define CC_E_TEMPLATE 1101 /* the number is of another image, or the sensor does not supply the template type */
#define CC_E_ARITY 1102    /* more or fewer inputs than the manifest states */
#define CC_E_HEADER 1103   /* more or fewer header fields than the manifest states */
#define CC_E_SCRATCH 1104  /* scratch is too small: `needed` says how much this event takes */
#define CC_E_KILL 1105     /* the kill list is of another image */
#define CC_E_CORRUPT 1106  /* the image's memory changed after it was verified: stop using it */

/* ---- What is passed in ---- */

/* A run of bytes. `ptr` may be NULL where `len` is 0. */
typedef struct cc_bytes {
    const void *ptr;
    size_t len;
} cc_bytes_t;

/* The initialiser of a cc_bytes_t that is a string literal. */
#define CC_STR(literal) { "" literal, sizeof(literal) - 1 }
/* The two arguments of "%.*s" for a cc_bytes_t. */
#define CC_STR_ARG(bytes) (int)(bytes).len, (const char *)(bytes).ptr

/* The type of an input: one scalar, or-ed with what holds of it. */
#define CC_TYPE_STRING 0
#define CC_TYPE_INT 1
#define CC_TYPE_FLOAT 2
#define CC_TYPE_BOOL 3
#define CC_TYPE_IP 4
#define CC_TYPE_BYTES 5
#define CC_TYPE_LIST 0x100     /* a list of the scalar */
#define CC_TYPE_OPTIONAL 0x200 /* the value may be absent */

/* One input that the sensor supplies. */
typedef struct cc_input {
    cc_bytes_t name; /* as content writes it */
    uint32_t type;
} cc_input_t;

/* What the sensor supplies for one template type. */
typedef struct cc_supply {
    cc_bytes_t template_name;
    const cc_input_t *inputs; /* in the order in which events carry the values */
    size_t input_count;
} cc_supply_t;

/* What this build of the sensor can hold. 0: no bound is stated. */
typedef struct cc_capacity {
    size_t size_of_self; /* sizeof(cc_capacity_t) */
    uint64_t interpreter; /* CC_FORMAT */
    uint64_t image_bytes;
    uint64_t rules;            /* that it loads */
    uint64_t table_rows;       /* of all tables */
    uint64_t automaton_states; /* of all regexes */
    uint64_t steps;            /* of the dearest template type, whatever the size of the event */
    uint64_t steps_per_byte;   /* beside them; 0: 65,536 */
    uint64_t scratch_bytes;    /* of one evaluation, without its values */
} cc_capacity_t;

#define CC_VERSIONING_PARTS 0   /* number by number between the dots: 7.9 < 7.10 */
#define CC_VERSIONING_DECIMAL 1 /* as decimal fractions: 3.10 < 3.2 */

/* What a build of the sensor says of itself. A constant, as a rule. Members that later versions add are at its end, and
 * absent where size_of_self does not count them. */
typedef struct cc_manifest {
    size_t size_of_self; /* sizeof(cc_manifest_t) */
    cc_bytes_t sensor;   /* lower-case letters, digits, - and _; begins with a letter */
    cc_bytes_t version;  /* begins with a digit */
    uint32_t versioning;
    const cc_input_t *header; /* fields that come with every event, whatever its template type */
    size_t header_count;
    const cc_supply_t *templates;
    size_t template_count;
    const cc_capacity_t *capacity; /* NULL: no bound is stated */
} cc_manifest_t;

/* One value. The pointer in `as` is `ptr`, with `len` elements of what the tag says.
 * A value of another type than the manifest states is absent to every rule, and counted: see cc_outcome_t.mistyped. */
typedef struct cc_value {
    uint32_t tag;
    uint32_t by; /* the byte that ends each element: CC_SPLIT */
    size_t len;
    union {
        const void *ptr;
        int64_t i;
        uint64_t u;
        double f;
    } as;
} cc_value_t;

#define CC_ABSENT 0 /* missing, unreadable, null; what a zeroed cc_value_t is */
#define CC_TEXT 1   /* bytes, meant as text. They need not be UTF-8, and no byte hides another */
#define CC_UTF16 2  /* text as uint16_t in the machine's order, aligned or not; halves of pairs are fine. Costs scratch: CC_SCRATCH */
#define CC_BYTES 3  /* bytes that are no text */
#define CC_INT 4    /* as.i */
#define CC_UINT 5   /* as.u */
#define CC_FLOAT 6  /* as.f */
#define CC_BOOL 7   /* as.u: 0 is false */
#define CC_IP 8     /* 4 or 16 bytes, in network order; of another length it is mistyped */
#define CC_LIST 9   /* cc_value_t; an element that is a list is mistyped. Costs scratch */
#define CC_TEXTS 10 /* cc_bytes_t, each a text. Costs scratch */
#define CC_INTS 11  /* int64_t, aligned as such */
#define CC_SPLIT 12 /* bytes, in which the byte `by` ends each element, as in /proc/PID/cmdline */

/* One event, for one template type. */
typedef struct cc_event {
    uint32_t template_no; /* of this image: cc_templates */
    const cc_value_t *inputs; /* as many as the manifest states for the template type, in its order */
    size_t input_count;
    const cc_value_t *header; /* as many as the manifest's header has */
    size_t header_count;
    const cc_value_t *others; /* values that the manifest does not name; only keyword rules look at them */
    size_t other_count;
} cc_event_t;

/* ---- Loading ---- */

/* A verified image. It lies in memory of the caller's; do not copy or move it. */
typedef struct cc_image cc_image_t;
/* Rules that are switched off, of one image. The same holds. */
typedef struct cc_kill_list cc_kill_list_t;

/* Memory to lend, in bytes. */
typedef struct cc_sizes {
    size_t image;   /* for cc_verify: for as long as the image is used */
    size_t scratch; /* for one evaluation, without its values: CC_SCRATCH */
    size_t kill;    /* for one kill list */
} cc_sizes_t;

/* Bytes of scratch for events with so many values: inputs, header fields, others, and each element of a CC_LIST or a
 * CC_TEXTS. Beside them, a CC_UTF16 takes at most 3 bytes a unit (5, if it is not aligned) and 16. Converting a value takes a
 * few nanoseconds; no bytes are copied but those of CC_UTF16. */
#define CC_SCRATCH(sizes, values) ((sizes).scratch + (size_t)(values) * CC_VALUE_BYTES)

/* Why an image is refused, in numbers. Those that do not apply are CC_NONE, or 0 for `needed` and `held`. */
typedef struct cc_refusal {
    cc_status_t status; /* what the function returned */
    /* CC_E_CAPACITY: a CC_RESOURCE. CC_E_MANIFEST: a CC_MANIFEST. CC_E_VERSION: the version. CC_E_FEATURE: the bit.
     * CC_E_CONTENT: the section, as docs/image-format.md counts them from 0. */
    uint32_t what;
    uint32_t rule;        /* of the image */
    uint32_t template_no; /* of the image; of the manifest: CC_E_MANIFEST, and errors of the call */
    uint32_t input;       /* of all inputs of the image; of the template type or, without one, the header: as above */
    uint32_t record;      /* CC_E_CONTENT: of the section; CC_NONE where the section itself is not where it must be */
    uint64_t needed;      /* by the image; CC_E_IMAGE_LENGTH: bytes that it states; CC_E_WORKSPACE: bytes to lend */
    uint64_t held;        /* by the sensor; CC_E_IMAGE_LENGTH: bytes there are; CC_E_WORKSPACE: bytes lent */
} cc_refusal_t;

#define CC_RESOURCE_INTERPRETER 0
#define CC_RESOURCE_IMAGE_BYTES 1
#define CC_RESOURCE_RULES 2
#define CC_RESOURCE_TABLE_ROWS 3
#define CC_RESOURCE_AUTOMATON_STATES 4
#define CC_RESOURCE_STEPS 5
#define CC_RESOURCE_STEPS_PER_BYTE 6
#define CC_RESOURCE_SCRATCH_BYTES 7

#define CC_MANIFEST_SENSOR 0             /* no name, or one with characters that it may not have */
#define CC_MANIFEST_VERSION 1            /* not a version */
#define CC_MANIFEST_TEMPLATE_NAME 2      /* a template type has no name */
#define CC_MANIFEST_DUPLICATE_TEMPLATE 3 /* two entries for one template type */
#define CC_MANIFEST_DUPLICATE_INPUT 4    /* two inputs of one name */
#define CC_MANIFEST_DUPLICATE_HEADER 5   /* two header fields of one name */
#define CC_MANIFEST_HEADER_NAME 6        /* a header field has no name */
#define CC_MANIFEST_TOO_MANY 7           /* more inputs than an event can have */

/* The version of this interface that the library has. */
uint32_t cc_abi(void);

/* How much memory to lend, for an image and a manifest. Reads the image's header and its counts, no more: all sizes are
 * bounded by the lengths of image and manifest, whatever the image says. `why` may be NULL. */
cc_status_t cc_sizes(cc_bytes_t image, const cc_manifest_t *manifest, cc_sizes_t *sizes, cc_refusal_t *why);

/* Verifies an image for this sensor, in time linear in its size. `*out` is the image, or NULL where it is refused; it lies
 * in `memory`, of which there are `size` bytes, cc_sizes_t.image or more. `why` may be NULL.
 * KEEPS `image` and `memory`: both must stay as they are for as long as `*out` or a kill list of it is used. An image needs no
 * alignment. Do not map a file: read it. The manifest is copied. There is nothing to free but your own memory. */
cc_status_t cc_verify(cc_bytes_t image, const cc_manifest_t *manifest, void *memory, size_t size,
                      const cc_image_t **out, cc_refusal_t *why);

/* Says a refusal in words, with the names of rule and input where the image has them. Writes a NUL-terminated string of
 * `size` bytes at most, cut between characters where it is longer (CC_MORE). `*length`, which may be NULL, is that of the
 * whole, without the NUL. Reads the image's checksum: not for a hot path. */
cc_status_t cc_describe(cc_bytes_t image, const cc_refusal_t *why, char *buffer, size_t size, size_t *length);

/* ---- What is in an image ---- */

/* What an image says of itself. */
typedef struct cc_identity {
    cc_bytes_t release;  /* empty: it has none */
    cc_bytes_t compiler; /* name and version */
    uint8_t content[32]; /* SHA-256 of the content that was compiled */
    uint64_t sequence;   /* of the release; 0: it has none */
    uint64_t features;   /* that a reader must know, a bit each */
    uint32_t format;
} cc_identity_t;

/* Who an image is, also one that is refused: nothing is checked. CC_E_NOT_AN_IMAGE where no header is there. */
cc_status_t cc_identity(cc_bytes_t image, cc_identity_t *identity);

/* What verification found. */
typedef struct cc_image_info {
    uint32_t rule_count;     /* of the image */
    uint32_t loaded_rules;   /* that this sensor runs */
    uint32_t template_count; /* of the image */
    size_t scratch;          /* as in cc_sizes_t */
    size_t kill;
} cc_image_info_t;

cc_status_t cc_image_info(const cc_image_t *image, cc_image_info_t *info);

/* The numbers of the template types with a name, of each version one. Look them up once after each load: they are of one
 * image. None (`*count` is 0): the image has no rule for it. */
cc_status_t cc_templates(const cc_image_t *image, cc_bytes_t name, uint32_t *numbers, size_t capacity, size_t *count);

typedef struct cc_template_info {
    cc_bytes_t name;
    uint32_t version;
    uint32_t supplied; /* inputs that an event has; CC_NONE: this sensor supplies none, so no event of it comes */
} cc_template_info_t;

cc_status_t cc_template_info(const cc_image_t *image, uint32_t template_no, cc_template_info_t *info);

/* The bound on what evaluating costs: fixed + per_unit * size steps, and a step is about a nanosecond. The size of an event
 * is, for every value and every element of a list, 1, and the bytes of a text or 48 for anything else. Takes time linear in
 * the image: ask once. */
typedef struct cc_cost {
    uint64_t fixed;
    uint64_t per_unit;
} cc_cost_t;

cc_status_t cc_cost(const cc_image_t *image, uint32_t template_no, cc_cost_t *cost);

#define CC_LEVEL_NONE 0
#define CC_LEVEL_INFORMATIONAL 1
#define CC_LEVEL_LOW 2
#define CC_LEVEL_MEDIUM 3
#define CC_LEVEL_HIGH 4
#define CC_LEVEL_CRITICAL 5

/* What an image says of a rule. What is not said is empty. */
typedef struct cc_rule {
    cc_bytes_t id; /* what reports name, and kill lists */
    cc_bytes_t title;
    cc_bytes_t word;       /* of a native rule */
    cc_bytes_t revision;   /* when it was last changed */
    cc_bytes_t level_name; /* lives as long as the library */
    uint32_t level;
    uint32_t tag_count;
    uint32_t loaded; /* 1: this sensor runs it */
} cc_rule_t;

/* Rule numbers are of one image: report the id. */
cc_status_t cc_rule_info(const cc_image_t *image, uint32_t rule, cc_rule_t *info);
cc_status_t cc_rule_tags(const cc_image_t *image, uint32_t rule, cc_bytes_t *tags, size_t capacity, size_t *count);

/* The name of an input, which refusals, reasons and others give by number. */
cc_status_t cc_input_name(const cc_image_t *image, uint32_t input, cc_bytes_t *name);

#define CC_LEFT_OUT_SENSOR 0     /* the rule is for other sensors, or other versions of this one */
#define CC_LEFT_OUT_TEMPLATE 1   /* the sensor does not supply the template type */
#define CC_LEFT_OUT_UNSUPPLIED 2 /* it does not supply the input */
#define CC_LEFT_OUT_TYPE 3       /* it supplies the input as another type */
#define CC_LEFT_OUT_POSITION 4   /* the rule reads by number, and there it supplies another input, or none */

/* A rule that this sensor does not run on a template type. */
typedef struct cc_left_out {
    uint32_t rule;
    uint32_t template_no;
    uint32_t why;
    uint32_t input; /* or CC_NONE */
} cc_left_out_t;

/* Every rule that is left out. Log them after each load. */
cc_status_t cc_left_out(const cc_image_t *image, cc_left_out_t *out, size_t capacity, size_t *count);
/* Says it in words, as cc_describe does. */
cc_status_t cc_describe_left_out(const cc_image_t *image, const cc_left_out_t *out, char *buffer, size_t size, size_t *length);
/* The entries of the manifest's templates, by index, that the image has no rule for: often a misspelt name. */
cc_status_t cc_idle_supplies(const cc_image_t *image, uint32_t *supplies, size_t capacity, size_t *count);

/* ---- Kill lists ---- */

#define CC_KILL_NAMED 0   /* the rules that are named are off */
#define CC_KILL_ALL_BUT 1 /* all others are; with no name, every rule */

/* Switches rules off by id, without another image. `*out` lies in `memory`, of which there are `size` bytes,
 * cc_sizes_t.kill or more. `*unknown`, which may be NULL, counts ids that this image does not have: keep them for the next.
 * KEEPS `memory`. Resolve a list again after each load: every other image refuses it (CC_E_KILL). */
cc_status_t cc_kill(const cc_image_t *image, const cc_bytes_t *ids, size_t id_count, uint32_t mode, void *memory, size_t size,
                    const cc_kill_list_t **out, size_t *unknown);

/* ---- Evaluating ---- */

#define CC_VALUES_INPUTS 0
#define CC_VALUES_HEADER 1
#define CC_VALUES_OTHERS 2

/* How evaluating one event ended. */
typedef struct cc_outcome {
    cc_status_t status;    /* what cc_evaluate returns */
    uint32_t match_count;  /* matches that were written */
    uint32_t unasked_from; /* rules from this number on were not answered; CC_NONE: all were */
    uint32_t mistyped;     /* inputs whose value is of another type than the manifest states: always a bug of the sensor */
    uint64_t steps;        /* that were taken, of about a nanosecond */
    uint64_t needed;       /* CC_E_ARITY, CC_E_HEADER: values to pass; CC_E_SCRATCH: bytes to lend */
    uint64_t found;        /* and what was passed */
    uint32_t values;       /* errors of the call: CC_VALUES_INPUTS, _HEADER, _OTHERS, or CC_NONE */
    uint32_t index;        /* the value there that is wrong, or CC_NONE */
    uint64_t element;      /* and its element, or CC_NONE64 */
} cc_outcome_t;

/* Evaluates one event. The rules that match are written to `rules`, by number and rising, `capacity` of them at most.
 *
 *   CC_OK     every rule was asked
 *   CC_MORE   a rule matches that there was no room for: unasked_from. An array of loaded_rules is always large enough
 *   CC_SPENT  after `budget` steps, rules from unasked_from on were not asked. UINT64_MAX is no budget
 *
 * What was written before is right in each case. Any other status: nothing was evaluated. `kill` may be NULL: no rule is
 * off. `scratch` is that of one thread, and what is in it does not matter. `outcome` is needed, and always written. */
cc_status_t cc_evaluate(const cc_image_t *image, const cc_event_t *event, const cc_kill_list_t *kill, void *scratch,
                        size_t scratch_size, uint64_t budget, uint32_t *rules, size_t capacity, cc_outcome_t *outcome);

typedef struct cc_match {
    uint32_t event; /* its index */
    uint32_t rule;
} cc_match_t;

/* Evaluates many events in one call, for callers to whom a call is dear. `outcomes` has room for `event_count`; the matches of
 * all events go into one array, in the order of the events. An event that is refused has that in its outcome, and those
 * behind it go on. `budget` is that of each event.
 *
 * CC_OK: all were evaluated. CC_MORE: the matches of the event behind the last one did not fit: take the matches, and call
 * again with events + *evaluated. Where already the first has too many, it ends as in cc_evaluate, so that each call gets on. */
cc_status_t cc_evaluate_many(const cc_image_t *image, const cc_event_t *events, size_t event_count, const cc_kill_list_t *kill,
                             void *scratch, size_t scratch_size, uint64_t budget, cc_match_t *matches, size_t capacity,
                             cc_outcome_t *outcomes, size_t *evaluated, size_t *match_count);

/* A test on an event's way through a rule. */
typedef struct cc_reason {
    cc_bytes_t test;       /* what it asks; lives as long as the library */
    cc_bytes_t input_name; /* empty for a keyword, which asks every value */
    cc_bytes_t text;       /* what decided: in the event's memory, or in scratch (CC_UTF16); NULL where no text did */
    uint32_t input;        /* its number, or CC_NONE */
    uint32_t holds;        /* 1: it holds. 0: the rule negates it, or it is a side of an `or` */
    uint32_t values;       /* where it was found: CC_VALUES_INPUTS, _HEADER, _OTHERS; CC_NONE: not in a text */
    uint32_t index;        /* the value there */
    uint64_t element;      /* and its element, or CC_NONE64 */
    uint64_t offset;       /* the first byte of `text` in the value as UTF-8 */
    uint64_t length;       /* in bytes */
} cc_reason_t;

/* Why a rule matches an event: the tests in their order. `*count` is 0 where the rule is not loaded for the template type. Takes
 * about as long as evaluating the event, without a budget: for matches only. `outcome`, which may be NULL, has in match_count
 * whether the rule matches. */
cc_status_t cc_why(const cc_image_t *image, const cc_event_t *event, uint32_t rule, void *scratch, size_t scratch_size,
                   cc_reason_t *reasons, size_t capacity, size_t *count, cc_outcome_t *outcome);

/* The inputs, by number (cc_input_name), that cc_outcome_t.mistyped counts. `outcome` may be NULL. */
cc_status_t cc_mistyped(const cc_image_t *image, const cc_event_t *event, void *scratch, size_t scratch_size, uint32_t *inputs,
                        size_t capacity, size_t *count, cc_outcome_t *outcome);

/* ---- Words for a status ---- */

/* The stable code, "CC0523"; the name of the constant, "CC_E_NULL", where there is none; "" for a number that is no status.
 * NUL-terminated, and lives as long as the library. */
const char *cc_code(cc_status_t status);
/* What it means, in a few words. */
const char *cc_meaning(cc_status_t status);

#ifdef __cplusplus
}
#endif

#endif
