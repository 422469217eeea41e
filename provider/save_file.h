/* provider/save_file.h - a file that a source lists, and no image, brought to a path. */
#ifndef CPROV_PROVIDER_SAVE_FILE_H
#define CPROV_PROVIDER_SAVE_FILE_H

#include "base/compiler.h"
#include "provider/resolve.h"

struct cprov_error;

/* The end of the file's name, with its dot: ".wim"; "" when its URL has none. In the call's arena.
 */
const char *cprov_file_ending(struct cprov_session *s, const char *url);

/*
 * Gets the file of a target that has a URL (http, https, file) to a path, through a temporary
 * folder beside it; an existing file is replaced. Size and hash are compared when the source
 * tells them; what an interrupted call left is gone on from. target->bytes and its digest are known
 * afterwards.
 *
 * CPROV_EVERIFY: other bytes than the source says, of which nothing is left; or the source tells no
 * hash and unverified is false (hint: --allow-unverified). CPROV_ENETWORK: listed, but missing.
 */
CPROV_MUST_CHECK
int cprov_save_file(struct cprov_session *s, struct cprov_target *target, const char *path,
                    bool unverified, struct cprov_error *err);

#endif
