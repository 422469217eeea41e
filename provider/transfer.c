/* provider/transfer.c - blobs fetched through writers, several at once. */
#include "provider/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "archive/packed.h"
#include "base/clock.h"
#include "base/grow.h"
#include "base/limits.h"
#include "provider/progress.h"
#include "registry/blob_queue.h"
#include "rootfs/tail.h"

enum part_state {
    PART_WAITING,
    PART_OPEN, /* has its writer, and so the lock of its partial file */
    PART_RUNNING,
    PART_ARRIVED, /* every byte is there; the digest is still to be compared */
    PART_GOOD,    /* compared: to be committed */
    PART_PRESENT, /* in the store without our doing */
    PART_FAILED,
};

struct part {
    struct cprov_transfer *transfer;
    struct cprov_descriptor descriptor;
    struct cprov_reference repository;
    enum part_state state;
    struct cprov_blob_writer *writer;
    bool fresh_start;           /* a wrong digest was seen once */
    struct cprov_digest *found; /* nobody knows the digest: where it goes */
    struct cprov_meter meter;
    char id[CPROV_DIGEST_TEXT_MAX];
    struct cprov_tail *tail; /* somebody reads along; or NULL */
    uint64_t told;           /* bytes the tail knows of */
};

struct cprov_transfer {
    struct cprov_session *session;
    struct cprov_store *store, *other;
    struct cprov_packed *packed;
    const char *item;
    struct part **parts; /* pointers: callbacks hold on to a part while the list grows */
    size_t count, room;
    struct cprov_meter meter;
    struct part *doubted; /* atomic: its reader failed before its bytes were verified */
    bool abandoned;       /* atomic: the reader's failure is final */
    int code;             /* the first failure; once set, every other part stops at its next byte */
    struct cprov_error err;
};

/* Parts that have a writer, and so a file descriptor, at one time. */
#define BATCH 256
/* Between two words about whom we wait for. */
#define WAIT_STEP_MS 500

int cprov_transfer_new(struct cprov_session *s, struct cprov_store *store, const char *item,
                       struct cprov_transfer **out, struct cprov_error *err)
{
    struct cprov_transfer *t = calloc(1, sizeof(*t));

    if (!t)
        return cprov_fail_memory(err);
    *t = (struct cprov_transfer){ .session = s, .store = store, .item = item };
    *out = t;
    return 0;
}

void cprov_transfer_free(struct cprov_transfer *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        cprov_blob_writer_close(t->parts[i]->writer);
        cprov_tail_free(t->parts[i]->tail);
        free(t->parts[i]);
    }
    free(t->parts);
    free(t);
}

void cprov_transfer_prefer(struct cprov_transfer *t, struct cprov_store *other)
{
    t->other = other;
}

void cprov_transfer_unpack(struct cprov_transfer *t, struct cprov_packed *packed)
{
    t->packed = packed;
}

static struct part *find_part(const struct cprov_transfer *t, const struct cprov_digest *digest)
{
    for (size_t i = 0; i < t->count; i++)
        if (cprov_digest_equal(&t->parts[i]->descriptor.digest, digest))
            return t->parts[i];
    return NULL;
}

static int add_part(struct cprov_transfer *t, const struct cprov_descriptor *d, struct part **out,
                    struct cprov_error *err)
{
    if (cprov_grow(&t->parts, &t->room, t->count, sizeof(struct part *), CPROV_LIST_MAX, err) < 0)
        return err->code;
    struct part *p = calloc(1, sizeof(*p));
    if (!p)
        return cprov_fail_memory(err);
    p->transfer = t;
    p->descriptor = *d;
    cprov_digest_format(&d->digest, p->id);
    cprov_meter_init(&p->meter, "Downloading", t->item, p->id, d->size);
    t->parts[t->count++] = p;
    *out = p;
    return 0;
}

int cprov_transfer_add(struct cprov_transfer *t, const struct cprov_reference *repository,
                       const struct cprov_descriptor *d, struct cprov_digest *found,
                       struct cprov_error *err)
{
    struct part *p;

    if (find_part(t, &d->digest))
        return 0;
    if (add_part(t, d, &p, err) < 0)
        return err->code;
    p->repository = *repository;
    p->found = found;
    if (cprov_store_has(t->store, d))
        p->state = PART_PRESENT;
    return 0;
}

int cprov_transfer_add_bytes(struct cprov_transfer *t, const struct cprov_descriptor *d,
                             struct cprov_span bytes, struct cprov_error *err)
{
    struct part *p;

    if (find_part(t, &d->digest))
        return 0;
    if (cprov_descriptor_check(d, bytes, err) < 0 || add_part(t, d, &p, err) < 0 ||
        cprov_store_stage(t->store, d, bytes, &p->writer, err) < 0)
        return err->code;
    p->state = p->writer ? PART_GOOD : PART_PRESENT;
    return 0;
}

uint64_t cprov_transfer_total(const struct cprov_transfer *t)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < t->count; i++)
        sum += t->parts[i]->descriptor.size;
    return sum;
}

uint64_t cprov_transfer_missing(const struct cprov_transfer *t)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i]->state == PART_WAITING)
            sum += t->parts[i]->descriptor.size;
    return sum;
}

/* --- one part --- */

/* Bytes came: the bars move, and speed is counted. */
static void count(struct part *p, uint64_t bytes)
{
    struct cprov_transfer *t = p->transfer;

    cprov_meter_add(t->session, &t->meter, bytes);
    cprov_meter_add(t->session, &p->meter, bytes);
}

/* The bars are at `done` without a byte having come: it was there, or is void. */
static void jump(struct part *p, uint64_t done)
{
    struct cprov_transfer *t = p->transfer;

    cprov_meter_jump(t->session, &t->meter, t->meter.done - p->meter.done + done);
    cprov_meter_jump(t->session, &p->meter, done);
}

/* A reader wakes up for every so many bytes, not for each piece from the wire. */
#define TAIL_STEP CPROV_HASH_CHUNK

static void tell_tail(struct part *p)
{
    uint64_t have = p->tail ? cprov_blob_writer_have(p->writer) : 0;

    if (!p->tail || (have - p->told < TAIL_STEP && have < p->descriptor.size))
        return;
    p->told = have;
    cprov_tail_advance(p->tail, have);
}

static bool is_abandoned(const struct cprov_transfer *t)
{
    return __atomic_load_n(&t->abandoned, __ATOMIC_ACQUIRE);
}

static struct part *doubted_part(const struct cprov_transfer *t)
{
    return __atomic_load_n(&t->doubted, __ATOMIC_ACQUIRE);
}

/* While one blob is in doubt the others pause: nobody may want them. */
static bool pauses(const struct part *p)
{
    const struct part *doubted = doubted_part(p->transfer);

    return doubted && doubted != p;
}

static int check_wanted(const struct part *p, struct cprov_error *err)
{
    if (p->transfer->code < 0)
        return cprov_fail(err, CPROV_ECANCELLED, "stopped: another blob failed");
    if (is_abandoned(p->transfer))
        return cprov_fail(err, CPROV_ECANCELLED, "stopped: no longer needed");
    if (pauses(p))
        return cprov_fail(err, CPROV_ECANCELLED, "stopped: another blob is being verified");
    return 0;
}

static int sink_write(void *arg, uint64_t offset, const void *data, size_t len,
                      struct cprov_error *err)
{
    struct part *p = arg;

    if (check_wanted(p, err) < 0)
        return err->code;
    if (cprov_blob_writer_write(p->writer, offset, data, len, err) < 0)
        return err->code;
    count(p, len);
    tell_tail(p);
    return 0;
}

static int sink_restart(void *arg, struct cprov_error *err)
{
    struct part *p = arg;

    jump(p, 0);
    p->told = 0;
    if (p->tail)
        cprov_tail_void(p->tail);
    return cprov_blob_writer_restart(p->writer, err);
}

static int sink_validator(void *arg, struct cprov_span etag, struct cprov_error *err)
{
    struct part *p = arg;

    return cprov_blob_writer_set_etag(p->writer, etag, err);
}

static void fail_part(struct part *p, int code, const struct cprov_error *err)
{
    struct cprov_transfer *t = p->transfer;

    p->state = PART_FAILED;
    if (p->tail)
        cprov_tail_fail(p->tail, err);
    if (t->code == 0) {
        t->code = code;
        t->err = *err;
    }
}

/* A manifest names the blob, so its registry has to have it: the registry's failure, not the
 * caller's. */
static int missing_there(int code, struct cprov_error *err)
{
    return code == CPROV_ENOTFOUND
               ? cprov_wrap_as(err, CPROV_ENETWORK,
                               "the registry does not have content that the image names")
               : code;
}

static void on_fetched(void *arg, int code, const struct cprov_error *err)
{
    struct part *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code == 0) {
        p->state = PART_ARRIVED;
    } else if (code == CPROV_ECANCELLED && p->transfer->code == 0 && pauses(p)) {
        p->state = PART_OPEN; /* to go on where it stopped, should the doubt be cleared */
        return;
    } else {
        local = *err;
        fail_part(p, missing_there(code, &local), &local);
    }
    cprov_meter_end(p->transfer->session, &p->meter);
}

/* The reader hears that a blob of the store is there to its end. */
static int follow_present(struct part *p, struct cprov_error *err)
{
    auto_fd int fd = -1;

    if (!p->tail || p->told == p->descriptor.size)
        return 0;
    if (cprov_store_open_blob(p->transfer->store, &p->descriptor, &fd, err) < 0)
        return err->code;
    p->told = p->descriptor.size;
    return cprov_tail_open(p->tail, fd, p->descriptor.size, err);
}

/* The one way into PART_PRESENT: whoever committed the blob, its reader is told. */
static int set_present(struct part *p, struct cprov_error *err)
{
    p->state = PART_PRESENT;
    return follow_present(p, err);
}

/* The writer is at the start again after a wrong digest: then the reader's bytes were void. */
static int begin_tail(struct part *p, struct cprov_error *err)
{
    uint64_t have = cprov_blob_writer_have(p->writer);

    if (have < p->told)
        cprov_tail_void(p->tail);
    p->told = have;
    return cprov_tail_open(p->tail, cprov_blob_writer_fd(p->writer), have, err);
}

static int start_fetch(struct part *p, struct cprov_error *err)
{
    struct cprov_client *client;

    if (cprov_session_client(p->transfer->session, &client, err) < 0)
        return err->code;
    jump(p, cprov_blob_writer_have(p->writer));
    if (p->tail && begin_tail(p, err) < 0)
        return err->code;
    p->state = PART_RUNNING;
    return cprov_client_fetch_blob(
        client,
        &(struct cprov_blob_request){ .ref = &p->repository,
                                      .descriptor = &p->descriptor,
                                      .have = cprov_blob_writer_have(p->writer),
                                      .etag = cprov_blob_writer_etag(p->writer),
                                      .sink = { .write = sink_write,
                                                .restart = sink_restart,
                                                .validator = sink_validator,
                                                .arg = p },
                                      .done = on_fetched },
        err);
}

static int copy_part(struct part *p, bool from_packed, struct cprov_error *err)
{
    struct cprov_transfer *t = p->transfer;
    int code = check_wanted(p, err);

    if (code == 0)
        code = from_packed
                   ? cprov_packed_copy_blob(t->store, t->packed, &p->descriptor, &p->writer, err)
                   : cprov_store_copy_blob(t->store, t->other, &p->descriptor, &p->writer, err);
    if (code < 0)
        return code;
    if (!p->writer) {
        jump(p, p->descriptor.size);
        return set_present(p, err);
    }
    count(p, p->descriptor.size);
    p->state = PART_GOOD;
    return 0;
}

/*
 * Opens the writer, or finds that none is needed. Returns CPROV_EINUSE when another process is at
 * this blob and wait_ms is over. A copy that turns out damaged is fetched like the rest.
 */
static int open_part(struct part *p, int wait_ms, struct cprov_error *err)
{
    struct cprov_transfer *t = p->transfer;

    if (t->other && cprov_store_has(t->other, &p->descriptor)) {
        int code = copy_part(p, false, err);
        if (code != CPROV_EVERIFY)
            return code;
        cprov_blob_writer_close(cprov_steal(&p->writer));
    }
    if (t->packed)
        return copy_part(p, true, err);
    int code = cprov_blob_writer_open(t->store, &p->descriptor, wait_ms, &p->writer, err);
    if (code == CPROV_EEXISTS) {
        jump(p, p->descriptor.size);
        return set_present(p, err);
    }
    if (code < 0 || (p->found && cprov_blob_writer_accept(p->writer, err) < 0))
        return err->code;
    p->state = PART_OPEN;
    return 0;
}

/* --- followers --- */

int cprov_transfer_follow(struct cprov_transfer *t, const struct cprov_digest *digest,
                          const struct cprov_cancel *cancel, struct cprov_layer_source *out,
                          struct cprov_error *err)
{
    struct part *p = find_part(t, digest);

    if (!p)
        return cprov_fail(err, CPROV_EFAIL, "internal error: a layer is not part of the transfer");
    if (!p->tail && cprov_tail_new(p->descriptor.size, &p->tail, err) < 0)
        return err->code;
    if (p->state == PART_PRESENT && follow_present(p, err) < 0)
        return err->code;
    *out = cprov_tail_source(p->tail, cancel);
    return 0;
}

bool cprov_transfer_broken(const struct cprov_transfer *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i]->tail && cprov_tail_broken(t->parts[i]->tail))
            return true;
    return false;
}

void cprov_transfer_reader_failed(struct cprov_transfer *t, const struct cprov_digest *digest)
{
    struct part *p = digest ? find_part(t, digest) : NULL;

    if (p && p->tail && cprov_tail_let_down(p->tail))
        return; /* the transfer knows already */
    if (p && p->tail && cprov_tail_was_read(p->tail))
        __atomic_store_n(&t->doubted, p, __ATOMIC_RELEASE);
    else
        __atomic_store_n(&t->abandoned, true, __ATOMIC_RELEASE);
}

bool cprov_transfer_abandoned(const struct cprov_transfer *t)
{
    return is_abandoned(t) && (t->code == 0 || t->code == CPROV_ECANCELLED);
}

static void clear_doubt(struct cprov_transfer *t)
{
    __atomic_store_n(&t->doubted, NULL, __ATOMIC_RELEASE);
}

/* Whether what the reader could not use was verified in the meantime: then its failure is final. */
static void settle_doubt(struct cprov_transfer *t)
{
    const struct part *p = doubted_part(t);

    if (p && (p->state == PART_GOOD || p->state == PART_PRESENT)) {
        if (cprov_tail_broken(p->tail)) /* what it read was something else */
            clear_doubt(t);
        else
            __atomic_store_n(&t->abandoned, true, __ATOMIC_RELEASE);
    }
    if (is_abandoned(t) && t->code == 0)
        t->code = cprov_fail(&t->err, CPROV_ECANCELLED, "stopped: no longer needed");
}

/* --- all of them --- */

/* Opens waiting parts, up to a batch; those another process is at are left waiting. */
static size_t open_waiting(struct cprov_transfer *t)
{
    size_t opened = 0;

    for (size_t i = 0; i < t->count && opened < BATCH && t->code == 0; i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct part *p = t->parts[i];

        settle_doubt(t);
        if (p->state != PART_WAITING || t->code < 0)
            continue;
        int code = open_part(p, 0, &err);
        if (code == 0)
            opened++;
        else if (code != CPROV_EINUSE)
            fail_part(p, code, &err);
    }
    return opened;
}

/* What is still to be written, less what an earlier run left. */
static uint64_t bytes_to_come(const struct cprov_transfer *t)
{
    uint64_t sum = cprov_transfer_missing(t);

    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i]->state == PART_OPEN)
            sum += t->parts[i]->descriptor.size - cprov_blob_writer_have(t->parts[i]->writer);
    return sum;
}

/* Before the first byte is asked for: room for all of them. */
static void start_opened(struct cprov_transfer *t)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    uint64_t bytes = bytes_to_come(t);

    if (t->code == 0 && bytes > 0 && cprov_store_need_space(t->store, bytes, &err) < 0) {
        t->code = err.code;
        t->err = err;
    }
    for (size_t i = 0; i < t->count && t->code == 0; i++)
        if (t->parts[i]->state == PART_OPEN && start_fetch(t->parts[i], &err) < 0)
            fail_part(t->parts[i], err.code, &err);
}

/*
 * Compares what arrived. A wrong digest is worth one fresh start: the bytes of an earlier run, or a
 * proxy on the way, may have been at fault. Returns whether any were started anew.
 */
static bool finish_arrived(struct cprov_transfer *t)
{
    bool again = false;

    for (size_t i = 0; i < t->count; i++) {
        struct part *p = t->parts[i];
        struct cprov_error err = CPROV_ERROR_INIT;

        if (p->state != PART_ARRIVED)
            continue;
        int code = cprov_blob_writer_finish(p->writer, &err);
        if (code == CPROV_EVERIFY && !p->fresh_start) {
            p->fresh_start = true;
            again = true;
            if (doubted_part(t) == p)
                clear_doubt(t);
            code = start_fetch(p, &err);
        } else if (code == 0) {
            p->state = PART_GOOD;
            if (p->found)
                *p->found = p->descriptor.digest = cprov_blob_writer_descriptor(p->writer)->digest;
        }
        if (code < 0)
            fail_part(p, code, &err);
    }
    return again;
}

/* After what was started has ended: whether there is more to run. */
static bool go_on(struct cprov_transfer *t)
{
    bool again = finish_arrived(t);

    settle_doubt(t);
    for (size_t i = 0; i < t->count && t->code == 0; i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct part *p = t->parts[i];

        if (p->state != PART_OPEN) /* else it paused */
            continue;
        again = true;
        if (start_fetch(p, &err) < 0)
            fail_part(p, err.code, &err);
    }
    return again;
}

/* Runs what was started to its end, whatever becomes of it: callbacks must not outlive the parts.
 */
static int fetch_started(struct cprov_transfer *t)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = 0;

    do {
        if (t->session->client)
            code = cprov_client_run(t->session->client, NULL, &err);
        if (code < 0 && t->code == 0) {
            t->code = code;
            t->err = err;
        }
    } while (t->code == 0 && go_on(t));
    return t->code;
}

/* Gives the good ones their names, and lets go of their locks. */
static int commit_good(struct cprov_transfer *t, struct cprov_error *err)
{
    struct cprov_blob_writer **writers = calloc(t->count + 1, sizeof(struct cprov_blob_writer *));
    size_t n = 0;

    if (!writers)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i]->state == PART_GOOD)
            writers[n++] = t->parts[i]->writer;
    int code = n ? cprov_store_commit(t->store, writers, n, err) : 0;
    free(writers);
    for (size_t i = 0; i < t->count && code == 0; i++)
        if (t->parts[i]->state == PART_GOOD) {
            cprov_blob_writer_close(cprov_steal(&t->parts[i]->writer));
            code = set_present(t->parts[i], err);
        }
    return code;
}

static int finish_batch(struct cprov_transfer *t, struct cprov_error *err)
{
    if (fetch_started(t) < 0) {
        *err = t->err;
        return t->code;
    }
    return commit_good(t, err);
}

/*
 * Waits for the process that is at this blob, and says so: until it has committed, failed or died.
 * Its partial file shows how far it is.
 */
static int wait_for_other(struct part *p, struct cprov_error *err)
{
    struct cprov_transfer *t = p->transfer;
    int64_t deadline = cprov_clock_ms() + CPROV_LOCK_WAIT_MS;
    const char *activity = p->meter.activity;
    bool said = false;
    int code;

    while ((code = open_part(p, WAIT_STEP_MS, err)) == CPROV_EINUSE &&
           cprov_clock_ms() < deadline) {
        settle_doubt(t);
        if (t->code < 0) {
            *err = t->err;
            return t->code;
        }
        if (!said)
            cprov_say(t->session, CPROV_MSG_WARNING,
                      "waiting for another process that is downloading %.19s of %s", p->id,
                      t->item);
        said = true;
        p->meter.activity = "Waiting";
        jump(p, cprov_store_partial_bytes(t->store, &p->descriptor));
    }
    p->meter.activity = activity;
    return code;
}

/* What other processes were fetching: one by one, holding nothing while waiting, so that two
 * installs never wait for each other. */
static int fetch_left(struct cprov_transfer *t, struct cprov_error *err)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->parts[i]->state != PART_WAITING)
            continue;
        if (wait_for_other(t->parts[i], err) < 0)
            return err->code;
        start_opened(t);
        if (finish_batch(t, err) < 0)
            return err->code;
    }
    return 0;
}

static int fetch_all(struct cprov_transfer *t, struct cprov_error *err)
{
    size_t opened;

    do {
        opened = open_waiting(t);
        start_opened(t);
        if (finish_batch(t, err) < 0)
            return err->code;
    } while (opened > 0);
    return fetch_left(t, err);
}

int cprov_transfer_run(struct cprov_transfer *t, struct cprov_error *err)
{
    uint64_t missing = cprov_transfer_missing(t);

    cprov_meter_init(&t->meter, t->packed ? "Copying" : "Downloading", t->item, "", missing);
    int code = t->packed && missing > 0 ? cprov_store_need_space(t->store, missing, err) : 0;
    if (code == 0)
        code = fetch_all(t, err);
    /* Nobody may be left waiting for what nobody brings. */
    for (size_t i = 0; i < t->count && code < 0; i++)
        if (t->parts[i]->tail)
            cprov_tail_fail(t->parts[i]->tail, err);
    cprov_meter_end(t->session, &t->meter);
    return code;
}
