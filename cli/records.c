/* cli/records.c - key, place and width of every column. */
#include "cli/records.h"

#include <string.h>

#include "cli/cli.h"

#define TEXT(key, field, width)                                                                    \
    {                                                                                              \
        key, CPROV_COLUMN_TEXT, offsetof(struct cprov_item, field), width                          \
    }

#define PROSE(key, field, width)                                                                   \
    {                                                                                              \
        key, CPROV_COLUMN_PROSE, offsetof(struct cprov_item, field), width                         \
    }

#define DIGEST_WIDTH 71 /* "sha256:" and 64 digits */

static const struct cprov_column image_columns[] = {
    TEXT("Name", name, 20),
    TEXT("Version", version, 23),
    TEXT("Source", source, 20),
    PROSE("Description", description, 50),
    TEXT("Publisher", publisher, 20),
    { "Size", CPROV_COLUMN_BYTES, offsetof(struct cprov_item, bytes), 10 },
    TEXT("Digest", digest, DIGEST_WIDTH),
    TEXT("PlatformDigest", platform_digest, DIGEST_WIDTH),
    TEXT("Kind", kind, 8),
    TEXT("MediaType", media_type, 58),
    { "Platforms", CPROV_COLUMN_LIST, offsetof(struct cprov_item, platforms), 30 },
    TEXT("OsVersion", os_version, 18),
    TEXT("Created", created, 20),
    TEXT("Installed", installed, 20),
    TEXT("ImageId", image_id, DIGEST_WIDTH),
    TEXT("LegacyId", legacy_id, 64),
    TEXT("FullName", full_name, 45),
    TEXT("Parent", parent, 60),
    TEXT("Reference", reference, 60),
    TEXT("Location", location, 40),
    TEXT("Path", path, 40),
    TEXT("Ref", ref, 0),
    TEXT("Date", created, 20),
    TEXT("Sha256", sha256, 64),
    PROSE("Notes", notes, 50),
    TEXT("Url", url, 60),
    TEXT("Dependencies", dependencies, 40),
    TEXT("Culture", culture, 20),
    TEXT("Checked", checked, 20),
    { "Trusted", CPROV_COLUMN_BOOL, offsetof(struct cprov_item, trusted), 7 },
    { "IsOSImage", CPROV_COLUMN_BOOL, offsetof(struct cprov_item, is_os), 9 },
};
const struct cprov_record cprov_image_record = { image_columns, CPROV_COUNT(image_columns) };

static const struct cprov_layout find_oneget = {
    .style = CPROV_TABLE_FIXED,
    .columns = { { "Name", NULL, 30 },
                 { "Version", NULL, 16 },
                 { "Source", NULL, 16 },
                 { "Description", "Summary", 0 } },
    .narrow = "Description",
    .beside = "Description",
    .narrower = 0, /* the rest of the line */
};
const struct cprov_layout cprov_find_layout = {
    .style = CPROV_TABLE_FIXED,
    .columns = { { "Name", NULL, 0 },
                 { "Version", NULL, 0 },
                 { "Source", NULL, 0 },
                 { "Description", NULL, 0 } },
    .oneget = &find_oneget,
    .narrow = "Description",
    .beside = "Source",
    .narrower = 35,
    .doubtful = "Source",
    .told_by = "Name",
};

static const struct cprov_layout get_oneget = {
    .style = CPROV_TABLE_FIXED,
    .columns = { { "Name", NULL, 30 }, { "Version", NULL, 16 }, { "Source", NULL, 32 } },
};
const struct cprov_layout cprov_get_layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Name", NULL, 0 },
                 { "Publisher", NULL, 0 },
                 { "Version", NULL, 0 },
                 { "IsOSImage", NULL, 0 } },
    .oneget = &get_oneget,
};

#define SOURCE_TEXT(key, field)                                                                    \
    {                                                                                              \
        key, CPROV_COLUMN_TEXT, offsetof(struct cprov_source_item, field), 0                       \
    }

static const struct cprov_column source_columns[] = {
    SOURCE_TEXT("Name", name),
    SOURCE_TEXT("Location", location),
    SOURCE_TEXT("Type", type),
    { "Trusted", CPROV_COLUMN_BOOL, offsetof(struct cprov_source_item, trusted), 0 },
    { "Registered", CPROV_COLUMN_BOOL, offsetof(struct cprov_source_item, registered), 0 },
    SOURCE_TEXT("Proxy", proxy),
    SOURCE_TEXT("VerifyKey", key),
    SOURCE_TEXT("CaFile", ca_file),
    SOURCE_TEXT("CertFile", cert_file),
    SOURCE_TEXT("KeyFile", key_file),
    { "AllowHttp", CPROV_COLUMN_BOOL, offsetof(struct cprov_source_item, allow_http), 0 },
    { "TlsVerify", CPROV_COLUMN_BOOL, offsetof(struct cprov_source_item, tls_verify), 0 },
};
const struct cprov_record cprov_source_record = { source_columns, CPROV_COUNT(source_columns) };

static const struct cprov_layout source_oneget = {
    .style = CPROV_TABLE_FIXED,
    .columns = { { "Name", NULL, 32 },
                 { "Type", "ProviderName", 16 },
                 { "Trusted", "IsTrusted", 10 },
                 { "Location", NULL, 0 } },
};
const struct cprov_layout cprov_source_layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Name", NULL, 0 },
                 { "Type", NULL, 0 },
                 { "Trusted", NULL, 0 },
                 { "Location", NULL, 0 } },
    .oneget = &source_oneget,
};

#define AT(field) offsetof(struct cprov_refreshed_item, field)
static const struct cprov_column refreshed_columns[] = {
    { "Source", CPROV_COLUMN_TEXT, AT(source), 0 },
    { "Repositories", CPROV_COLUMN_COUNT, AT(repositories), 0 },
    { "Requests", CPROV_COLUMN_COUNT, AT(requests), 0 },
    { "Problem", CPROV_COLUMN_TEXT, AT(problem), 0 },
};
#undef AT
const struct cprov_record cprov_refreshed_record = { refreshed_columns,
                                                     CPROV_COUNT(refreshed_columns) };
const struct cprov_layout cprov_refreshed_layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Source", NULL, 0 }, { "Repositories", NULL, 0 }, { "Requests", NULL, 0 } },
};

#define DOCKER_ROW(key, field)                                                                     \
    {                                                                                              \
        key, CPROV_COLUMN_TEXT, offsetof(struct cprov_docker_row, field), 0                        \
    }

/* The names of Docker's own templates. */
static const struct cprov_column docker_columns[] = {
    DOCKER_ROW("Repository", repository),
    DOCKER_ROW("Tag", tag),
    DOCKER_ROW("ID", id),
    DOCKER_ROW("CreatedSince", since),
    DOCKER_ROW("CreatedAt", created),
    DOCKER_ROW("Size", size),
    DOCKER_ROW("Digest", digest),
};
const struct cprov_record cprov_docker_record = { docker_columns, CPROV_COUNT(docker_columns) };

#define TEST_ROW(key, field)                                                                       \
    {                                                                                              \
        key, CPROV_COLUMN_TEXT, offsetof(struct cprov_test_row, field), 0                          \
    }

static const struct cprov_column test_columns[] = {
    TEST_ROW("Name", name),       TEST_ROW("Version", version), TEST_ROW("Result", result),
    TEST_ROW("Problem", problem), TEST_ROW("Blob", blob),       TEST_ROW("Message", message),
};
const struct cprov_record cprov_test_record = { test_columns, CPROV_COUNT(test_columns) };

#define CONTAINER_ROW(key, field)                                                                  \
    {                                                                                              \
        key, CPROV_COLUMN_TEXT, offsetof(struct cprov_container_row, field), 0                     \
    }

static const struct cprov_column container_columns[] = {
    CONTAINER_ROW("Name", name),       CONTAINER_ROW("State", state),
    CONTAINER_ROW("Uptime", uptime),   CONTAINER_ROW("ParentImageName", image_name),
    CONTAINER_ROW("Image", image),     CONTAINER_ROW("Id", id),
    CONTAINER_ROW("Digest", digest),   CONTAINER_ROW("Path", path),
    CONTAINER_ROW("Created", created), CONTAINER_ROW("Isolation", isolation),
    CONTAINER_ROW("Runtime", runtime),
};
const struct cprov_record cprov_container_record = { container_columns,
                                                     CPROV_COUNT(container_columns) };

#define FILE_ROW(key, type, field, width)                                                          \
    {                                                                                              \
        key, type, offsetof(struct cprov_file_row, field), width                                   \
    }

static const struct cprov_column file_columns[] = {
    FILE_ROW("Mode", CPROV_COLUMN_TEXT, mode, 10),
    FILE_ROW("Owner", CPROV_COLUMN_TEXT, owner, 11),
    FILE_ROW("Size", CPROV_COLUMN_COUNT, bytes, 12),
    FILE_ROW("Modified", CPROV_COLUMN_TEXT, modified, 20),
    FILE_ROW("Path", CPROV_COLUMN_TEXT, path, 0),
    FILE_ROW("Link", CPROV_COLUMN_TEXT, link, 40),
    FILE_ROW("Type", CPROV_COLUMN_TEXT, type, 8),
    FILE_ROW("Permissions", CPROV_COLUMN_TEXT, permissions, 11),
    FILE_ROW("Uid", CPROV_COLUMN_COUNT, uid, 8),
    FILE_ROW("Gid", CPROV_COLUMN_COUNT, gid, 8),
    FILE_ROW("Layer", CPROV_COLUMN_COUNT, layer, 5),
};
const struct cprov_record cprov_file_record = { file_columns, CPROV_COUNT(file_columns) };

/* An older or newer library hands out a shorter or longer item. */
void cprov_print_item(void *arg, const struct cprov_item *item)
{
    struct cprov_cli *cli = arg;
    struct cprov_item row = CPROV_INIT(struct cprov_item);

    memcpy(&row, item, item->size < sizeof(row) ? item->size : sizeof(row));
    if (row.several_sources && cprov_out_rows(cli->out) == 0)
        cprov_out_expect_doubt(cli->out);
    cprov_out_row(cli->out, &row);
}
