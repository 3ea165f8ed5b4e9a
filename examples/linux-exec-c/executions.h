/* Where events come from: the kernel's proc connector tells root of each execution, /proc of what was executed. */
#ifndef EXECUTIONS_H
#define EXECUTIONS_H

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

/* A process that is gone before anybody looks has a pid and nothing else. */
typedef struct {
    int32_t pid;
    char image[4096];
    size_t image_len;
    char arguments[16384]; /* each ended by a NUL; what is longer is cut off */
    size_t arguments_len;
} execution_t;

static int executions_open(void)
{
    /* A netlink message, in it one for the connector, in it what is asked for. */
    char message[sizeof(struct nlmsghdr) + sizeof(struct cn_msg) + sizeof(uint32_t)];
    struct nlmsghdr netlink = { sizeof(message), NLMSG_DONE, 0, 0, 0 };
    struct cn_msg connector = { { CN_IDX_PROC, CN_VAL_PROC }, 0, 0, sizeof(uint32_t), 0 };
    uint32_t listen = PROC_CN_MCAST_LISTEN;
    struct sockaddr_nl address;
    int fd = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
    memcpy(message, &netlink, sizeof(netlink));
    memcpy(message + sizeof(netlink), &connector, sizeof(connector));
    memcpy(message + sizeof(netlink) + sizeof(connector), &listen, sizeof(listen));
    memset(&address, 0, sizeof(address));
    address.nl_family = AF_NETLINK;
    address.nl_groups = CN_IDX_PROC;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || send(fd, message, sizeof(message), 0) < 0)
        return -1;
    return fd;
}

/* The next execution within some milliseconds; 0: there is none. */
static int executions_next(int fd, int milliseconds, execution_t *event)
{
    char bytes[1024], path[64];
    struct pollfd ready = { fd, POLLIN, 0 };
    ssize_t length;
    uint32_t what, pid;
    size_t at = sizeof(struct nlmsghdr) + sizeof(struct cn_msg);
    int file;
    if (poll(&ready, 1, milliseconds) <= 0)
        return 0;
    length = recv(fd, bytes, sizeof(bytes), 0);
    if (length < (ssize_t)(at + 20))
        return 0;
    memcpy(&what, bytes + at, 4);
    memcpy(&pid, bytes + at + 16, 4);
    if (what != 0x2) /* an execution */
        return 0;
    event->pid = (int32_t)pid;
    snprintf(path, sizeof(path), "/proc/%u/exe", pid);
    length = readlink(path, event->image, sizeof(event->image));
    event->image_len = length > 0 ? (size_t)length : 0;
    snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
    file = open(path, O_RDONLY | O_CLOEXEC);
    length = file < 0 ? 0 : read(file, event->arguments, sizeof(event->arguments));
    event->arguments_len = length > 0 ? (size_t)length : 0;
    if (file >= 0)
        close(file);
    return 1;
}

#endif
