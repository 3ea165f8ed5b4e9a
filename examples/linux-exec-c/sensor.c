/* A sensor of process executions in C, with content that heals itself:  sensor DIR FACTORY
 *
 * What is renamed to DIR/offer.ccimage is verified and tried. If that goes well it is DIR/good.ccimage, otherwise DIR/bad.ccimage, and what was good
 * before runs again, or FACTORY. DIR/armed counts starts of a trial that did not end well; DIR/status says what runs.
 * It asks for no signature and no sequence: the store of crates/sensor does, and this shows what is left without it. */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "contentcheck.h"
#include "executions.h"

static const cc_input_t EXEC[] = {
    { CC_STR("pid"), CC_TYPE_INT },
    { CC_STR("image"), CC_TYPE_STRING },
    { CC_STR("arguments"), CC_TYPE_STRING | CC_TYPE_LIST },
    { CC_STR("parent"), CC_TYPE_INT | CC_TYPE_OPTIONAL },
};
static const cc_supply_t SUPPLIES[] = { { CC_STR("linux.exec"), EXEC, 4 } };
static const cc_capacity_t CAPACITY = { .size_of_self = sizeof(cc_capacity_t), .interpreter = CC_FORMAT, .image_bytes = 1 << 20, .rules = 1000 };
static const cc_manifest_t MANIFEST = {
    .size_of_self = sizeof(cc_manifest_t), .sensor = CC_STR("linux-exec"), .version = CC_STR("1.0.0"),
    .templates = SUPPLIES, .template_count = 1, .capacity = &CAPACITY,
};

static struct { cc_bytes_t bytes; void *memory, *scratch; const cc_image_t *image; size_t scratch_size; const char *name; } now;
static const char *directory, *factory, *said = "";
static uint64_t events, matches;
static time_t began;

static const char *at(const char *name)
{
    static char paths[2][4096];
    static int turn;
    snprintf(paths[turn ^= 1], sizeof(paths[0]), "%s/%s", directory, name);
    return paths[turn];
}

/* Verifies an image and lets it run; one that is refused changes nothing. */
static int run(const char *path, const char *name)
{
    FILE *file = fopen(path, "rb");
    void *bytes = malloc(CAPACITY.image_bytes), *memory = NULL;
    cc_bytes_t given = { bytes, file ? fread(bytes, 1, CAPACITY.image_bytes, file) : 0 };
    const cc_image_t *image = NULL;
    cc_sizes_t sizes;
    cc_refusal_t why;
    if (file)
        fclose(file);
    if (cc_sizes(given, &MANIFEST, &sizes, &why) == CC_OK && (memory = malloc(sizes.image)) != NULL)
        cc_verify(given, &MANIFEST, memory, sizes.image, &image, &why);
    if (image == NULL) {
        said = cc_code(why.status);
        free(bytes);
        free(memory);
        return 0;
    }
    free((void *)now.bytes.ptr);
    free(now.memory);
    free(now.scratch);
    now.bytes = given, now.memory = memory, now.image = image, now.name = name;
    now.scratch_size = CC_SCRATCH(sizes, 4), now.scratch = malloc(now.scratch_size);
    events = matches = 0, began = time(NULL);
    return now.scratch != NULL;
}

static void go_back(const char *why)
{
    said = why;
    rename(at("trial.ccimage"), at("bad.ccimage"));
    unlink(at("armed"));
    if (!run(at("good.ccimage"), "good"))
        run(factory, "factory");
}

/* Another start of the trial, written before its first event. */
static void try_it(void)
{
    FILE *armed = fopen(at("armed"), "a+");
    long starts = armed && fputc('.', armed) != EOF && fflush(armed) == 0 && fsync(fileno(armed)) == 0 ? ftell(armed) : 4;
    if (armed)
        fclose(armed);
    if (starts > 3 || !run(at("trial.ccimage"), "trial"))
        go_back(starts > 3 ? "it crashed three times" : said);
}

static void evaluate(const execution_t *event)
{
    cc_value_t values[4] = { { .tag = CC_INT, .as.i = event->pid }, { .tag = CC_TEXT, .len = event->image_len, .as.ptr = event->image },
                             { .tag = CC_SPLIT, .by = 0, .len = event->arguments_len, .as.ptr = event->arguments }, { .tag = CC_ABSENT } };
    uint32_t templates[4], rules[16];
    size_t count = 0;
    cc_outcome_t outcome = { 0 };
    cc_event_t given = { 0, values, 4, NULL, 0, NULL, 0 };
    cc_templates(now.image, (cc_bytes_t)CC_STR("linux.exec"), templates, 4, &count);
    for (events++, count = count < 4 ? count : 4; count-- > 0;) {
        given.template_no = templates[count];
        if (cc_evaluate(now.image, &given, NULL, now.scratch, now.scratch_size, 1000000, rules, 16, &outcome) == CC_OK)
            matches += outcome.match_count;
    }
}

int main(int argc, char **argv)
{
    static execution_t event;
    int fd = executions_open();
    if (argc != 3 || fd < 0)
        return 2;
    directory = argv[1], factory = argv[2];
    if (!run(at("good.ccimage"), "good") && !run(factory, "factory"))
        return 1;
    if (access(at("trial.ccimage"), F_OK) == 0)
        try_it();
    while (access(at("stop"), F_OK) != 0) {
        if (executions_next(fd, 200, &event))
            evaluate(&event);
        if (rename(at("offer.ccimage"), at("trial.ccimage")) == 0)
            unlink(at("armed")), said = "", try_it();
        int on_trial = strcmp(now.name, "trial") == 0;
        if (on_trial && events >= 10 && matches * 2 > events)
            go_back("it matches too often");
        else if (on_trial && events >= 10 && time(NULL) - began >= 2 && rename(at("trial.ccimage"), at("good.ccimage")) == 0)
            unlink(at("armed")), now.name = "good", said = "it was confirmed";
        FILE *status = fopen(at("status.new"), "w");
        if (status) {
            fprintf(status, "%s, %" PRIu64 " events, %" PRIu64 " matches: %s\n", now.name, events, matches, said);
            fclose(status);
            rename(at("status.new"), at("status"));
        }
    }
    unlink(at("armed"));
    return 0;
}
