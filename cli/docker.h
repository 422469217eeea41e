/* cli/docker.h - names as Docker's command line has them. */
#ifndef CPROV_CLI_DOCKER_H
#define CPROV_CLI_DOCKER_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * "alpine" -> "docker.io/library/alpine:latest", "team/app:1" -> "docker.io/team/app:1". What has a
 * host, is no lower-case repository, or is local ("oci:DIR") stays as it is, but for the tag, which
 * is added when `tag` and the name has neither tag nor digest. NULL: the arena failed.
 */
const char *cprov_docker_reference(struct cprov_arena *arena, const char *name, bool tag);

/* "docker.io/library/alpine:3" -> "alpine:3"; a part of the text. */
const char *cprov_docker_familiar(const char *reference);

#endif
