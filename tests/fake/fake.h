/* tests/fake/fake.h - a registry that does what a script says, and misbehaves as told. */
#ifndef CPROV_TESTS_FAKE_FAKE_H
#define CPROV_TESTS_FAKE_FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/json.h"
#include "base/span.h"

/*
 * One process, one script, two listening ports ("main" and "other", another origin that serves the
 * same repositories without a login). Everything made from the script lives until the process ends,
 * so nothing here is freed but what belongs to one request. README.md has the script's language.
 */

#define FAKE_DIGEST_MAX 80
#define FAKE_BODY_MAX   (256u << 20) /* any one document or layer in memory */
#define FAKE_FORM_MAX   (64u << 10)  /* a posted form */

_Noreturn void fake_die(const char *format, ...) CPROV_PRINTF(1, 2);
void *fake_alloc(size_t len); /* zeroed, never NULL */
char *fake_copy(const char *text);
char *fake_format(const char *format, ...) CPROV_PRINTF(1, 2);
/* "text with $NAME" with each `name` (dollar included) replaced. */
char *fake_replace(const char *text, const char *name, const char *with);

struct fake_list {
    void **item;
    size_t count;
};
void fake_list_add(struct fake_list *l, void *item);
/* Of that many bytes, or zeros where bytes is NULL. */
void fake_digest_of(const char *bytes, uint64_t size, char digest[FAKE_DIGEST_MAX]);

/* --- the script's words --- */

/* One line: `kind first second key=value flag`. Words that nobody asked for are an error. */
struct fake_words {
    struct fake_list list;
    bool *used;
    size_t line;
};
const char *fake_word(struct fake_words *w, size_t i, const char *what); /* dies when missing */
/* The value of key=value, "" for the bare word, NULL when it is not there. */
const char *fake_option(struct fake_words *w, const char *key);
bool fake_flag(struct fake_words *w, const char *key);
/* Every word key=value: the next value after *i, or NULL. Start with *i = 0. */
const char *fake_each(struct fake_words *w, const char *key, size_t *i);
uint64_t fake_number(struct fake_words *w, const char *key, uint64_t otherwise); /* 64k, 5M, 1G */
uint64_t fake_millis(struct fake_words *w, const char *key);                     /* "1.5" seconds */
uint64_t fake_bytes_of(const char *text); /* dies unless it is a number with k, M or G */
bool fake_glob(const char *pattern, const char *text);

/* --- what is served --- */

struct fake_blob {
    char digest[FAKE_DIGEST_MAX];
    const char *type;
    const char *bytes; /* NULL: `size` zeros */
    uint64_t size;
    bool foreign; /* not under /v2/, but at /foreign/DIGEST */
};

struct fake_image {
    const char *name; /* the tag it was made as; "-name": has no tag */
    struct fake_blob *manifest;
    struct fake_blob *config;  /* NULL for an index */
    struct fake_list layers;   /* struct fake_blob */
    struct fake_list diff_ids; /* char */
    const char *os, *arch, *variant, *os_version, *os_features;
    const char *artifact_type;
    const struct fake_image *subject;
    bool attestation;
};

struct fake_tag {
    const char *name;
    const struct fake_image *image; /* NULL: listed, but not there */
};

struct fake_repo {
    const char *name;
    struct fake_list tags;   /* struct fake_tag, by name */
    struct fake_list images; /* struct fake_image */
    bool null_tags;
};

struct fake_raw {
    const char *path, *type;
    int status;
    struct fake_list headers; /* char: "Name: value" */
    struct cprov_buf body;
    const char *file; /* live: read at each request; or NULL */
    bool etag;        /* the hash of the body */
};

/* How lists are cut into pages. */
struct fake_paging {
    uint64_t page; /* entries; 0: all at once */
    const char
        *link; /* relative, absolute, unquoted, bare, several, other-host, loop, endless, none */
    int off;   /* status instead of a list, or 0 */
};

struct fake_auth {
    const char *repo; /* glob */
    const char *user, *password;
    bool bearer, anonymous, post_only, get_only, open_ping, silent, no_expires;
    uint64_t expires_ms;
    const char *identity;   /* refresh token that is taken */
    const char *challenge;  /* instead of ours; $REALM */
    const char *realm;      /* same, other, or a URL */
    const char *blob_scope; /* a further scope that blobs need */
    const char *token_key;  /* token, access_token, both */
};

struct fake_fault {
    const char *glob, *method;
    uint64_t skip, count; /* of the requests that match: pass, then spoil */
    bool ranged;          /* only requests with Range */
    int at;               /* 0 both ports, 1 main, 2 other */
    int status;
    const char *retry_after, *redirect, *encoding, *type, *header, *body, *etag;
    const char *cut, *extra, *shorten, *stall_at;
    uint64_t delay_ms, stall_ms, rate;
    bool corrupt, no_range, bad_content_range, no_content_range, no_digest, lie_digest, html,
        garbage, close, no_length;
    uint64_t hits;
};

struct fake {
    struct fake_list repos, raws, auths, faults;
    struct fake_list foreign; /* struct fake_blob */
    struct fake_paging catalog, tags;
    bool no_referrers, filters_applied;
    const char *scheme, *other_scheme;
    const char *host, *other_host, *strange_host; /* "127.0.0.1:port"; "127.0.0.2:port" */
    int log_fd;
    pthread_mutex_t lock;
};
extern struct fake fake;

struct fake_repo *fake_repo_named(const char *name); /* NULL when there is none */
struct fake_repo *fake_repo_make(const char *name);
const struct fake_image *fake_image_named(const struct fake_repo *r, const char *name);
/* REPO:NAME; dies when it is not there. */
const struct fake_image *fake_image_at(const char *place, struct fake_repo **repo);
void fake_tag_set(struct fake_repo *r, const char *name, const struct fake_image *image);

void fake_script_read(const char *path);
void fake_build_image(struct fake_words *w);
void fake_build_index(struct fake_words *w);
void fake_build_referrer(struct fake_words *w);
void fake_fault_read(struct fake_words *w);
void fake_auth_read(struct fake_words *w);
/* Replaces @REPO:TAG/layer/N, /config and /manifest in the globs of faults by their paths. */
void fake_faults_resolve(void);
void fake_inventory_write(const char *path);

/* tar.c: a ustar archive, deterministic. */
void fake_tar_dir(struct cprov_buf *out, const char *name);
void fake_tar_file(struct cprov_buf *out, const char *name, const char *bytes, size_t len);
void fake_tar_end(struct cprov_buf *out);

/* --- one request --- */

struct MHD_Connection;

struct fake_request {
    struct MHD_Connection *connection;
    bool other; /* came in at the other port */
    const char *method, *path;
    const char *range, *if_range, *if_none_match, *authorization; /* or NULL */
    struct cprov_buf form;
    uint64_t id;
    uint64_t sent;
};

/* What will be answered. Texts are copied by whoever sends it. */
struct fake_reply {
    int status;
    const char *type;
    const char *digest; /* Docker-Content-Digest */
    char etag[128];
    const char *bytes;        /* NULL: zeros */
    uint64_t size;            /* of the whole */
    bool ranges;              /* Range is looked at */
    struct cprov_buf body;    /* where `bytes` points for an answer made up on the spot */
    struct fake_list headers; /* char: "Name: value" */
};
void fake_reply_header(struct fake_reply *p, const char *format, ...) CPROV_PRINTF(2, 3);
void fake_reply_error(struct fake_reply *p, int status, const char *code);
/* Ends a document begun in p->body. */
void fake_reply_body(struct fake_reply *p, int status, const char *type);

/* The query argument, or NULL; borrowed. */
const char *fake_query(const struct fake_request *q, const char *name);

/* false: *p holds the refusal. */
bool fake_auth_allows(const struct fake_request *q, const char *repo, struct fake_reply *p);
void fake_auth_token(const struct fake_request *q, struct fake_reply *p);
const char *fake_auth_kind(const struct fake_request *q); /* for the log: none, basic, bearer */

void fake_list_catalog(const struct fake_request *q, struct fake_reply *p);
void fake_list_tags(const struct fake_request *q, const struct fake_repo *r, struct fake_reply *p);
void fake_list_referrers(const struct fake_request *q, const struct fake_repo *r,
                         const char *digest, struct fake_reply *p);

/* The fault for this request, counted; NULL: behave. */
const struct fake_fault *fake_fault_for(const struct fake_request *q);
/* Changes what the answer says. */
void fake_fault_apply(const struct fake_fault *f, const struct fake_request *q,
                      struct fake_reply *p);

/* How the bytes of an answer go out. */
struct fake_shape {
    uint64_t declared; /* Content-Length; UINT64_MAX: none */
    uint64_t cut;      /* the connection ends after so many; UINT64_MAX: never */
    uint64_t stall_at, stall_ms, rate;
    bool corrupt;
};
void fake_shape_of(const struct fake_fault *f, uint64_t len, struct fake_shape *out);

void fake_log(const char *format, ...) CPROV_PRINTF(1, 2);
struct MHD_Daemon;
struct MHD_Daemon *fake_serve_start(int socket, bool other, const char *cert, const char *key);

#endif
