/* contentcheck, on the device: which content a sensor takes, tries, keeps and goes back to. C99, or C++.
 *
 * A store is a directory. What is offered to it is admitted by keys, tried, confirmed, or undone; a crash, a power cut and a full disk leave
 * it with content that was good. docs/embedding-c.md goes from an offer to the fix; docs/recovery.md says what each state means.
 *
 *     cc_store_open -> cc_reader_open, for each thread -> cc_reader_evaluate, for each event -> cc_reader_close
 *          |
 *          +-> cc_store_check, every few seconds; cc_store_offer, cc_store_kill, cc_store_hear, as things come -> cc_store_stop
 *
 * What contentcheck.h says holds here too, but for this:
 *
 * Memory    The library allocates: what it hands out is given back to it, and to nobody else.
 * Files     It writes to the directory that it is given, and nowhere else.
 * Threads   A store is used by one thread at a time, and so is a reader. A reader waits neither for the store nor for another reader.
 * Lifetime  Of what is passed nothing is kept: it is copied.
 * Panics    There is none on a path of the library's own. Memory that cannot be had ends the process.
 */
#ifndef CONTENTCHECK_STORE_H
#define CONTENTCHECK_STORE_H

#include "contentcheck.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ---- */

#define CC_E_ROOT 19  /* the text of the root keys cannot be read; `record` is the line */
#define CC_E_KILLS 20 /* these bytes are no kill list */
#define CC_E_LOG 21   /* the policy of the log cannot be read, or asks for fewer than two witnesses */
#define CC_E_GROUP 22 /* the place of the device in a redundancy group cannot be read */

/* An offer is refused, and what runs goes on running. cc_store_said has the words. */
#define CC_E_OFFER_LARGE 1110       /* larger than this device takes */
#define CC_E_OFFER_DISTRUSTED 1111  /* nothing shows that it is meant for this device */
#define CC_E_OFFER_KNOWN 1112       /* the device has this content, or newer */
#define CC_E_OFFER_GIVEN_UP 1113    /* it tried this content and gave it up */
#define CC_E_OFFER_AHEAD 1114       /* the sequence is too far ahead */
#define CC_E_OFFER_EXPIRED 1115     /* the time to install it is over */
#define CC_E_OFFER_DIGEST 1116      /* the image is not the one that was signed: fetch it again */
#define CC_E_OFFER_MIXED 1117       /* the image has another sequence than what was signed */
#define CC_E_OFFER_KILL 1118        /* a kill list could not switch off every rule of it */
#define CC_E_OFFER_MEMORY 1119      /* a thread still holds an earlier image: offer it again later */
#define CC_E_OFFER_SPACE 1120       /* the disk has too little room: later */
#define CC_E_OFFER_READ_ONLY 1121   /* the directory cannot be written to: later */
#define CC_E_OFFER_TAKEN 1122       /* another sensor has the directory */
#define CC_E_OFFER_UNPROVEN 1123    /* no token of the log shows that a ring was opened for it */
#define CC_E_OFFER_LOG_BACK 1124    /* the log is older than one that this device has seen: later */
#define CC_E_OFFER_LOG_FORK 1125    /* the log is another one than this device has seen */
#define CC_E_OFFER_UNSAFE 1126      /* the plan opens more at once than any device takes */
#define CC_E_OFFER_NO_IDENTITY 1127 /* the device has no id, so it is in no ring */
#define CC_E_OFFER_RING 1128        /* the ring of this device is not open yet: later */
#define CC_E_OFFER_SOON 1129        /* the ring was opened too soon after the one before: later */
#define CC_E_OFFER_STALE 1130       /* the witnesses signed too long ago: fetch a newer token */
#define CC_E_OFFER_IDLE 1131        /* this sensor would run no rule of it */
#define CC_E_OFFER_BEHIND 1132      /* this device stays behind, and too few newer releases are everywhere: later */

/* ---- The store ---- */

/* Content on this device. One for a process. */
typedef struct cc_store cc_store_t;

/* What is the sensor's own. */
typedef struct cc_store_config {
    size_t size_of_self; /* sizeof(cc_store_config_t) */
    const cc_manifest_t *manifest;
    cc_bytes_t directory; /* a path, not empty. It and what is in it are made where they are missing */
    cc_bytes_t root;      /* the text of the root keys that the sensor was built with: docs/keys.md */
    cc_bytes_t factory;   /* the image that is built in; no bytes: there is none, and without other content nothing is evaluated */
    cc_bytes_t build;     /* any bytes that tell this build of the sensor from others, such as its version */
    uint64_t built;       /* when it was built, in seconds since 1970: a clock that says less is not believed */
    cc_bytes_t log;       /* the policy of the log by which rings are opened; no bytes: the keys are all that is asked for */
    /* Both 0: the patience that devices have. Otherwise a trial that one can watch, of so many seconds and events: for trying out. */
    uint64_t watch_seconds;
    uint64_t watch_events;
    /* The place of this device in its redundancy group as the roll of the fleet has it, such as "db-7:1/2"; no bytes: it is in none. No two
     * devices of a group are in one ring, and the first one goes first. A struct without this member is taken as it was. */
    cc_bytes_t group;
    uint32_t behind; /* by how many releases this device stays behind the newest one, as the roll has it: 0, 1 or 2 */
} cc_store_config_t;

/* Opens the store, accounts for how the last run ended, and decides what runs. Where nothing in the directory can be used, factory content
 * runs, and the status says why: it is no error. `*store` is NULL where a member is wrong: by the status, and `why`, which may be
 * NULL, says where in the manifest or in the root. */
cc_status_t cc_store_open(const cc_store_config_t *config, cc_store_t **store, cc_refusal_t *why);

/* Takes new content: an image, the envelope by which it was signed
 * (`contentcheck gate --evidence DIR --sign KEY` writes it), and the token that opens the ring of
 * this device for it; no bytes, where the sensor asks for no log. What is taken is tried at once. An image that is refused for what is in it has
 * the status that cc_verify would give. */
cc_status_t cc_store_offer(cc_store_t *store, cc_bytes_t image, cc_bytes_t envelope, cc_bytes_t token);

/* Takes a kill list: it counts at once, for whatever runs. `*is_kept`, which may be NULL, is 0 where it does not count after a restart, since
 * the disk cannot be written to. CC_E_OFFER_KNOWN: the list that counts has a higher epoch, or is another one of the same epoch. */
cc_status_t cc_store_kill(cc_store_t *store, cc_bytes_t list, cc_bytes_t envelope, uint32_t *is_kept);

/* Takes the newest checkpoint of the log, where there is nothing to install: so the device knows that nobody keeps a release from it. */
cc_status_t cc_store_hear(cc_store_t *store, cc_bytes_t checkpoint);

/* Why the last cc_store_offer, cc_store_kill or cc_store_hear was refused, in words; nothing, where it was not, or where the call itself was wrong.
 * As cc_describe writes. */
cc_status_t cc_store_said(const cc_store_t *store, char *buffer, size_t size, size_t *length);

#define CC_ADVICE_GO_ON 0
#define CC_ADVICE_RESTART 1 /* a thread hangs and cannot be taken back: exit in an error, and be started again */

/* Looks at how the content that runs is doing: it is confirmed here, or undone. Call it every few seconds. */
cc_status_t cc_store_check(cc_store_t *store, uint32_t *advice);

#define CC_CONDITION_WELL 0
#define CC_CONDITION_ATTENTION 1 /* confirmed content runs, and somebody should look */
#define CC_CONDITION_DEGRADED 2  /* neither new nor confirmed content runs */
#define CC_CONDITION_BLIND 3     /* nothing is evaluated */

#define CC_RUNG_CANDIDATE 0 /* on trial */
#define CC_RUNG_GOOD 1      /* last known good */
#define CC_RUNG_EARLIER 2   /* the good one before it */
#define CC_RUNG_FACTORY 3
#define CC_RUNG_NOTHING 4

/* What runs. Counts are those of this content in this run. */
typedef struct cc_standing {
    uint32_t condition;
    uint32_t rung;
    uint8_t image[32]; /* SHA-256 of it; zeros: nothing runs */
    uint64_t sequence;
    uint32_t rule_count;
    uint32_t loaded_rules;
    uint32_t switched_off; /* by the kill list */
    uint32_t is_owner;     /* 0: another sensor has the directory, and this one only reads */
    uint64_t seconds;      /* of the run */
    uint64_t events;
    uint64_t matches;
    uint64_t exhausted; /* events whose budget was spent */
    uint64_t faults;    /* events that were not laid out as the manifest says: a bug of the sensor */
    uint64_t mistyped;  /* the same of single inputs, of those that a loaded rule reads */
} cc_standing_t;

cc_status_t cc_store_standing(cc_store_t *store, cc_standing_t *standing);

#define CC_FORM_TEXT 0 /* for people, several lines */
#define CC_FORM_JSON 1 /* for machines: docs/embedding.md has its members */

/* What runs and all that the device knows. As cc_describe writes. */
cc_status_t cc_store_status(cc_store_t *store, uint32_t form, char *buffer, size_t size, size_t *length);

/* The sensor stops in an orderly way. Without this call the next start asks how this run ended, of the file `ended` that the service manager
 * writes (docs/embedding.md). FREES the store; readers go on until they are closed. */
cc_status_t cc_store_stop(cc_store_t *store);

/* ---- Readers ---- */

/* Evaluates the events of one thread. */
typedef struct cc_reader cc_reader_t;

cc_status_t cc_reader_open(const cc_store_t *store, cc_reader_t **reader);

/* The rules that match an event, by the content that counts now: what the store exchanges meanwhile is used from the next event on, and nobody
 * waits for it. `event->template_no` is not looked at: the template type is named, and content that has it in several versions is asked by all of
 * them. No content, or none for this template type: CC_OK, and no match. CC_E_TEMPLATE: the manifest does not have the name.
 * Rule numbers are those of cc_reader_image. CC_MORE: there are more matches than `capacity`; every rule was asked, so lend
 * `loaded_rules` of cc_standing_t where none may be missed. */
cc_status_t cc_reader_evaluate(cc_reader_t *reader, cc_bytes_t template_name, const cc_event_t *event, uint64_t budget,
                               uint32_t *rules, size_t capacity, cc_outcome_t *outcome);

/* The image by which the last event was evaluated, for cc_rule_info, cc_why and all else that asks an image; NULL: nothing runs. It may be
 * used until the next call with this reader. */
cc_status_t cc_reader_image(cc_reader_t *reader, const cc_image_t **image);

/* Lets go of content that counts no more. A device holds two images at most, so call it where no event has come for some seconds:
 * otherwise the second release that is offered meanwhile waits (CC_E_OFFER_MEMORY). */
cc_status_t cc_reader_renew(cc_reader_t *reader);

/* FREES the reader. */
cc_status_t cc_reader_close(cc_reader_t *reader);

#ifdef __cplusplus
}
#endif

#endif
