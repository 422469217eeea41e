/* An image config that is read has no text that is missing. */
#include "base/error.h"
#include "fuzz.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"

static void check_texts(const struct cprov_image_config *c)
{
    FUZZ_CHECK(c->created && c->author && c->user && c->working_dir);
    FUZZ_CHECK(c->platform.os && c->platform.architecture && c->platform.variant);
    for (size_t i = 0; i < c->history_count; i++)
        FUZZ_CHECK(c->history[i].created && c->history[i].created_by && c->history[i].comment);
    for (size_t i = 0; i < c->cmd_count; i++)
        FUZZ_CHECK(c->cmd[i]);
    for (size_t i = 0; i < c->labels_count; i++)
        FUZZ_CHECK(cprov_image_config_label(c, c->labels[i].key) == c->labels[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cprov_descriptor layers[2] = {
        { .media_type = CPROV_MT_OCI_LAYER },
        { .media_type = CPROV_MT_OCI_LAYER "+gzip" },
    };
    auto_image_config struct cprov_image_config *c = NULL;

    if (cprov_image_config_parse(cprov_span_make((const char *)data, size), &c, CPROV_IGNORED) < 0)
        return 0;
    check_texts(c);
    for (size_t n = 0; n <= CPROV_COUNT(layers); n++) {
        struct cprov_manifest m = { .layers = layers, .layers_count = n };

        cprov_image_is_os(&m, c);
        FUZZ_CHECK((cprov_image_config_unpacks(c, &m, CPROV_IGNORED) == 0) ==
                   (c->diff_ids_count == n));
    }
    return 0;
}
