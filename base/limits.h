/*
 * base/limits.h - the numbers that several rooms share, or a person can change: caps on what comes
 * from outside, defaults, times, tuning. What one file alone caps is beside its use.
 */
#ifndef CPROV_BASE_LIMITS_H
#define CPROV_BASE_LIMITS_H

#include <stddef.h>

#define CPROV_KIB ((size_t)1024)
#define CPROV_MIB (1024 * CPROV_KIB)

/* --- caps: what is larger is refused --- */

/* documents */
#define CPROV_MANIFEST_MAX        (4 * CPROV_MIB) /* bytes; what distribution, oras and podman accept */
#define CPROV_TREE_MAX            (16 * CPROV_MIB) /* bytes of all manifests of an index */
#define CPROV_BODIES_MAX          (32 * CPROV_MIB) /* bytes of all answers that are being received */
#define CPROV_CONFIG_MAX          (8 * CPROV_MIB)  /* bytes of an image config */
#define CPROV_INDEX_FILE_MAX      (64 * CPROV_MIB)  /* bytes of our own index.json */
#define CPROV_LIST_PAGE_MAX       (16 * CPROV_MIB)  /* bytes of one page of a listing */
#define CPROV_TOKEN_BODY_MAX      (256 * CPROV_KIB) /* bytes of a token server's answer */
#define CPROV_ERROR_BODY_MAX      (64 * CPROV_KIB)  /* bytes kept of an error answer */
#define CPROV_CONF_FILE_MAX       (1 * CPROV_MIB)   /* bytes of a YAML, auth or netrc file */
#define CPROV_JSON_DEPTH_MAX      32                /* nesting of any JSON document */
#define CPROV_JSON_VALUES_MAX     250000            /* values in a JSON document of others */
#define CPROV_JSON_OWN_VALUES_MAX 2000000           /* values in one of our own: index.json */
#define CPROV_JSON_MEMBERS_MAX    256               /* of the top object of a JSON stream */
#define CPROV_LAYERS_MAX          4096              /* layers of one manifest */
#define CPROV_INDEX_ENTRIES_MAX   4096              /* manifests in one index */
#define CPROV_INDEX_DEPTH_MAX     4                 /* index within index */
#define CPROV_ANNOTATIONS_MAX     4096              /* per document */
#define CPROV_URLS_MAX            16                /* per descriptor */
#define CPROV_BLOB_SIZE_MAX       (1ull << 44)      /* 16 TiB */
#define CPROV_WIM_XML_MAX         (1 * CPROV_MIB) /* bytes of what a WIM file says of its images */
#define CPROV_RANGE_MAX           (1 * CPROV_MIB) /* bytes that are read out of a file on a server */
#define CPROV_MEMBERS_MAX         65536           /* files in an archive of images */

/* documents that list images: read as they come, a record at a time */
#define CPROV_CATALOG_BYTES_MAX   (1ull << 34)     /* of one document: 16 GiB */
#define CPROV_CATALOG_PACKED_MAX  (1ull << 30)     /* of one in a registry */
#define CPROV_CATALOG_ENTRIES_MAX 20000000         /* versions in it */
#define CPROV_CATALOG_RECORD_MAX  (2 * CPROV_MIB)  /* bytes of one image with its versions */
#define CPROV_CATALOG_DATES_MAX   1024             /* signed catalogs whose dates are kept */
#define CPROV_CATALOG_TEXTS_FREE  (16 * CPROV_MIB) /* bytes that versions have of their images */
#define CPROV_CATALOG_TEXTS_RATIO 8                /* and so many times the document's */
#define CPROV_CATALOG_HELD_MAX    (4 * CPROV_MIB)  /* bytes that wait for their hash */
#define CPROV_SIGNATURE_MAX       (16 * CPROV_KIB) /* bytes of a signature, or of a key file */

/* names */
#define CPROV_NAME_MAX 255              /* host/repository, bytes (Docker's rule) */
#define CPROV_TAG_MAX  128              /* bytes */
#define CPROV_URL_MAX  (16 * CPROV_KIB) /* bytes; signed URLs are long */

/* listing */
#define CPROV_TARGETS_MAX      4096             /* versions that one name of a call may mean */
#define CPROV_LIST_RECORD_MAX  (1 * CPROV_MIB)  /* bytes of one member of a page */
#define CPROV_TOLD_MAX         (40 * CPROV_MIB) /* bytes of all lists of versions of a search */
#define CPROV_LIST_PAGES_MAX   10000            /* pages of one listing */
#define CPROV_LIST_EMPTY_MAX   16               /* pages in a row without a name */
#define CPROV_LIST_ENTRIES_MAX 2000000          /* tags or repositories of one listing */

/* the index of all sources */
#define CPROV_VALIDATOR_MAX    1024             /* bytes of an ETag or its like */
#define CPROV_CATALOG_TEXT_MAX (64 * CPROV_KIB) /* bytes of one text of an entry */
#define CPROV_FIND_SHOWN_MAX   (1 << 20)        /* references of one search that are known again */
#define CPROV_DETAILS_MAX      1000             /* versions whose manifests one search reads */

/* HTTP */
#define CPROV_HEADER_LINES_MAX  256
#define CPROV_HEADER_BYTES_MAX  (64 * CPROV_KIB)
#define CPROV_REDIRECTS_MAX     8
#define CPROV_CHALLENGES_MAX    16 /* in one answer */
#define CPROV_TOKEN_LENGTH_MAX  (64 * CPROV_KIB)
#define CPROV_HOSTS_LED_MAX     256 /* hosts that servers led to, kept with their settings */
#define CPROV_LOGINS_MAX        16  /* of one host, tried one after the other */
#define CPROV_TOKENS_CACHED_MAX 256
#define CPROV_SECRETS_MAX       1024 /* forms of secrets that a session hides */
#define CPROV_SECRET_MIN        4    /* bytes: a shorter one is part of too many words */
#define CPROV_INTERIM_MAX       64   /* answers 1xx before the one that counts */
#define CPROV_UPLOAD_CHUNK_MAX  (64 * CPROV_MIB) /* what a registry may ask for at least */

/* layers */
#define CPROV_TAR_HEADER_MAX  (1 * CPROV_MIB) /* bytes of a PAX header or a GNU long name */
#define CPROV_TAR_RECORDS_MAX 1024            /* of one PAX header */
#define CPROV_TAR_EXTENTS_MAX 262144          /* of one sparse file */
#define CPROV_UNPACK_FREE     (1ull << 30) /* unpacked bytes of a layer that may have any ratio */
#define CPROV_UNPACK_PATH     4095         /* bytes of a name: what a system call takes */
#define CPROV_UNPACK_DEPTH    256          /* of a directory that is removed name by name */
#define CPROV_UNPACK_LINKS    40           /* symlinks on the way to one name, as in the kernel */
#define CPROV_UNPACK_LATE     (4 * CPROV_MIB)  /* bytes of names of directories whose mode waits */
#define CPROV_MERGE_NAMES     (64 * CPROV_MIB) /* bytes of the names in one folder that was there */
#define CPROV_UNPACK_ASIDE    (64 * CPROV_KIB) /* bytes of names that AUFS kept links by */

/* serving */
#define CPROV_SERVED_PARTS_MAX  4096            /* manifests looked at for one version */
#define CPROV_SERVED_CHAINS_MAX (1u << 20)      /* different beginnings of lists of layers */
#define CPROV_UI_PAGE_MAX       (8 * CPROV_MIB) /* bytes of a page for people */
#define CPROV_UI_TEXT_MAX       2048            /* bytes shown of one text of an image */
#define CPROV_UI_WORDS_MAX      16              /* words of a search */

/* --- defaults, and how far an option or the configuration may go --- */

#define CPROV_PARALLEL             6 /* blobs at once */
#define CPROV_PARALLEL_MAX         64
#define CPROV_RETRIES              5      /* tries after the first */
#define CPROV_MAX_AGE_MS           300000 /* how long what is known of a source is believed */
#define CPROV_AGE_MAX_MS           3153600000000ull /* of an age that is asked for: 36500 days */
#define CPROV_RATE_MAX             (1ull << 44)     /* bytes a second */
#define CPROV_TIMEOUT_MAX_MS       31536000000ull   /* for a whole call: 365 days */
#define CPROV_STALL_TIMEOUT_MS     30000
#define CPROV_STALL_TIMEOUT_MAX_MS 86400000        /* for one wait: a day */
#define CPROV_UNPACK_ENTRIES       (4ull << 20)    /* members over all layers */
#define CPROV_UNPACK_BYTES         (4096ull << 30) /* of file content over all layers */
#define CPROV_UNPACK_RATIO         250             /* unpacked : packed of one layer */
#define CPROV_SERVED_CONNECTIONS   256             /* at once */

/* --- times --- */

#define CPROV_RETRY_FIRST_MS     250
#define CPROV_RETRY_MAX_MS       30000 /* of one back-off step */
#define CPROV_RETRY_AFTER_MAX_S  120   /* a longer Retry-After is a failure */
#define CPROV_CONNECT_TIMEOUT_MS 20000
#define CPROV_STALL_BYTES        (4 * CPROV_KIB) /* that must move within the stall time */
#define CPROV_ERROR_WAIT_MS      5000            /* for the body of an error answer */
#define CPROV_POLL_MS            100             /* cancel is seen within this */
#define CPROV_LOCK_WAIT_MS       600000          /* for another process */
#define CPROV_GARBAGE_AGE_S      86400           /* of a blob that nobody names, before it goes */

/* --- tuning: other values would be as right, and slower or larger --- */

#define CPROV_CACHE_PAGES       (4 * CPROV_MIB) /* pages of the database in memory */
#define CPROV_EXPECT_BYTES      CPROV_MIB /* of a body: more is sent only when the server wants it */
#define CPROV_UPLOAD_CHUNK      (512 * CPROV_KIB) /* bytes of a piece, below what proxies take */
#define CPROV_UNPACK_QUEUE      16                /* pieces between inflating and writing */
#define CPROV_UNPACK_PIECE      (128 * CPROV_KIB)
#define CPROV_HASH_CHUNK        (128 * CPROV_KIB) /* bytes a hash worker reads at once */
#define CPROV_WORKERS_MAX       8
#define CPROV_PARALLEL_REQUESTS 32   /* small requests at once */
#define CPROV_CONNECTIONS_MAX   64   /* cached */
#define CPROV_LIST_PAGE_SIZE    1000 /* n= that we ask for; ECR refuses more */
#define CPROV_UI_ROWS           200  /* of one table of a page */

#endif
