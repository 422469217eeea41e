/* provider/transfer.h - a set of blobs on its way into a store: what joins registry and store. */
#ifndef CPROV_PROVIDER_TRANSFER_H
#define CPROV_PROVIDER_TRANSFER_H

#include "provider/session.h"
#include "rootfs/unpack.h"
#include "store/blobs.h"

struct cprov_packed;
struct cprov_transfer;

/* store and session are borrowed; item ("NanoServer 10.0.1") is for progress. */
CPROV_MUST_CHECK
int cprov_transfer_new(struct cprov_session *s, struct cprov_store *store, const char *item,
                       struct cprov_transfer **out, struct cprov_error *err);
void cprov_transfer_free(
    struct cprov_transfer *t); /* what is not committed stays as partial downloads */
CPROV_DEFINE_CLEANUP(struct cprov_transfer, cprov_transfer, cprov_transfer_free)
#define auto_transfer CPROV_CLEANUP(cprov_transfer_cleanup)

/*
 * Adds a blob to fetch from a repository; added twice, or in the store already, it is fetched once
 * or not at all. The descriptor's texts must outlive the transfer.
 *
 * found: NULL, or nobody tells the blob's digest: that of d is but the name under which it gathers,
 * the same again next time, and *found gets the digest of what came when the run ends well.
 */
CPROV_MUST_CHECK
int cprov_transfer_add(struct cprov_transfer *t, const struct cprov_reference *repository,
                       const struct cprov_descriptor *d, struct cprov_digest *found,
                       struct cprov_error *err);
/* Adds a document that is in memory; compared with d at once. */
CPROV_MUST_CHECK
int cprov_transfer_add_bytes(struct cprov_transfer *t, const struct cprov_descriptor *d,
                             struct cprov_span bytes, struct cprov_error *err);

/*
 * The packed bytes of an added blob for one other thread, as they arrive: a source for
 * cprov_unpack_layer(). To be asked before the run; valid until the transfer is freed. cancel is
 * borrowed.
 */
CPROV_MUST_CHECK
int cprov_transfer_follow(struct cprov_transfer *t, const struct cprov_digest *digest,
                          const struct cprov_cancel *cancel, struct cprov_layer_source *out,
                          struct cprov_error *err);
/*
 * The reader of a followed blob has failed; from its thread. digest: the blob that it was reading,
 * NULL: bytes had no part in it. Bytes that are not verified decide nothing: that one blob is
 * brought to its end while the others pause. When its digest is right, the run ends with
 * CPROV_ECANCELLED and the reader's verdict counts (abandoned() tells); when it is wrong, the blob
 * is begun anew once, the others go on, and what the reader made of it is to be made again
 * (broken() tells).
 */
void cprov_transfer_reader_failed(struct cprov_transfer *t, const struct cprov_digest *digest);
/* Whether the run ended because its reader had failed, and not through a failure of its own. */
bool cprov_transfer_abandoned(const struct cprov_transfer *t);
/* Whether bytes that were followed turned out void (a server changed its mind): what was made of
 * them is to be made again. */
bool cprov_transfer_broken(const struct cprov_transfer *t);

/* Bytes of all blobs added, and those that would be fetched. */
uint64_t cprov_transfer_total(const struct cprov_transfer *t);
uint64_t cprov_transfer_missing(const struct cprov_transfer *t);

/* A layout or an archive that holds every blob: nothing is asked of a network. NULL: none. */
void cprov_transfer_unpack(struct cprov_transfer *t, struct cprov_packed *packed);

/* A store whose blobs are copied rather than fetched (save uses the installed ones); may be NULL.
 */
void cprov_transfer_prefer(struct cprov_transfer *t, struct cprov_store *other);

/*
 * Checks the space, fetches what is missing (several at once; what another process is fetching is
 * waited for, last), compares every digest (a wrong one gets one fresh start), and commits. On
 * failure the first error, and the good part of what came stays for the next time. However it
 * ends, every follower is told: of its blob's last byte, or of the failure.
 *
 * CPROV_ENETWORK: also for a blob that its repository does not have, though a manifest names it.
 */
CPROV_MUST_CHECK
int cprov_transfer_run(struct cprov_transfer *t, struct cprov_error *err);

#endif
