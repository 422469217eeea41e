/* cprov_fake_registry --script FILE --port-file FILE [--log FILE] [--inventory FILE]
 *                     [--cert PEM --key PEM [--plain-other]] */
#include "fake.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"

struct arguments {
    const char *script, *port_file, *log, *inventory, *cert, *key;
    bool plain_other; /* the other port speaks plain HTTP */
};

static const struct option options[] = {
    { "script", required_argument, NULL, 's' }, { "port-file", required_argument, NULL, 'p' },
    { "log", required_argument, NULL, 'l' },    { "inventory", required_argument, NULL, 'i' },
    { "cert", required_argument, NULL, 'c' },   { "key", required_argument, NULL, 'k' },
    { "plain-other", no_argument, NULL, 'o' },  { NULL, 0, NULL, 0 },
};

static void read_arguments(int argc, char **argv, struct arguments *out)
{
    for (int c = getopt_long(argc, argv, "", options, NULL); c != -1;
         c = getopt_long(argc, argv, "", options, NULL)) {
        if (c == 's')
            out->script = optarg;
        else if (c == 'p')
            out->port_file = optarg;
        else if (c == 'l')
            out->log = optarg;
        else if (c == 'i')
            out->inventory = optarg;
        else if (c == 'c')
            out->cert = optarg;
        else if (c == 'k')
            out->key = optarg;
        else if (c == 'o')
            out->plain_other = true;
        else
            exit(2);
    }
    if (!out->script || !out->port_file)
        fake_die("--script and --port-file are wanted");
}

/* Listens on a free port of the loopback, 127.0.0.last; *address is "127.0.0.1:port". */
static int listen_somewhere(unsigned last, const char **address)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        fake_die("cannot listen");
    *address = fake_format("127.0.0.%u:%d", last, ntohs(at.sin_port));
    return fd;
}

static const char *pem_of(const char *path)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_buf text;

    if (!path)
        return NULL;
    cprov_buf_init(&text, FAKE_FORM_MAX);
    if (cprov_fs_read(AT_FDCWD, path, FAKE_FORM_MAX, &text, &err) < 0)
        fake_die("%s", err.msg);
    return fake_copy(cprov_buf_text(&text));
}

/* Whole or not at all: the test waits for the file to be there. */
static void write_ports(const char *path)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    const char *text = fake_format("%s %s\n", fake.host, fake.other_host);

    if (cprov_fs_replace(AT_FDCWD, path, cprov_span_of(text), 0644, &err) < 0)
        fake_die("%s", err.msg);
}

int main(int argc, char **argv)
{
    struct arguments a = { 0 };
    sigset_t ends;
    int number;

    read_arguments(argc, argv, &a);
    /* Before any thread is made, so that all of them leave these signals to sigwait(). */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);

    const char *cert = pem_of(a.cert), *key = pem_of(a.key);
    int sockets[] = { listen_somewhere(1, &fake.host), listen_somewhere(1, &fake.other_host),
                      listen_somewhere(2, &fake.strange_host) };
    bool other_tls = cert && !a.plain_other;
    fake.scheme = cert ? "https" : "http";
    fake.other_scheme = other_tls ? "https" : "http";
    fake.log_fd = a.log ? open(a.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
    fake_script_read(a.script);
    if (a.inventory)
        fake_inventory_write(a.inventory);
    if (!fake_serve_start(sockets[0], false, cert, key) ||
        !fake_serve_start(sockets[1], true, other_tls ? cert : NULL, key) ||
        !fake_serve_start(sockets[2], true, other_tls ? cert : NULL, key))
        fake_die("libmicrohttpd does not start");
    write_ports(a.port_file);
    sigwait(&ends, &number);
    /* Requests may be stalled on purpose: nobody waits for them. */
    _exit(0);
}
