/* provider/find/file.h - what one file says of itself: on this machine, or on a web server. */
#ifndef CPROV_PROVIDER_FIND_FILE_H
#define CPROV_PROVIDER_FIND_FILE_H

#include "base/compiler.h"
#include "provider/session.h"

struct cprov_error;

/*
 * Gives an item for each image of a WIM file, an archive, a layout, or a folder of these; its
 * source is the path. CPROV_ENOTFOUND, CPROV_EVERIFY.
 */
CPROV_MUST_CHECK
int cprov_find_file(struct cprov_session *s, const char *path, struct cprov_error *err);

/*
 * An item for the WIM file at a URL: header and description are read, by ranges.
 * CPROV_EUNSUPPORTED: the server gives no ranges, so that the whole file would have to come.
 */
CPROV_MUST_CHECK
int cprov_find_uri(struct cprov_session *s, const char *url, struct cprov_error *err);

#endif
