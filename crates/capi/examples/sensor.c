/* A whole sensor: from a struct to the rules that match it, and why. docs/embedding-c.md goes through it.
 *
 *     sensor rules.ccimage
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contentcheck.h"
#include "events.h"

static const cc_input_t PROCESS_START[] = {
    { CC_STR("pid"), CC_TYPE_INT },
    { CC_STR("image"), CC_TYPE_STRING },
    { CC_STR("command_line"), CC_TYPE_STRING },
    { CC_STR("user"), CC_TYPE_STRING | CC_TYPE_OPTIONAL },
    { CC_STR("arguments"), CC_TYPE_STRING | CC_TYPE_LIST },
};
#define INPUTS (sizeof(PROCESS_START) / sizeof(PROCESS_START[0]))

static const cc_input_t HEADER[] = { { CC_STR("host"), CC_TYPE_STRING } };
static const cc_supply_t SUPPLIES[] = { { CC_STR("edr.process_start"), PROCESS_START, INPUTS } };
static const cc_capacity_t CAPACITY = {
    .size_of_self = sizeof(cc_capacity_t), .interpreter = CC_FORMAT, .image_bytes = 4 << 20, .rules = 5000,
    .steps = 2000000, .steps_per_byte = 20000, .scratch_bytes = 1 << 20,
};
static const cc_manifest_t MANIFEST = {
    .size_of_self = sizeof(cc_manifest_t), .sensor = CC_STR("edr"), .version = CC_STR("1.4.0"),
    .header = HEADER, .header_count = 1, .templates = SUPPLIES, .template_count = 1, .capacity = &CAPACITY,
};

static cc_value_t text(const char *bytes, size_t len)
{
    return bytes ? (cc_value_t){ .tag = CC_TEXT, .len = len, .as.ptr = bytes } : (cc_value_t){ .tag = CC_ABSENT };
}

/* In the order of PROCESS_START. */
static void values(const process_start_t *event, cc_value_t out[INPUTS])
{
    out[0] = (cc_value_t){ .tag = CC_INT, .as.i = event->pid };
    out[1] = text(event->image, strlen(event->image));
    out[2] = text(event->command_line, event->command_line_len);
    out[3] = text(event->user, event->user ? strlen(event->user) : 0);
    out[4] = (cc_value_t){ .tag = CC_SPLIT, .by = 0, .len = event->arguments_len, .as.ptr = event->arguments };
}

/* No more than CAPACITY allows: what is longer is refused, since it was cut off. */
static cc_bytes_t read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    void *memory = malloc(CAPACITY.image_bytes);
    cc_bytes_t bytes = { memory, file && memory ? fread(memory, 1, CAPACITY.image_bytes, file) : 0 };
    if (file != NULL)
        fclose(file);
    return bytes;
}

/* Verifies an image. Keep the one that runs where this returns NULL. */
static const cc_image_t *load(cc_bytes_t bytes, void **memory, cc_sizes_t *sizes)
{
    const cc_image_t *image = NULL;
    cc_refusal_t why;
    char words[256];
    if (cc_sizes(bytes, &MANIFEST, sizes, &why) == CC_OK && (*memory = malloc(sizes->image)) != NULL)
        cc_verify(bytes, &MANIFEST, *memory, sizes->image, &image, &why);
    if (image == NULL) {
        cc_describe(bytes, &why, words, sizeof(words), NULL);
        fprintf(stderr, "refused: %s: %s\n", cc_code(why.status), words);
    }
    return image;
}

static void report(const cc_image_t *image, const cc_event_t *event, uint32_t rule, void *scratch, size_t size)
{
    cc_reason_t reasons[32];
    cc_rule_t info;
    size_t count, i;
    if (cc_rule_info(image, rule, &info) == CC_OK)
        printf("%.*s\n", CC_STR_ARG(info.title));
    cc_why(image, event, rule, scratch, size, reasons, 32, &count, NULL);
    for (i = 0; i < count && i < 32; i++)
        if (reasons[i].text.ptr != NULL)
            printf("%.*s: %.*s\n", CC_STR_ARG(reasons[i].input_name), CC_STR_ARG(reasons[i].text));
}

int main(int argc, char **argv)
{
    cc_sizes_t sizes;
    void *memory = NULL;
    cc_bytes_t bytes = read_file(argc > 1 ? argv[1] : "rules.ccimage");
    const cc_image_t *image = load(bytes, &memory, &sizes);
    cc_image_info_t info;
    if (cc_image_info(image, &info) != CC_OK || info.loaded_rules == 0) /* None: made for another sensor. */
        return 1;
    printf("%" PRIu32 " of %" PRIu32 " rules\n", info.loaded_rules, info.rule_count);
    size_t scratch_size = CC_SCRATCH(sizes, INPUTS + 1), count, i;
    void *scratch = malloc(scratch_size);
    uint32_t templates[4], rules[16];
    cc_outcome_t outcome;
    cc_templates(image, (cc_bytes_t)CC_STR("edr.process_start"), templates, 4, &count);

    cc_value_t inputs[INPUTS], header[1] = { text("web-1", 5) };
    cc_event_t event = { 0, inputs, INPUTS, header, 1, NULL, 0 };
    for (process_start_t start; next_event(&start);) {
        values(&start, inputs);
        for (i = 0; i < count && i < 4; i++) {
            event.template_no = templates[i];
            cc_status_t status = cc_evaluate(image, &event, NULL, scratch, scratch_size, 1000000, rules, 16, &outcome);
            if (status != CC_OK || outcome.mistyped > 0)
                fprintf(stderr, "%s, %" PRIu32 " mistyped\n", cc_code(status), outcome.mistyped);
            for (uint32_t match = 0; match < outcome.match_count; match++)
                report(image, &event, rules[match], scratch, scratch_size);
        }
    }
    free(scratch);
    free(memory);
    free((void *)bytes.ptr);
    return 0;
}
