/* provider/installed.h - one installed image with its documents, for whoever reads its layers. */
#ifndef CPROV_PROVIDER_INSTALLED_H
#define CPROV_PROVIDER_INSTALLED_H

#include "archive/packed.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "provider/session.h"
#include "store/images.h"

/* {0} is empty. */
struct cprov_installed {
    struct cprov_store *store;
    struct cprov_images *images;
    const struct cprov_image *image; /* one of them */
    struct cprov_packed *packed;     /* or instead of these three: the layout or archive it is in */
    struct cprov_manifest *manifest; /* its own, or of its index the one for this host */
    struct cprov_image_config *config;
};
void cprov_installed_clear(struct cprov_installed *in);
#define auto_installed CPROV_CLEANUP(cprov_installed_clear)

/* Reads a manifest or index of the store, verified and parsed. *out is yours:
 * cprov_manifest_free(). */
CPROV_MUST_CHECK
int cprov_installed_manifest(struct cprov_store *store, const struct cprov_descriptor *d,
                             struct cprov_manifest **out, struct cprov_error *err);

/* Which one is meant when several versions of a name are installed. */
enum cprov_installed_which { CPROV_INSTALLED_NEWEST, CPROV_INSTALLED_ONLY };

/*
 * The one of the images that a name means by cprov_select()'s rule: of one version the one for the
 * session's host. CPROV_ENOTFOUND says why; CPROV_EINVAL: several images are meant (the text lists
 * them), where one image under two names is not several.
 */
CPROV_MUST_CHECK
int cprov_installed_find(struct cprov_session *s, const struct cprov_images *images,
                         const char *name, const struct cprov_version_options *version,
                         enum cprov_installed_which which, const struct cprov_image **out,
                         struct cprov_error *err);

/*
 * Opens the store with the flags and reads the image; a name of something on this machine
 * (cprov_local_name()) is read where it lies, when the newest will do: CPROV_EUNSUPPORTED when an
 * installed one alone will. CPROV_ENOTFOUND: none fits; CPROV_EINVAL:
 * several do (the text lists them); CPROV_EUNSUPPORTED: it has no file system;
 * CPROV_EINCOMPATIBLE: an index without anything for this host.
 */
CPROV_MUST_CHECK
int cprov_installed_open(struct cprov_session *s, const char *name,
                         const struct cprov_version_options *version,
                         enum cprov_installed_which which, unsigned flags,
                         struct cprov_installed *out, struct cprov_error *err);

#endif
