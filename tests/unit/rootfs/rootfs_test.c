/* tests/unit/rootfs/rootfs_test.c - what layers add up to in memory is what they unpack to: for
 * every case of data/hostile, and for names that were chosen to fall together. */
#include "rootfs/rootfs.h"

#include <dirent.h>
#include <time.h>

#include "store/dir.h"
#include "store/layer_stream.h"
#include "tests/unit/rootfs/hostile.h"

#define LAST_TIME 0x37fffffff /* of ext4, in 2446 */

static int on_entry(void *arg, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    return cprov_rootfs_add(arg, e, err);
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)arg, (void)data, (void)len, (void)err;
    return 0;
}

static int on_end(void *arg, struct cprov_error *err)
{
    (void)arg, (void)err;
    return 0;
}

static int read_members(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    return cprov_tar_reader_update(arg, data, len, err);
}

static int add_layer(struct cprov_rootfs *r, struct cprov_span packed,
                     const struct cprov_unpack_limits *limits, struct cprov_error *err)
{
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, r };
    auto_tar_reader struct cprov_tar_reader *tar = NULL;
    auto_layer_stream struct cprov_layer_stream *s = NULL;

    cprov_rootfs_begin_layer(r);
    assert_int_equal(cprov_tar_reader_new(&handler, &tar, err), 0);
    assert_int_equal(
        cprov_layer_stream_new(
            &(struct cprov_layer_stream_options){
                .packed_size = packed.len, .limits = *limits, .take = read_members, .arg = tar },
            &s, err),
        0);
    int code = cprov_layer_stream_update(s, packed.ptr, packed.len, err);
    if (code == 0)
        code = cprov_layer_stream_finish(s, NULL, err);
    return code != 0 ? code : cprov_tar_reader_finish(tar, err);
}

/* The case's layers, with the options that unpack_case() used. */
static int add_case(const struct unpacking *u, const struct cprov_json *c,
                    struct cprov_rootfs **out, struct cprov_error *err)
{
    const struct cprov_rootfs_options options = { .windows = u->options.windows,
                                                  .limits = u->options.limits };
    int code = 0;

    assert_int_equal(cprov_rootfs_new(&options, out, err), 0);
    const struct cprov_json *layer = cprov_json_get(c, "layers")->child;
    for (; code == 0 && layer; layer = layer->next) {
        auto_buf struct cprov_buf packed = { 0 };

        read_layer(layer->text.ptr, &packed);
        code = add_layer(*out, cprov_buf_span(&packed), &options.limits, err);
    }
    if (code == 0)
        cprov_rootfs_settle(*out);
    return code;
}

/* --- the two trees --- */

struct comparison {
    const struct unpacking *u;
    const struct cprov_rootfs *r;
    size_t names;
};

static mode_t type_of(const struct cprov_rootfs_node *n)
{
    static const mode_t types[] = {
        [CPROV_TAR_FILE] = S_IFREG,        [CPROV_TAR_SYMLINK] = S_IFLNK,
        [CPROV_TAR_CHAR_DEVICE] = S_IFCHR, [CPROV_TAR_BLOCK_DEVICE] = S_IFBLK,
        [CPROV_TAR_DIR] = S_IFDIR,         [CPROV_TAR_FIFO] = S_IFIFO,
    };

    return types[n->type];
}

static void assert_same_file(const struct comparison *c, const char *path, uint32_t name)
{
    const struct cprov_rootfs_node *n =
        cprov_rootfs_node(c->r, cprov_rootfs_name(c->r, name)->node);
    struct stat st = stat_of(c->u, path);
    auto_buf struct cprov_buf first = { 0 };

    if (n->type == CPROV_TAR_CHAR_DEVICE || n->type == CPROV_TAR_BLOCK_DEVICE)
        return; /* made by some users only */
    assert_int_equal(st.st_mode & S_IFMT, type_of(n));
    if (n->type == CPROV_TAR_SYMLINK) {
        assert_link(c->u, path, cprov_rootfs_text(c->r, n->target).ptr);
    } else {
        assert_int_equal(st.st_mode & 0777, n->mode & 0777);
        if (geteuid() == 0) {
            assert_int_equal(st.st_uid, n->uid);
            assert_int_equal(st.st_gid, n->gid);
        }
    }
    if (n->type == CPROV_TAR_FILE)
        assert_int_equal(st.st_size, n->size);
    if (n->member)
        assert_int_equal(st.st_mtim.tv_sec, n->mtime < LAST_TIME ? n->mtime : LAST_TIME);
    if (n->type != CPROV_TAR_DIR) { /* one file under all of its names */
        cprov_buf_init(&first, CPROV_UNPACK_PATH);
        cprov_rootfs_path(c->r, n->name, &first);
        assert_int_equal(stat_of(c->u, cprov_buf_text(&first)).st_ino, st.st_ino);
    }
}

static int compare_name(void *arg, const char *path, uint32_t name, struct cprov_error *err)
{
    struct comparison *c = arg;
    uint32_t found = 0;

    c->names++;
    assert_int_equal(cprov_rootfs_find(c->r, cprov_span_of(path), false, &found, err), 0);
    assert_int_equal(found, name);
    assert_same_file(c, path, name);
    return 0;
}

static size_t count_names(int dir, const char *name, bool top)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_dir DIR *d = NULL;
    struct stat st;
    size_t count = 0;

    if (cprov_dir_open(dir, name, &d, &err) != 0)
        return 0;
    for (const char *entry; (entry = cprov_dir_next(d));) {
        if (top && strcmp(entry, CPROV_WINDOWS_FILE) == 0)
            continue;
        assert_int_equal(fstatat(dirfd(d), entry, &st, AT_SYMLINK_NOFOLLOW), 0);
        count += 1 + (S_ISDIR(st.st_mode) ? count_names(dirfd(d), entry, false) : 0);
    }
    return count;
}

/* Verdict and tree. */
static void H6_memory_agrees_with_disk(void **state)
{
    struct unpacking *u = *state;
    struct cprov_arena arena = { .blocks = NULL };
    struct cprov_json *cases = read_cases(&arena);
    struct cprov_error err = CPROV_ERROR_INIT;
    size_t count = 0;

    for (const struct cprov_json *c = cases->child; c; c = c->next, count++) {
        auto_rootfs struct cprov_rootfs *r = NULL;
        struct comparison both = { .u = u };

        print_message("%s\n", cprov_json_get_text(c, "name"));
        int disk = unpack_case(u, c);
        err = (struct cprov_error)CPROV_ERROR_INIT;
        int memory = add_case(u, c, &r, &err);
        if (disk != memory)
            print_error("%d %s, but %d %s\n", disk, u->err.msg, memory, err.msg);
        assert_int_equal(memory, disk);
        if (disk != 0)
            continue;
        both.r = r;
        assert_int_equal(cprov_rootfs_walk(r, CPROV_ROOTFS_ROOT, true, compare_name, &both, &err),
                         0);
        if (u->result.devices_skipped == 0)
            assert_int_equal(both.names, count_names(AT_FDCWD, u->dir, true));
        assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &err), 0);
    }
    assert_true(count >= 140);
    cprov_arena_clear(&arena);
}

/* --- names that fall together --- */

#define PAIRS  15
#define NAMES  (1u << PAIRS)
#define TRIES  (1u << 18)
#define PIECE  8 /* letters */
#define LENGTH (PAIRS * PIECE)

struct trial {
    uint32_t hash;
    char piece[PIECE];
};

static int compare_trials(const void *a, const void *b)
{
    uint32_t x = ((const struct trial *)a)->hash, y = ((const struct trial *)b)->hash;

    return x < y ? -1 : x > y;
}

/* Two pieces that lead from one state of FNV-1a to another one. */
static uint32_t find_pair(uint32_t from, char pair[2][PIECE])
{
    struct trial *trials = calloc(TRIES, sizeof(*trials));
    uint32_t to = 0;

    assert_non_null(trials);
    for (unsigned i = 0; i < TRIES; i++) {
        trials[i].hash = from;
        for (unsigned k = 0; k < PIECE; k++) {
            trials[i].piece[k] = (char)('0' + ((uint64_t)i * 0x9e3779b97f4a7c15u >> 5 * k & 31));
            trials[i].hash = (trials[i].hash ^ (unsigned char)trials[i].piece[k]) * 16777619u;
        }
    }
    qsort(trials, TRIES, sizeof(*trials), compare_trials);
    for (unsigned i = 1; i < TRIES; i++)
        if (trials[i].hash == trials[i - 1].hash) {
            memcpy(pair[0], trials[i - 1].piece, PIECE);
            memcpy(pair[1], trials[i].piece, PIECE);
            to = trials[i].hash;
            break;
        }
    free(trials);
    assert_true(to != 0);
    return to;
}

/* Names of one hash, all of 32 bits, in the table that once was there: each would be looked for
 * among all before it. */
static void choose_names(char (*out)[LENGTH + 1])
{
    char pairs[PAIRS][2][PIECE];
    uint32_t h = 2166136261u ^ CPROV_ROOTFS_ROOT;

    for (unsigned i = 0; i < PAIRS; i++)
        h = find_pair(h, pairs[i]);
    for (unsigned n = 0; n < NAMES; n++) {
        for (unsigned i = 0; i < PAIRS; i++)
            memcpy(out[n] + (size_t)i * PIECE, pairs[i][n >> i & 1], PIECE);
        out[n][LENGTH] = '\0';
    }
}

static void A5_chosen_names_take_a_second(void **state)
{
    static char names[NAMES][LENGTH + 1];
    auto_rootfs struct cprov_rootfs *r = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    uint32_t found;

    (void)state;
    assert_int_equal(cprov_rootfs_new(&(struct cprov_rootfs_options){ 0 }, &r, &err), 0);
    cprov_rootfs_begin_layer(r);
    choose_names(names);
    clock_t begin = clock();
    for (size_t i = 0; i < NAMES; i++) {
        const struct cprov_tar_entry e = { .type = CPROV_TAR_FILE,
                                           .path = cprov_span_of(names[i]) };

        assert_int_equal(cprov_rootfs_add(r, &e, &err), 0);
    }
    for (size_t i = 0; i < NAMES; i++)
        assert_int_equal(cprov_rootfs_find(r, cprov_span_of(names[i]), true, &found, &err), 0);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    print_message("%u names: %.3f s\n", NAMES, seconds);
    assert_true(seconds < 1);
}

/* As many opaque marks as files: each file is looked at once. */
static void A5_many_marks_take_a_second(void **state)
{
    auto_rootfs struct cprov_rootfs *r = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    clock_t begin = clock();
    char name[32];

    (void)state;
    assert_int_equal(cprov_rootfs_new(&(struct cprov_rootfs_options){ 0 }, &r, &err), 0);
    for (unsigned layer = 0; layer < 2; layer++) {
        cprov_rootfs_begin_layer(r);
        for (unsigned i = 0; i < NAMES; i++) {
            snprintf(name, sizeof(name), "d/%u-%u", layer, i);
            const struct cprov_tar_entry e = { .path = cprov_span_of(name) };
            const struct cprov_tar_entry mark = { .path = cprov_span_of("d/.wh..wh..opq") };

            assert_int_equal(cprov_rootfs_add(r, &e, &err), 0);
            if (layer > 0)
                assert_int_equal(cprov_rootfs_add(r, &mark, &err), 0);
        }
    }
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    print_message("%.3f s\n", seconds);
    assert_true(seconds < 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(H6_memory_agrees_with_disk),
        cmocka_unit_test(A5_chosen_names_take_a_second),
        cmocka_unit_test(A5_many_marks_take_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
