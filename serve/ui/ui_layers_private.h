/* serve/ui/ui_layers_private.h - what an image for one platform is made of, as parts of a page. */
#ifndef CPROV_SERVE_UI_UI_LAYERS_PRIVATE_H
#define CPROV_SERVE_UI_UI_LAYERS_PRIVATE_H

#include "base/buf.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"

/* Tables with a heading each; config may be NULL. Of the environment the names alone are shown. */
void cprov_ui_layers(struct cprov_buf *out, const struct cprov_manifest *m,
                     const struct cprov_image_config *config);
/* The same of what is no image: its files. */
void cprov_ui_files(struct cprov_buf *out, const struct cprov_manifest *m);
void cprov_ui_history(struct cprov_buf *out, const struct cprov_image_config *config);
void cprov_ui_config(struct cprov_buf *out, const struct cprov_image_config *config);

#endif
