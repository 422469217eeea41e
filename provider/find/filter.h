/* provider/find/filter.h - which of the rows that a search brings are wanted. */
#ifndef CPROV_PROVIDER_FIND_FILTER_H
#define CPROV_PROVIDER_FIND_FILTER_H

#include <regex.h>

#include "provider/session.h"

struct cprov_find_filter {
    struct cprov_session *session;
    const struct cprov_find_options *options; /* borrowed */
    regex_t regex;
    bool has_regex;
    int64_t created_since; /* 0: none */
    struct cprov_digest digest;
    bool has_digest;
};

/* CPROV_EINVAL: an option that cannot be understood. Clear it in any case. */
CPROV_MUST_CHECK
int cprov_find_filter_init(struct cprov_find_filter *f, struct cprov_session *s,
                           const struct cprov_find_options *options, struct cprov_error *err);
void cprov_find_filter_clear(struct cprov_find_filter *f);

/* Whether it looks at more than names and versions. */
bool cprov_find_filter_needs_details(const struct cprov_find_filter *f);
/* *platform: what keeps it out is that it is for another platform or culture. */
bool cprov_find_filter_passes(const struct cprov_find_filter *f, const struct cprov_listing *row,
                              bool *platform);
/* How well the row answers `search`: lower is better. */
int64_t cprov_find_relevance(const struct cprov_find_filter *f, const struct cprov_listing *row);
/* The URL of a culture in the "de-de=URL en-us=URL" of a row; false when it has none of it. */
bool cprov_find_culture(const struct cprov_listing *row, const char *culture,
                        struct cprov_span *url);

#endif
