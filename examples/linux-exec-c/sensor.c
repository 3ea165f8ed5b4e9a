/* A sensor of process executions in C, with content that heals itself:  sensor DIR FACTORY ROOT
 *
 * What is put into DIR as offer.env and offer.ccimage is offered to the store there, what runs is in DIR/status, and a file DIR/stop ends it in an
 * orderly way. FACTORY and ROOT stand for what a sensor that ships has built in. */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "contentcheck_store.h"
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

static const char *directory;

static const char *at(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

/* A file, up to 2 MiB of it: more is more than the store takes. No bytes, where it cannot be read. */
static cc_bytes_t contents(const char *path)
{
    FILE *file = fopen(path, "rb");
    void *bytes = malloc(2 << 20);
    cc_bytes_t read = { bytes, file && bytes ? fread(bytes, 1, 2 << 20, file) : 0 };
    if (file)
        fclose(file);
    return read;
}

static cc_store_t *open_store(const char *factory, const char *root)
{
    /* A trial of seconds, so that one can watch: for devices, leave watch_seconds and watch_events out. */
    cc_bytes_t image = contents(factory), keys = contents(root);
    cc_store_config_t config = {
        .size_of_self = sizeof(config), .manifest = &MANIFEST, .directory = { directory, strlen(directory) },
        .root = keys, .factory = image, .build = CC_STR("linux-exec 1.0.0"), .built = 1790000000,
        .watch_seconds = 2, .watch_events = 10,
    };
    cc_store_t *store = NULL;
    cc_refusal_t why;
    if (cc_store_open(&config, &store, &why) != CC_OK)
        fprintf(stderr, "%s: %s\n", cc_code(why.status), cc_meaning(why.status));
    free((void *)image.ptr);
    free((void *)keys.ptr);
    return store;
}

static void evaluate(cc_reader_t *reader, const execution_t *event)
{
    cc_value_t values[4] = { { .tag = CC_INT, .as.i = event->pid }, { .tag = CC_TEXT, .len = event->image_len, .as.ptr = event->image },
                             { .tag = CC_SPLIT, .by = 0, .len = event->arguments_len, .as.ptr = event->arguments }, { .tag = CC_ABSENT } };
    cc_event_t given = { 0, values, 4, NULL, 0, NULL, 0 };
    uint32_t rules[16];
    const cc_image_t *image;
    cc_rule_t rule;
    cc_outcome_t outcome;
    /* Faults are counted by the reader, and shown in the status. */
    cc_reader_evaluate(reader, (cc_bytes_t)CC_STR("linux.exec"), &given, 1000000, rules, 16, &outcome);
    cc_reader_image(reader, &image);
    for (uint32_t match = 0; match < outcome.match_count; match++)
        if (cc_rule_info(image, rules[match], &rule) == CC_OK)
            printf("%" PRId32 ": %.*s\n", event->pid, CC_STR_ARG(rule.title));
    fflush(stdout);
}

static void offer(cc_store_t *store)
{
    if (access(at("offer.ccimage"), F_OK) != 0 || access(at("offer.env"), F_OK) != 0)
        return;
    cc_bytes_t image = contents(at("offer.ccimage")), envelope = contents(at("offer.env"));
    char words[256];
    unlink(at("offer.ccimage"));
    unlink(at("offer.env"));
    cc_status_t status = cc_store_offer(store, image, envelope, (cc_bytes_t)CC_STR(""));
    if (status != CC_OK && cc_store_said(store, words, sizeof(words), NULL) <= CC_MORE)
        fprintf(stderr, "refused: %s: %s\n", cc_code(status), words);
    free((void *)image.ptr);
    free((void *)envelope.ptr);
}

static void show(cc_store_t *store)
{
    char words[4096], written[4096];
    FILE *status = fopen(at("status.new"), "w");
    if (status && cc_store_status(store, CC_FORM_TEXT, words, sizeof(words), NULL) <= CC_MORE)
        fputs(words, status);
    if (status && fclose(status) == 0) {
        strcpy(written, at("status.new"));
        rename(written, at("status"));
    }
}

int main(int argc, char **argv)
{
    static execution_t event;
    cc_reader_t *reader;
    uint32_t advice;
    int fd = executions_open();
    if (argc != 4 || fd < 0)
        return 2;
    directory = argv[1];
    cc_store_t *store = open_store(argv[2], argv[3]);
    if (cc_reader_open(store, &reader) != CC_OK)
        return 1;
    for (time_t checked = 0; access(at("stop"), F_OK) != 0;) {
        if (executions_next(fd, 200, &event))
            evaluate(reader, &event);
        else
            cc_reader_renew(reader);
        if (time(NULL) == checked)
            continue;
        checked = time(NULL);
        offer(store);
        if (cc_store_check(store, &advice) == CC_OK && advice == CC_ADVICE_RESTART)
            return 1;
        show(store);
    }
    cc_reader_close(reader);
    cc_store_stop(store);
    return 0;
}
