/* serve/served_private.h - a store as repositories and tags; follows index.json. */
#ifndef CPROV_SERVE_SERVED_PRIVATE_H
#define CPROV_SERVE_SERVED_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"
#include "serve/content_private.h"
#include "store/store.h"

struct cprov_entry;
struct cprov_error;
struct cprov_served;
struct cprov_view;
struct cprov_repository;
struct cprov_cards;
struct cprov_served_catalog;
struct cprov_family;

/*
 * Reads index.json. store is borrowed. The functions below may be called from several threads.
 * CPROV_EVERIFY: index.json is damaged.
 */
CPROV_MUST_CHECK
int cprov_served_new(struct cprov_store *store, struct cprov_served **out, struct cprov_error *err);
/* Every view must have been released. NULL-safe. */
void cprov_served_free(struct cprov_served *s);
CPROV_DEFINE_CLEANUP(struct cprov_served, cprov_served, cprov_served_free)
#define auto_served CPROV_CLEANUP(cprov_served_cleanup)

/*
 * The state of now: index.json is read again when its inode, size or time is another, by one
 * thread: for others the state before goes on until it is done. When that fails the last good state
 * does. Never NULL; release it. What it gives out lives as long.
 */
struct cprov_view *cprov_served_view(struct cprov_served *s);
void cprov_view_release(struct cprov_view *v); /* NULL-safe */
CPROV_DEFINE_CLEANUP(struct cprov_view, cprov_view, cprov_view_release)
#define auto_view CPROV_CLEANUP(cprov_view_cleanup)

/* Whether index.json has changed, is large, and nobody is reading it: view() would take its time.
 */
bool cprov_served_is_behind(struct cprov_served *s);

/* Why index.json could not be read again; false when it could, or when that was told already. */
bool cprov_served_problem(struct cprov_served *s, struct cprov_error *out);

/* All repositories, and all tags of one, in the order of unsigned bytes. */
const char *const *cprov_view_names(const struct cprov_view *v, size_t *count);
const char *const *cprov_repository_tags(const struct cprov_repository *r, size_t *count);
/* The index of the first text after `last`, which need not be there, in such a list. */
size_t cprov_names_after(const char *const *list, size_t count, struct cprov_span last);

/* NULL when there is none. */
struct cprov_repository *cprov_view_find(struct cprov_view *v, struct cprov_span name);
const struct cprov_served_item *cprov_repository_find(const struct cprov_repository *r,
                                                      struct cprov_span tag);
/* What index.json says of the image of tag i; texts are never NULL. *own is false when the image is
 * served under another repository too, the one of its reference. */
const struct cprov_entry *cprov_repository_image(const struct cprov_repository *r, size_t i,
                                                 bool *own);

/* What is made of documents, which are read when it is first asked for. */
enum cprov_view_part { CPROV_VIEW_CARDS = 1, CPROV_VIEW_FAMILY = 2, CPROV_VIEW_CATALOG = 4 };
/* Whether it is there already: then it costs nothing, else up to seconds. Does not wait. */
bool cprov_view_has(const struct cprov_view *v, enum cprov_view_part part);
/* Makes it; what fails fails again for whoever asks. */
void cprov_view_prepare(struct cprov_view *v, enum cprov_view_part part);

/* Borrowed from the view. */
CPROV_MUST_CHECK
int cprov_view_cards(struct cprov_view *v, const struct cprov_cards **out, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_view_family(struct cprov_view *v, const struct cprov_family **out,
                      struct cprov_error *err);
/* The catalog document. *out is yours: cprov_served_catalog_release(). */
CPROV_MUST_CHECK
int cprov_view_catalog(struct cprov_view *v, struct cprov_served_catalog **out,
                       struct cprov_error *err);

/* What its images name; manifests are read when it is first asked for. Borrowed from the view. */
CPROV_MUST_CHECK
int cprov_repository_content(struct cprov_view *v, struct cprov_repository *r,
                             const struct cprov_content **out, struct cprov_error *err);

#endif
