/* base/outfile.h - a file that a person names, to be written: the one opener for all of them. */
#ifndef CPROV_BASE_OUTFILE_H
#define CPROV_BASE_OUTFILE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/fs.h"

struct cprov_error;

enum cprov_outfile_kind {
    CPROV_OUTFILE_NONE,   /* nothing has the name */
    CPROV_OUTFILE_FILE,   /* a regular file */
    CPROV_OUTFILE_STREAM, /* a pipe or a character device, or "-": standard output */
    CPROV_OUTFILE_FOLDER,
    CPROV_OUTFILE_LINK,  /* a symlink: never followed, never replaced */
    CPROV_OUTFILE_OTHER, /* a block device, a socket */
};

/* What has the name. /dev/stdout, /dev/fd/N and what a shell makes of >(command) are what they lead
 * to; other links are links. */
enum cprov_outfile_kind cprov_outfile_look(const char *path);

/*
 * A regular file gathers beside the name and takes it when it is kept: what has the name is whole,
 * or what was there before. A stream is written into, whatever replace says, and is never replaced.
 */
struct cprov_outfile {
    int fd;
    bool stream;
    bool replace;
    struct cprov_fs_draft draft;
};
#define CPROV_OUTFILE_INIT                                                                         \
    {                                                                                              \
        .fd = -1, .draft = CPROV_FS_DRAFT_INIT                                                     \
    }

/* What opening would say, without touching anything: CPROV_EEXISTS (a file, and not replace),
 * CPROV_EINVAL (a folder), CPROV_EREFUSED (a link, or no regular file). */
CPROV_MUST_CHECK
int cprov_outfile_check(const char *path, bool replace, struct cprov_error *err);
/* path is borrowed until it is dropped. Opening a pipe waits for its reader. */
CPROV_MUST_CHECK
int cprov_outfile_open(const char *path, bool replace, struct cprov_outfile *f,
                       struct cprov_error *err);
/* Syncs, and gives it the name; its mode is what the umask leaves of 0666. */
CPROV_MUST_CHECK
int cprov_outfile_keep(struct cprov_outfile *f, struct cprov_error *err);
void cprov_outfile_drop(struct cprov_outfile *f); /* in any case; removes what was not kept */
#define auto_outfile CPROV_CLEANUP(cprov_outfile_drop)

/* All of it at once. */
CPROV_MUST_CHECK
int cprov_outfile_replace(const char *path, struct cprov_span content, bool replace,
                          struct cprov_error *err);

/* For lines that are appended: a regular file, made when it is missing, or a stream. */
CPROV_MUST_CHECK
int cprov_outfile_append(const char *path, int *fd, struct cprov_error *err);

#endif
