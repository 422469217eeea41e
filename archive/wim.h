/* archive/wim.h - what a WIM file says of itself; the home of wimlib. */
#ifndef CPROV_ARCHIVE_WIM_H
#define CPROV_ARCHIVE_WIM_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

#define CPROV_WIM_HEADER 208 /* bytes at the start of every WIM file */
#define CPROV_WIM_TYPE   "application/x-ms-wim"

/* Where in the file the description of its images is. */
struct cprov_wim_parts {
    uint64_t xml_offset;
    size_t xml_size; /* at most CPROV_WIM_XML_MAX */
    uint32_t images;
};

/*
 * The container image that a WIM file holds: its first image, and in a second one perhaps the
 * utility VM. Texts live in the arena, "" when unknown.
 */
struct cprov_wim {
    uint64_t bytes; /* of the file */
    uint32_t images;
    const char *version;    /* "10.0.10586.8": the build of the Windows that is in it */
    const char *image_name; /* as whoever captured it called it */
    const char *description;
    const char *architecture; /* "amd64" */
    const char *platform;     /* "windows(10.0.10586.8)/amd64" */
    const char *created;      /* RFC 3339 */
};

/*
 * Reads the header of a file of that many bytes. CPROV_EVERIFY: not a WIM file, a part of a split
 * one, a description outside of the file; CPROV_ELIMIT: one that is too large.
 */
CPROV_MUST_CHECK
int cprov_wim_header(const uint8_t header[CPROV_WIM_HEADER], uint64_t file_size,
                     struct cprov_wim_parts *out, struct cprov_error *err);

/*
 * Reads the description. CPROV_EVERIFY: damaged, another number of images than one or two, no
 * version in it; CPROV_EUNSUPPORTED: wimlib is not installed (the hint names the package).
 */
CPROV_MUST_CHECK
int cprov_wim_describe(const uint8_t header[CPROV_WIM_HEADER], uint64_t file_size,
                       struct cprov_span xml, struct cprov_arena *arena, struct cprov_wim *out,
                       struct cprov_error *err);

/* Both, of an open file. Nothing but the header and the description is read. */
CPROV_MUST_CHECK
int cprov_wim_read(int fd, struct cprov_arena *arena, struct cprov_wim *out,
                   struct cprov_error *err);

#endif
