/* manifest/choice.h - the best of several platforms for a host, offered one by one. */
#ifndef CPROV_MANIFEST_CHOICE_H
#define CPROV_MANIFEST_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/platform.h"

/* What is compared, the most important first; a higher number is better. */
enum cprov_choice_rank {
    CPROV_RANK_NAMED,   /* the entry has a platform at all */
    CPROV_RANK_OS,      /* preference among operating systems when the host admits any */
    CPROV_RANK_EXACT,   /* the entry names its architecture */
    CPROV_RANK_VARIANT, /* the newest that the host runs */
    CPROV_RANK_VERSION, /* the entry has a version: everything below is Windows alone */
    CPROV_RANK_PROCESS, /* runs without a virtual machine */
    CPROV_RANK_SAME,    /* same build as the host */
    CPROV_RANK_MAJOR,
    CPROV_RANK_MINOR,
    CPROV_RANK_BUILD,
    CPROV_RANK_NOT_ABOVE, /* revision not above the host's */
    CPROV_RANK_REVISION,
    CPROV_RANKS
};

struct cprov_choice {
    const struct cprov_host *host;
    struct cprov_os_version version; /* of a Windows host */
    bool has_version;
    bool bad_version; /* given, but not a version: no Windows image fits */
    uint64_t best[CPROV_RANKS];
    size_t best_index;
    bool found;
    size_t loose_index; /* fits but for an architecture that the host left open */
    size_t loose_count;
};

void cprov_choice_init(struct cprov_choice *c, const struct cprov_host *host);
/* NULL platform: the entry has none. */
void cprov_choice_offer(struct cprov_choice *c, const struct cprov_platform *p, size_t index);
/* Whether one was chosen, and which. */
bool cprov_choice_result(const struct cprov_choice *c, size_t *index);

#endif
