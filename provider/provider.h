/* provider/provider.h - container-provider for programs: find, install, save, list, verify, serve.
 */
#ifndef CPROV_PROVIDER_PROVIDER_H
#define CPROV_PROVIDER_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CPROV_API __attribute__((visibility("default")))
#else
#define CPROV_API
#endif

/*
 * The release, and the number of the binary interface: libcprov.so.1, symbols of CPROV_1. The
 * release grows with every change; CPROV_ABI only with one that breaks programs which are built
 * already. The build reads them here.
 */
#define CPROV_VERSION_MAJOR 0
#define CPROV_VERSION_MINOR 1
#define CPROV_VERSION_PATCH 0
#define CPROV_ABI           1

/* Releases as numbers that compare: cprov_version() >= CPROV_VERSION_NUMBER(0, 2, 0). */
#define CPROV_VERSION_NUMBER(major, minor, patch) ((major)*1000000 + (minor)*1000 + (patch))
#define CPROV_VERSION                                                                              \
    CPROV_VERSION_NUMBER(CPROV_VERSION_MAJOR, CPROV_VERSION_MINOR, CPROV_VERSION_PATCH)

/* Of the library that is loaded, which may be another one than this header's. */
CPROV_API int cprov_version(void);              /* 1000 */
CPROV_API const char *cprov_version_text(void); /* "0.1.0" */

/*
 * Rules of this header. All text is UTF-8, NUL-terminated. Text given in options is borrowed until
 * the call returns; text handed to a callback is borrowed until the callback returns, never NULL
 * unless its comment says so, "" when unknown. No function prints, reads standard input, installs a
 * signal handler or ends the process. A session is used by one thread at a time; several sessions
 * may run in several threads. Callbacks run on the calling thread and must not call into the same
 * session; each may be NULL, and so may options and callbacks as a whole.
 *
 * Every struct that grows begins with its size, and grows at its end alone (docs/embedding.md).
 *  - Options and callbacks: begin with CPROV_INIT; everything else is then 0, the default. Fields
 *    that a shorter struct of an older header lacks count as 0. A longer struct of a newer header
 *    is taken when what this library does not know of it is 0, else CPROV_UNSUPPORTED. A size that
 *    no header has, such as 0, is CPROV_USAGE.
 *  - What callbacks get: CPROV_HAS() tells whether the library that is loaded has the field.
 *  - A struct within a struct is a pointer. Those without a size, in arrays, never grow.
 */
#ifdef __cplusplus
#define CPROV_INIT(type)                                                                           \
    ([] {                                                                                          \
        type made{};                                                                               \
        made.size = sizeof(type);                                                                  \
        return made;                                                                               \
    }())
#else
#define CPROV_INIT(type)                                                                           \
    {                                                                                              \
        .size = sizeof(type)                                                                       \
    }
#endif
#define CPROV_HAS(struct_pointer, field)                                                           \
    ((struct_pointer)->size >=                                                                     \
     (size_t)((const char *)(&(struct_pointer)->field + 1) - (const char *)(struct_pointer)))

/* What a call returns: 0, or one of these; the numbers are the exit codes of the command line with
 * the sign turned. */
enum cprov_result {
    CPROV_DONE = 0,
    CPROV_FAILED = -1,
    CPROV_USAGE = -2,
    CPROV_NOT_FOUND = -3,
    CPROV_NOT_VERIFIED = -4,
    CPROV_IN_USE = -5,
    CPROV_NETWORK = -6,
    CPROV_NO_SPACE = -7,
    CPROV_REFUSED = -8,
    CPROV_INCOMPATIBLE = -9,
    CPROV_EXISTS = -10,
    CPROV_NOT_AUTHORIZED = -11,
    CPROV_SOME_FAILED = -12,
    CPROV_CANCELLED = -13,
    CPROV_NO_MEMORY = -14,
    CPROV_UNSUPPORTED = -15, /* well formed, but of a kind that this library does not handle */
    CPROV_TOO_LARGE = -16    /* beyond a limit: docs/security.md */
};

/* The exit code of the command line: docs/exit-codes.md. */
CPROV_API int cprov_result_exit(int result);

struct cprov_session;

/* --- what comes back --- */

enum cprov_item_state {
    CPROV_AVAILABLE, /* found in a source */
    CPROV_INSTALLED, /* is in the store */
    CPROV_ADDED,     /* was installed or saved by this call */
    CPROV_PRESENT    /* was there already: nothing done */
};

/* One image. */
struct cprov_item {
    size_t size;
    enum cprov_item_state state;
    const char *name;    /* "NanoServer" */
    const char *version; /* "10.0.10586.8" */
    const char *description;
    const char *publisher;
    const char *source;    /* name of the source, or its location */
    const char *location;  /* location of the source */
    const char *reference; /* "registry.example/windows/nanoserver:10.0.10586.8" */
    const char *digest;    /* of the manifest or index, as its source gives it for the reference */
    const char *media_type;
    const char *platforms; /* "linux/amd64, linux/arm64" */
    const char *os_version;
    const char *created;   /* RFC 3339 */
    const char *installed; /* RFC 3339 */
    const char *image_id;  /* digest of the image config */
    const char *full_name; /* "CN=Microsoft_NanoServer_10.0.10586.8" */
    const char *parent; /* "ContainerImage (Name = 'X') [Publisher = 'P', Version = 'V']" or "" */
    const char *ref;    /* opaque: hand it to install or save as a name; carries no secret */
    const char *path;   /* where it was saved */
    const char
        *legacy_id; /* 64 hex digits: the id Docker of 2015 gave a base image of this full name */
    uint64_t bytes; /* of all blobs, compressed; 0 when unknown */
    bool trusted;   /* its source is trusted */
    bool is_os;     /* a base operating system image */
    bool several_sources; /* found: others were asked for it as well */
    const char *notes;
    const char *sha256;          /* of a file that is no image in a registry, without "sha256:" */
    const char *url;             /* of such a file, without its query */
    const char *dependencies;    /* "Name 1.0, Other [2.0,3.0)" */
    const char *culture;         /* the one chosen of those there are, or all: "de-de, en-us" */
    const char *checked;         /* RFC 3339: when it was last seen to be so; "" : just now */
    const char *platform_digest; /* installed: of the one manifest of an index that is there */
    const char *kind;            /* "image", "chart", "artifact", "file"; "" : not known */
};

/* Progress of one blob (id is its digest) or of the whole call (id is ""). Not more often than
 * every 50 ms for one id, and always at the end. */
struct cprov_progress {
    size_t size;
    const char *activity; /* "Downloading", "Verifying", "Saving"; "Waiting" for another process */
    const char *item;     /* "NanoServer 10.0.10586.8" */
    const char *id;
    bool finished;
    uint64_t done, total; /* bytes; total 0 when unknown */
    uint64_t rate;        /* bytes a second over the last seconds */
};

enum cprov_message_level {
    CPROV_MSG_RESULT, /* "Downloaded in 0 hours, 0 minutes, 10 seconds." */
    CPROV_MSG_WARNING,
    CPROV_MSG_VERBOSE,
    CPROV_MSG_DEBUG,
    CPROV_MSG_NOTE /* what else was done, in one line for people */
};

/* One failure, of one item or of the call. */
struct cprov_failure {
    size_t size;
    int result;             /* enum cprov_result */
    const char *id;         /* stable: "NoMatchFoundForCriteria" */
    const char *category;   /* stable: "ObjectNotFound" */
    const char *target;     /* what failed: "NanoServer 10.0.1" */
    const char *message;    /* one sentence without the target */
    const char *hint;       /* what a person can do about it, or ""; names no option and no verb */
    const char *hint_id;    /* stable: "Login"; or "" */
    const char *hint_about; /* the host, folder or name in the hint, or "" */
};

enum cprov_answer { CPROV_NO, CPROV_YES, CPROV_NO_TO_ALL, CPROV_YES_TO_ALL };
struct cprov_question {
    size_t size;
    const char *caption;
    const char *text; /* "Are you sure you want to install software from 'cat'?" */
};

/* Each with the fields that it has. */
enum cprov_change_kind {
    CPROV_CHANGE_INSTALL,           /* name, version; place: the source */
    CPROV_CHANGE_UNPACK,            /* name, version; place: the folder */
    CPROV_CHANGE_SAVE,              /* name, version; place: the file or folder */
    CPROV_CHANGE_EXPORT,            /* name, version; place: the file */
    CPROV_CHANGE_REPAIR_BLOBS,      /* count: damaged blobs; place: the store */
    CPROV_CHANGE_REPAIR_LAYOUT,     /* its oci-layout; place: the store */
    CPROV_CHANGE_REPAIR_LIST,       /* its index.json; place: the store */
    CPROV_CHANGE_NEW_CONTAINER,     /* name; place: its image */
    CPROV_CHANGE_REMOVE_CONTAINER,  /* name; place: the folder that goes with it, or "" */
    CPROV_CHANGE_REGISTER_SOURCE,   /* name; place: its location */
    CPROV_CHANGE_SET_SOURCE,        /* name */
    CPROV_CHANGE_UNREGISTER_SOURCE, /* name */
    CPROV_CHANGE_LOGIN,             /* name: the registry */
    CPROV_CHANGE_LOGOUT,            /* name: the registry */
    CPROV_CHANGE_ADD_TO_CATALOG,    /* place: the file */
    CPROV_CHANGE_EXPORT_CATALOG,    /* place: the file; "-": bytes() gets it */
    CPROV_CHANGE_PUSH_CATALOG,      /* name: the reference */
    CPROV_CHANGE_REMOVE_IMAGE,      /* name, version; count: bytes that it frees */
    CPROV_CHANGE_TAG_IMAGE,         /* name, version; place: the new name */
    CPROV_CHANGE_NEW_IMAGE          /* name, version; place: the path, or the container */
};
/* A change that is about to be made, or with what_if would be: all names are resolved. */
struct cprov_change {
    size_t size;
    enum cprov_change_kind kind;
    const char *name, *version, *place; /* "" : not of this kind */
    uint64_t count;
};

/* All may be NULL. Without `question` or `change` the answer is CPROV_NO. */
struct cprov_callbacks {
    size_t size;
    void *arg;
    void (*item)(void *arg, const struct cprov_item *item);
    void (*progress)(void *arg, const struct cprov_progress *progress);
    void (*message)(void *arg, enum cprov_message_level level, const char *text);
    void (*error)(void *arg, const struct cprov_failure *failure);
    enum cprov_answer (*question)(void *arg, const struct cprov_question *question);
    bool (*cancelled)(
        void *arg); /* asked at least every 100 ms; must be async-signal-clean: read a flag */
    /* Told with what_if, where no answer counts; asked with confirm, before each change. "To all"
     * is the caller's to remember: the next change is told all the same. */
    enum cprov_answer (*change)(void *arg, const struct cprov_change *change);
};

/* --- the session --- */

struct cprov_session_options {
    size_t size;
    const char *root;        /* store; NULL: CPROV_ROOT, configuration, default */
    const char *config_file; /* read last; NULL: none */
    const char *log_file;    /* one JSON line per change beside the store's own log; NULL: none */
    bool all_users;          /* the machine's store and configuration, whoever asks */
    bool current_user;       /* the user's, even for root */

    const char *const *sources; /* names, patterns or locations, in order of priority */
    size_t sources_count;

    const char
        *platform; /* "windows(10.0.20348)/amd64"; NULL: this machine's, else what there is */
    const char *os_version;  /* Windows host build */
    const char *isolation;   /* "process", "hyperv", "any" */
    const char *os_features; /* comma list; NULL: not looked at */
    bool match_host;         /* choose the newest version that the host runs */

    unsigned parallel;   /* 0: configuration or default */
    int retries;         /* 0: configuration or default; negative: none */
    uint64_t limit_rate; /* bytes a second */
    uint64_t timeout_ms; /* for the whole call; 0: none */
    uint64_t stall_timeout_ms;
    bool offline; /* no network */
    bool refresh; /* do not trust what is cached */

    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    const char *proxy; /* URL or "none" */
    bool allow_http;
    bool insecure; /* tls-verify=false */
    const char *authfile;
    const char *username;
    const char *password; /* wiped by nobody but the caller */

    bool what_if; /* tell callbacks->change what would be done; wins over everything */
    bool yes;     /* answer every question with yes, but that of trust */
    bool trust;   /* install from untrusted sources without asking */
    bool confirm; /* ask callbacks->change before each change, unless `yes` */

    const char *max_age; /* "10m", "0": how old what is known of a source may be; NULL: the
                            configuration's */
};

/* *out is written on success. A failure is told through callbacks->error. Opens no file but the
 * configuration. */
CPROV_API int cprov_session_open(const struct cprov_session_options *options,
                                 const struct cprov_callbacks *callbacks,
                                 struct cprov_session **out);
CPROV_API void cprov_session_close(struct cprov_session *session);

/* What the user says of versions, for every verb. */
struct cprov_version_options {
    size_t size;
    bool all;             /* every version, not the newest alone; not together with required */
    const char *required; /* exact, "10.0.*", "[a,b)", a tag; NULL: any */
    const char *minimum;  /* closed */
    const char *maximum;
};

/* --- find --- */

enum cprov_find_fields {
    CPROV_FIELDS_NAMES = 0,  /* name and version: no manifest is read */
    CPROV_FIELDS_DETAILS = 1 /* description, publisher, size, platforms, dates, digest */
};

struct cprov_find_options {
    size_t size;
    const char *const *names; /* references, names, patterns, refs; none: everything */
    size_t names_count;
    const struct cprov_version_options *version; /* NULL: the newest */
    const char
        *search; /* words, all must occur in name, description or publisher; case-insensitive */
    const char *regex; /* POSIX extended, on the name, case-insensitive */
    bool os_images_only;
    enum cprov_find_fields fields;
    const char *publisher;     /* pattern */
    const char *created_since; /* "2024-05-01", RFC 3339, or an age: "30d", "12h" */
    const char *digest;        /* every version that it is the digest of */
    const char *culture;       /* "de-de" */
    uint64_t max_bytes;        /* 0: any size */
    const char *sort;  /* name, version, created, size, source or relevance; '-' in front: the other
                          way round; NULL: name, with `search` relevance */
    size_t limit;      /* rows, 0: all */
    bool dependencies; /* also what an image needs, before it */
    bool strict;       /* a source that fails is a failure */
    bool all_tags;     /* every version, and also the tags of signatures, attestations, SBOMs */
    const char *prefix; /* names that begin with it, each once and without versions */
    const char *file;   /* no source is asked, but this WIM file, archive or layout; or */
    const char *uri;    /* the WIM file at this URL. Both without names */
};
/* Items come as they are known, by source, name, version descending. An exact name that is nowhere:
 * CPROV_NOT_FOUND after the others were shown; a pattern without a match: 0. A source that fails is
 * a warning unless nothing else answered. */
CPROV_API int cprov_find(struct cprov_session *s, const struct cprov_find_options *options,
                         const struct cprov_callbacks *callbacks);

struct cprov_refresh_options {
    size_t size;
    size_t details; /* manifests to read for what is not known yet, the newest version of each
                       repository first; 0: none */
};
/* What one source said. */
struct cprov_refreshed_item {
    size_t size;
    const char *source;
    uint64_t repositories;
    uint64_t requests;
    const char *problem; /* "" when all went well */
};
typedef void cprov_refreshed_fn(void *arg, const struct cprov_refreshed_item *item);
/* Brings the index of the session's sources up to date; progress is told in repositories. */
CPROV_API int cprov_refresh(struct cprov_session *s, const struct cprov_refresh_options *options,
                            cprov_refreshed_fn *item, const struct cprov_callbacks *callbacks);

/* --- to files --- */

struct cprov_id_range {
    unsigned inside, outside, count;
};

/* How an image becomes files. */
struct cprov_unpack_to {
    size_t size;
    const char *rootfs; /* folder for the root file system; or */
    const char *bundle; /* folder for an OCI runtime bundle: config.json and rootfs/ */
    bool force;         /* the folder may hold something already */
    bool rootless;      /* owners kept in user.rootlesscontainers, devices left out */
    const struct cprov_id_range *uid_map, *gid_map;
    size_t uid_map_count, gid_map_count;
    uint64_t max_entries, max_bytes, max_ratio; /* caps; 0: the configuration's or the default */
    const char *const *annotations; /* "KEY=VALUE", of a bundle; before what the image says */
    size_t annotations_count;
    const char *const *xattrs; /* patterns of extended attributes kept beside the usual ones */
    size_t xattrs_count;
};

/* --- install, save --- */

struct cprov_install_options {
    size_t size;
    const char *const *names; /* as for find, no patterns */
    size_t names_count;
    const struct cprov_version_options *version; /* NULL: the newest */
    bool reinstall;                              /* fetch and verify again what is there */
    bool all_platforms;                          /* the whole index */
    const struct cprov_unpack_to
        *unpack; /* one name alone: also unpacked, while it downloads; NULL: not */
};
/* Each image wholly or not at all; resumes what an earlier call left. Some failed and others
 * are installed: CPROV_SOME_FAILED; none is: the code of the first. */
CPROV_API int cprov_install(struct cprov_session *s, const struct cprov_install_options *options,
                            const struct cprov_callbacks *callbacks);

enum cprov_save_type { CPROV_SAVE_OCI_ARCHIVE, CPROV_SAVE_OCI };
struct cprov_save_options {
    size_t size;
    const char *const *names;
    size_t names_count;
    const struct cprov_version_options *version; /* NULL: the newest */
    enum cprov_save_type type;
    bool overwrite; /* replace an existing file; make a missing folder */
    bool all_platforms;
    bool allow_unverified; /* also files whose source tells no hash */
    bool literal_path; /* no wildcards in path; "-", a pipe or a character device is written into */
    const char *path;  /* a folder: NAME-1-2-3-4.oci.tar in it (of a file: .wim, as its source has
                          it); else the file or (CPROV_SAVE_OCI) the  layout's folder */
};
CPROV_API int cprov_save(struct cprov_session *s, const struct cprov_save_options *options,
                         const struct cprov_callbacks *callbacks);

/* --- what is installed --- */

struct cprov_list_options {
    size_t size;
    const char *const *names; /* names, patterns, image ids; none: all */
    size_t names_count;
    const struct cprov_version_options *version; /* NULL or nothing set: all versions */
    bool parents;                                /* fill `parent`: reads manifests */
    bool legacy_ids;                             /* fill `legacy_id`: hashes */
    const char *publisher;                       /* pattern */
    const char *child_of;                        /* name or name:version of an installed image */
};
CPROV_API int cprov_list(struct cprov_session *s, const struct cprov_list_options *options,
                         const struct cprov_callbacks *callbacks);

struct cprov_test_options {
    size_t size;
    const char *const *names;
    size_t names_count;
    const struct cprov_version_options *version; /* NULL: the newest */
    bool all;                                    /* everything, also what no image names */
    bool repair;                                 /* fetch again what is bad */
    uint64_t max_ratio; /* cap of what a layer unpacks to, as of cprov_unpack_to; 0: the default */
};
/* One finding: blob is "" for those of a document as a whole; the names of `problem` are missing,
 * size, digest, diff-id, document, stray. */
struct cprov_finding {
    size_t size;
    bool repaired;
    const char *name, *version;
    const char *problem;
    const char *blob;
    const char *message;
};
/* Calls found() for each; items for images that are whole. CPROV_NOT_VERIFIED when something is
 * (still) bad. */
CPROV_API int cprov_test(struct cprov_session *s, const struct cprov_test_options *options,
                         void (*found)(void *arg, const struct cprov_finding *finding),
                         const struct cprov_callbacks *callbacks);

/* --- one image in full --- */

struct cprov_inspect_options {
    size_t size;
    bool raw;                                    /* the manifest or index as it is */
    bool config;                                 /* the image config as it is */
    const char *name;                            /* installed, or in a registry */
    const struct cprov_version_options *version; /* NULL: the newest */
};
/* `json` gets one document (an object with Name, Digest, MediaType, Platforms, Created, Layers,
 * Config ...; or the raw bytes). */
CPROV_API int cprov_inspect(struct cprov_session *s, const struct cprov_inspect_options *options,
                            void (*json)(void *arg, const char *text, size_t length),
                            const struct cprov_callbacks *callbacks);

/* --- reading an image without unpacking it --- */

struct cprov_file_item {
    size_t size;
    const char *path; /* without a leading '/' */
    char type;        /* 'f' 'd' 'l' 'h'(ard link) 'c' 'b' 'p' */
    const char *link; /* target of a link, or "" */
    unsigned mode;
    unsigned layer; /* 0 is the lowest */
    uint64_t uid, gid, bytes;
    int64_t mtime;
};
struct cprov_files_options {
    size_t size;
    const char *name;                            /* of an installed image */
    const struct cprov_version_options *version; /* NULL: the newest */
    const char *path; /* ls: this folder or file, NULL: everything; cat: the file */
    bool recursive;
    uint64_t max_entries, max_bytes, max_ratio; /* caps, as of cprov_unpack_to; 0: the default */
    const char *target; /* export: the file that the bytes go to, as what_if tells it; NULL: they
                           change nothing */
};
typedef void cprov_file_fn(void *arg, const struct cprov_file_item *item);
typedef int cprov_bytes_fn(void *arg, const void *data, size_t len); /* negative: stop */

/* What the layers add up to, sorted by path. */
CPROV_API int cprov_files(struct cprov_session *s, const struct cprov_files_options *options,
                          cprov_file_fn *item, const struct cprov_callbacks *callbacks);
/* The content of one file; a symlink is followed within the image. Reads only the layers that
 * matter, from the top. */
CPROV_API int cprov_file_read(struct cprov_session *s, const struct cprov_files_options *options,
                              cprov_bytes_fn *bytes, const struct cprov_callbacks *callbacks);
/* One flattened, deterministic tar of everything; when a session is to change nothing and there is
 * a target, no byte of it. */
CPROV_API int cprov_export(struct cprov_session *s, const struct cprov_files_options *options,
                           cprov_bytes_fn *bytes, const struct cprov_callbacks *callbacks);

/* --- containers: records that tie an image to what was made of it --- */

struct cprov_container_item {
    size_t size;
    const char *id; /* 64 hex digits */
    const char *name;
    const char *image;   /* "NanoServer:10.0.10586.8" */
    const char *digest;  /* of its manifest */
    const char *path;    /* of the bundle, or "" */
    const char *created; /* RFC 3339 */
    const char *state; /* "created", "running", "stopped" as the runtime says; "off" without one */
    const char *isolation; /* "process", "hyperv" or "" */
    const char *runtime;   /* "crun", "runc": that runs it or is to; or "" */
    int64_t started;       /* seconds since 1970, 0: not running */
    const char *image_name, *image_version;
};
struct cprov_container_options {
    size_t size;
    const char *const *names; /* get, remove: names, ids, id prefixes, patterns; none: all (get) */
    size_t names_count;
    const char *name;                            /* new */
    const char *image;                           /* new: an installed image */
    const struct cprov_version_options *version; /* NULL: the newest */
    const char *isolation;
    const struct cprov_unpack_to *unpack; /* new: make its bundle; NULL: a record alone */
    bool delete_files;                    /* remove: its bundle too */
    const char *runtime; /* new: "crun" or "runc" alone is asked for the state; NULL: each */
};
typedef void cprov_container_fn(void *arg, const struct cprov_container_item *item);
/* CPROV_EXISTS: the name is taken. */
CPROV_API int cprov_container_new(struct cprov_session *s,
                                  const struct cprov_container_options *options,
                                  cprov_container_fn *item,
                                  const struct cprov_callbacks *callbacks);
CPROV_API int cprov_container_list(struct cprov_session *s,
                                   const struct cprov_container_options *options,
                                   cprov_container_fn *item,
                                   const struct cprov_callbacks *callbacks);
/* CPROV_IN_USE: it runs. */
CPROV_API int cprov_container_remove(struct cprov_session *s,
                                     const struct cprov_container_options *options,
                                     cprov_container_fn *item,
                                     const struct cprov_callbacks *callbacks);

/* --- making images --- */

/* What the config of an image says beside its files: key is cmd or entrypoint (the value is a JSON
 * array of words), env, label or annotation (KEY=VALUE), user, workdir, stop-signal, expose
 * ("80/tcp") or volume. */
struct cprov_image_change {
    const char *key, *value;
};
struct cprov_new_image_options {
    size_t size;
    bool replace;          /* what has the name already gives it up */
    const char *path;      /* a folder, or a tar: all of it becomes a layer */
    const char *container; /* or its name or id: what differs from its image does */
    const char *base;      /* installed image that the layer lies on; NULL: nothing is below */
    const char *name;
    const char *version;
    const char *publisher; /* "Demo" is CN=Demo; then the name is one word, as Windows has it, and
                              the version four numbers: 1.0 is 1.0.0.0 */
    const char *author, *message;             /* or NULL */
    const struct cprov_image_change *changes; /* one after the other */
    size_t changes_count;
};
/*
 * Makes an image of files and tells it as an item. The same files, base and SOURCE_DATE_EPOCH give
 * the same digest. Nothing is left of one that fails. CPROV_EXISTS: the name is taken;
 * CPROV_IN_USE: the container runs, or a file changed while it was read.
 */
CPROV_API int cprov_new_image(struct cprov_session *s,
                              const struct cprov_new_image_options *options,
                              const struct cprov_callbacks *callbacks);

/* --- names and space --- */

struct cprov_tag_options {
    size_t size;
    bool force;       /* the name may be another image's */
    const char *name; /* of an installed image, as for list */
    const struct cprov_version_options *version;
    const char *target; /* "team/app:1.0"; without a version it is latest */
};
/* One more name for the same bytes. CPROV_EXISTS: it is another image's. */
CPROV_API int cprov_tag(struct cprov_session *s, const struct cprov_tag_options *options,
                        const struct cprov_callbacks *callbacks);

struct cprov_removed_item {
    size_t size;
    const char *name, *version, *full_name, *platforms;
    const char *digest;   /* of its manifest, or index */
    const char *image_id; /* digest of its config */
    uint64_t bytes;       /* what goes with it and those before it; in a dry run, would */
    uint64_t deleted;     /* 0: the image has another name, and stays */
};
struct cprov_remove_options {
    size_t size;
    bool cascade;             /* what was built on it goes first */
    bool keep_blobs;          /* names alone: cprov_collect() gives the space back */
    bool all_names;           /* an image that is meant by its id goes with all its names */
    bool names_only;          /* the last name of an image stays */
    const char *const *names; /* each: one image, or all that a pattern matches */
    size_t names_count;
    const struct cprov_version_options *version; /* `all`: every version of a name */
};
typedef void cprov_removed_fn(void *arg, const struct cprov_removed_item *item);
/* CPROV_IN_USE: a container, also one that is stopped, or an image that was built on it depends on
 * it; no option changes that. */
CPROV_API int cprov_remove(struct cprov_session *s, const struct cprov_remove_options *options,
                           cprov_removed_fn *item, const struct cprov_callbacks *callbacks);

struct cprov_collected_item {
    size_t size;
    uint64_t blobs;    /* that no image names: removed */
    uint64_t partials; /* downloads that were broken off: removed */
    uint64_t bytes;    /* of both */
    uint64_t kept;     /* blobs that may be of a download that is running */
};
struct cprov_collect_options {
    size_t size;
    size_t all_partials; /* not 0: broken-off downloads of any age, not those of a day ago alone */
};
typedef void cprov_collected_fn(void *arg, const struct cprov_collected_item *item);
/* Gives back the space of what no image names; with what_if only counts. */
CPROV_API int cprov_collect(struct cprov_session *s, const struct cprov_collect_options *options,
                            cprov_collected_fn *item, const struct cprov_callbacks *callbacks);

struct cprov_usage_item {
    size_t size;
    uint64_t images, images_bytes; /* what they share counts once */
    uint64_t images_apart;         /* what it would be without sharing */
    uint64_t containers;
    uint64_t partials, partials_bytes;
    uint64_t garbage, garbage_bytes; /* blobs that no image names */
};
typedef void cprov_usage_fn(void *arg, const struct cprov_usage_item *item);
CPROV_API int cprov_usage(struct cprov_session *s, cprov_usage_fn *item,
                          const struct cprov_callbacks *callbacks);

/* --- sources --- */

struct cprov_source_item {
    size_t size;
    bool trusted, registered, allow_http, tls_verify;
    const char *name, *location, *type;
    /* what is remembered with it; NULL: nothing */
    const char *proxy, *key, *ca_file, *cert_file, *key_file;
};
struct cprov_source_options {
    size_t size;
    const char *name;     /* get: name, pattern or location; NULL: all */
    const char *new_name; /* set */
    const char *location;
    const char *type; /* "oci", "document", ...; NULL: found out */
    const char *proxy;
    int trusted;          /* 0: as it is (register: no), 1: yes, -1: no */
    bool no_check;        /* do not ask the location whether it answers */
    bool force;           /* register: replace */
    bool restore_default; /* register: bring "dockerhub" back */
    const char *key;      /* PEM file: an index or catalog must be signed with it */
    /* How its host is reached: remembered with the source, for that host and no other. Set: "" or
     * "none" of a file forgets it (cert_file: with its key). */
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    int allow_http; /* as trusted */
    int insecure;   /* as trusted; 1: its certificate is not verified */
};
typedef void cprov_source_fn(void *arg, const struct cprov_source_item *item);
CPROV_API int cprov_sources(struct cprov_session *s, const struct cprov_source_options *options,
                            cprov_source_fn *item, const struct cprov_callbacks *callbacks);
CPROV_API int cprov_source_register(struct cprov_session *s,
                                    const struct cprov_source_options *options,
                                    cprov_source_fn *item, const struct cprov_callbacks *callbacks);
CPROV_API int cprov_source_set(struct cprov_session *s, const struct cprov_source_options *options,
                               cprov_source_fn *item, const struct cprov_callbacks *callbacks);
CPROV_API int cprov_source_unregister(struct cprov_session *s,
                                      const struct cprov_source_options *options,
                                      const struct cprov_callbacks *callbacks);

/* --- sharing what is known of the sources --- */

struct cprov_catalog_options {
    size_t size;
    const char *path;      /* export: the file; NULL: bytes() gets the document */
    const char *reference; /* push: "registry.example/team/catalog[:tag]"; the tag is else latest */
    const char *title;     /* of the document; or NULL */
    const char *key_file;  /* private key (PEM) to sign it with; or NULL */
    bool overwrite;        /* export: replace a file */
    const char *const *files; /* add */
    size_t files_count;
};
/* Puts files that lie beside a catalog (path; made when it is missing) into it: name, version,
 * size, sha256 and date, an item for each. WIM files tell what they are, others are called
 * NAME-1-2-3.EXT. */
CPROV_API int cprov_catalog_add(struct cprov_session *s,
                                const struct cprov_catalog_options *options,
                                const struct cprov_callbacks *callbacks);
/* Everything that is known of the session's sources without asking them, as one document: a file
 * that is there whole or not at all, with its signature beside it as FILE.sig. CPROV_NOT_FOUND:
 * nothing is known; CPROV_EXISTS: the file is there. */
CPROV_API int cprov_catalog_export(struct cprov_session *s,
                                   const struct cprov_catalog_options *options,
                                   cprov_bytes_fn *bytes, const struct cprov_callbacks *callbacks);
/* The same as an artifact of a registry, packed; a source of type "catalog" reads it. */
CPROV_API int cprov_catalog_push(struct cprov_session *s,
                                 const struct cprov_catalog_options *options,
                                 const struct cprov_callbacks *callbacks);

/* --- logins --- */

/* The session's username and password are tried against the registry and kept where docker and
 * podman read them. An empty password is refused. */
CPROV_API int cprov_login(struct cprov_session *s, const char *registry,
                          const struct cprov_callbacks *callbacks);
CPROV_API int cprov_logout(struct cprov_session *s, const char *registry,
                           const struct cprov_callbacks *callbacks);

/* --- serve --- */

struct cprov_serve_options {
    size_t size;
    const char *listen;    /* "127.0.0.1:5000", "[::1]:0"; NULL: 127.0.0.1:5000 */
    const char *path;      /* another layout than the store; NULL: the store */
    const char *cert_file; /* TLS, PEM */
    const char *key_file;
    unsigned max_connections;                  /* 0: 256 */
    void (*ready)(void *arg, const char *url); /* once it answers */
    void *ready_arg;
    bool ui; /* pages for people, at the same address */
    /* After ready(), when it listens on every address: those by which other machines come,
     * "192.0.2.7:5000, [2001:db8::7]:5000". */
    void (*reach)(void *arg, const char *addresses);
    /* On loopback only requests to loopback names are answered, and to these: a site elsewhere
     * could lead a browser of this machine here by a name of its own. */
    const char *const *hosts;
    size_t hosts_count;
};
/* Read-only registry; returns when callbacks->cancelled says so (CPROV_DONE), or cannot start. */
CPROV_API int cprov_serve(struct cprov_session *s, const struct cprov_serve_options *options,
                          const struct cprov_callbacks *callbacks);

/* --- compatibility of Windows builds --- */

/*
 * CPROV_DONE, CPROV_COMPATIBLE_WITH_WARNING (positive), CPROV_INCOMPATIBLE or CPROV_USAGE; *why
 * gets a static sentence with the rule that decided. isolation as in the session's options.
 */
#define CPROV_COMPATIBLE_WITH_WARNING 1
CPROV_API int cprov_compat_check(const char *host_version, const char *image_version,
                                 const char *isolation, const char **why);

#ifdef __cplusplus
}
#endif

#endif
