/* cli/verbs.c - every verb with its words, examples and options. */
#include "cli/verbs.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/span.h"
#include "cli/options.h"
#include "cli/records.h"
#include "cli/text.h"

#define ANY SIZE_MAX

/* The ways to say which images are meant. */
#define IMAGES (CPROV_SET_NAMES | CPROV_SET_INPUT | CPROV_SET_REFS)

/* What a verb needs of the options of every verb to reach a registry. */
#define LOGIN   "username password-stdin authfile "
#define NETWORK "ca-file allow-http tls-verify "

const char *const cprov_verb_groups[] = {
    [CPROV_GROUP_GET] = "Find and get images",
    [CPROV_GROUP_HAVE] = "What is on this machine",
    [CPROV_GROUP_DOCKER] = "The Docker way",
    [CPROV_GROUP_FILES] = "Files",
    [CPROV_GROUP_SOURCES] = "Sources",
    [CPROV_GROUP_REGISTRY] = "Registries",
    [CPROV_GROUP_OTHER] = "Other",
    [CPROV_GROUP_HIDDEN] = NULL,
};

const struct cprov_verb cprov_verbs[] = {
    {
        .id = CPROV_VERB_FIND,
        .group = CPROV_GROUP_GET,
        .name = "find-image",
        .aliases = "find search",
        .powershell = "Find-ContainerImage",
        .arguments = "[NAME...]",
        .summary = "what the registered sources offer",
        .examples = { "find-image", "find-image 'nano*' --all-versions",
                      "find-image --search 'web server' --platform linux/arm64 --limit 10" },
        .notes = "A NAME is a reference (host/repository[:tag][@digest]) or a name or pattern "
                 "(* ? [a-z]) that is looked up in the sources. Of each name and source the "
                 "newest version is shown. Spelt Find-ContainerImage it shows all versions. An "
                 "exact name that no source has is a failure, a pattern without a match is not. "
                 "Answers come "
                 "from an index of the sources while it is fresh; --refresh asks them at once, "
                 "--offline never does. With --platform or --os-version only what runs there is "
                 "shown.",
        .sets =
            IMAGES | CPROV_SET_VERSIONS | CPROV_SET_EVERY_VERSION | CPROV_SET_FIND | CPROV_SET_HOST,
        .most = ANY,
        .link = true,
        .wildcards = true,
        .record = &cprov_image_record,
        .shows = "source",
    },
    {
        .id = CPROV_VERB_INSTALL,
        .group = CPROV_GROUP_GET,
        .name = "install-image",
        .aliases = "install",
        .powershell = "Install-ContainerImage",
        .arguments = "NAME...",
        .summary = "download, verify and record images",
        .examples = { "install-image NanoServer",
                      "install-image --name NanoServer --version 10.0.10586.8",
                      "find-image 'nano*' --format jsonl | install-image --input -" },
        .notes = "Each image is installed wholly or not at all; what an earlier run left is "
                 "resumed. From a source that is not trusted images are installed after a "
                 "question, or with --trust. To upgrade, install the name again: the newest "
                 "version is put beside the one that is there.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_EVERY_VERSION | CPROV_SET_HOST |
                CPROV_SET_INSTALL | CPROV_SET_INDEX | CPROV_SET_UNPACK | CPROV_SET_CAPS,
        .least = 1,
        .most = ANY,
        .link = true,
        .changes = true,
        .shows = "source trust",
    },
    {
        .id = CPROV_VERB_PULL,
        .group = CPROV_GROUP_DOCKER,
        .name = "pull",
        .aliases = "",
        .arguments = "REF...",
        .summary = "install by reference, the Docker way",
        .examples = { "cprov pull alpine", "cprov pull localhost:5000/team/app:1.2" },
        .notes = "A bare name is one of Docker Hub's, and the tag is latest, as Docker has it.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_EVERY_VERSION | CPROV_SET_HOST |
                CPROV_SET_INSTALL | CPROV_SET_INDEX | CPROV_SET_UNPACK | CPROV_SET_CAPS,
        .least = 1,
        .most = ANY,
        .changes = true,
        .shows = "platform force",
    },
    {
        .id = CPROV_VERB_SAVE,
        .group = CPROV_GROUP_GET,
        .name = "save-image",
        .aliases = "save",
        .powershell = "Save-ContainerImage",
        .arguments = "NAME...",
        .summary = "download images to files without installing",
        .examples = { "save-image NanoServer --path downloads/",
                      "save-image alpine --destination alpine.tar",
                      "save-image docker.io/library/alpine:3.20 --type oci --path layout/" },
        .notes = "In a folder the file is NAME-1-2-3-4.oci.tar; docker, podman and containerd load "
                 "it. An existing file is skipped unless --force is given. Trust is not asked for. "
                 "What is installed is not fetched again.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_EVERY_VERSION | CPROV_SET_HOST |
                CPROV_SET_INDEX | CPROV_SET_SAVE,
        .least = 1,
        .most = ANY,
        .link = true,
        .changes = true,
        .shows = "source force",
    },
    {
        .id = CPROV_VERB_INSPECT,
        .group = CPROV_GROUP_GET,
        .name = "inspect",
        .aliases = "",
        .arguments = "NAME",
        .summary = "one image in full, installed or in a registry",
        .examples = { "cprov inspect NanoServer", "cprov inspect alpine:3.20 --raw",
                      "cprov inspect NanoServer --format template='{{.Digest}}'" },
        .notes = "Here --config is the image's config; --config-file names a configuration.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_HOST | CPROV_SET_INSPECT,
        .least = 1,
        .most = ANY,
    },
    {
        .id = CPROV_VERB_GET,
        .group = CPROV_GROUP_HAVE,
        .name = "get-image",
        .aliases = "get list",
        .powershell = "Get-ContainerImage",
        .arguments = "[NAME...]",
        .summary = "what is installed",
        .examples = { "get-image", "get-image 'S*' --publisher 'CN=Demo'",
                      "get-image NanoServer --format list" },
        .notes = "A NAME is a name, a pattern or an image id. All versions are shown.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_EVERY_VERSION | CPROV_SET_LIST,
        .most = ANY,
        .link = true,
        .wildcards = true,
        .record = &cprov_image_record,
        .shows = "format columns root",
    },
    {
        .id = CPROV_VERB_IMAGES,
        .group = CPROV_GROUP_DOCKER,
        .name = "images",
        .aliases = "docker-images",
        .arguments = "[NAME...]",
        .summary = "what is installed, the way Docker shows it",
        .examples = { "cprov images", "cprov images --legacy", "cprov images -q --no-trunc" },
        .notes = "With --quiet the ids alone are shown.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_EVERY_VERSION | CPROV_SET_LIST |
                CPROV_SET_IMAGES,
        .most = ANY,
        .wildcards = true,
        .record = &cprov_docker_record,
        .shows = "format columns quiet root",
    },
    {
        .id = CPROV_VERB_TEST,
        .group = CPROV_GROUP_HAVE,
        .name = "test-image",
        .aliases = "test",
        .powershell = "Test-ContainerImage",
        .arguments = "[NAME...]",
        .summary = "verify every byte of installed images",
        .examples = { "test-image NanoServer", "test-image --all", "test-image --all --repair" },
        .notes = "Checked are the size and digest of every blob, the diff ids of layers, the "
                 "links between documents, and the index. Without a NAME every image is tested.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_EVERY_VERSION | CPROV_SET_TEST,
        .most = ANY,
        .link = true,
        .wildcards = true,
        .record = &cprov_test_record,
        .shows = "format columns root",
    },
    {
        .id = CPROV_VERB_REMOVE,
        .group = CPROV_GROUP_HAVE,
        .name = "remove-image",
        .aliases = "remove rm uninstall uninstall-image delete delete-image",
        .powershell = "Remove-ContainerImage Uninstall-ContainerImage Uninstall-ContainerOSImage",
        .arguments = "NAME...",
        .summary = "remove images, and the bytes that only they need",
        .examples = { "remove-image NanoServer:10.0.10586.8", "remove-image 'nano*' --what-if",
                      "remove-image base --cascade" },
        .notes = "Asks before each one; --yes answers. An image stays while a container, also a "
                 "stopped one, or an image that was built on it depends on it, and no option "
                 "changes that; --cascade removes such images first. One of several names goes "
                 "alone. --what-if shows what would go, and how many bytes.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_EVERY_VERSION | CPROV_SET_BUILD |
                CPROV_SET_REMOVAL,
        .least = 1,
        .most = ANY,
        .link = true,
        .changes = true,
        .wildcards = true,
        .shows = "yes what-if",
    },
    {
        .id = CPROV_VERB_RMI,
        .group = CPROV_GROUP_DOCKER,
        .name = "rmi",
        .aliases = "",
        .arguments = "NAME|ID...",
        .summary = "the same as Docker does it: no question",
        .examples = { "cprov rmi nanoserver:10.0.10586.8", "cprov rmi 85724caf29b3" },
        .notes = "An image that is named by its id goes with all its names, with --force.",
        .sets = IMAGES | CPROV_SET_VERSIONS | CPROV_SET_REMOVAL,
        .least = 1,
        .most = ANY,
        .changes = true,
        .wildcards = true,
        .shows = "force what-if",
    },
    {
        .id = CPROV_VERB_TAG,
        .group = CPROV_GROUP_DOCKER,
        .name = "tag",
        .aliases = "tag-image",
        .powershell = "Tag-ContainerImage",
        .arguments = "NAME NEWNAME[:VERSION]",
        .summary = "give an installed image one more name",
        .examples = { "cprov tag nanoserver:10.0.10586.8 nanoserver:latest",
                      "cprov tag alpine registry.example/team/base:1" },
        .notes = "Without a version the new name gets 'latest'. A name that another image has is "
                 "taken over with --force.",
        .sets = CPROV_SET_VERSIONS | CPROV_SET_BUILD,
        .least = 2,
        .most = 2,
        .changes = true,
        .shows = "force",
    },
    {
        .id = CPROV_VERB_UNTAG,
        .group = CPROV_GROUP_DOCKER,
        .name = "untag",
        .aliases = "untag-image",
        .arguments = "NAME...",
        .summary = "take a name away from an image that has another one",
        .examples = { "cprov untag nanoserver:latest" },
        .notes = "The last name of an image stays: remove-image removes the image.",
        .sets = IMAGES | CPROV_SET_VERSIONS,
        .least = 1,
        .most = ANY,
        .changes = true,
        .shows = "what-if",
    },
    {
        .id = CPROV_VERB_GC,
        .group = CPROV_GROUP_OTHER,
        .name = "gc",
        .aliases = "prune",
        .arguments = "",
        .summary = "give back the space of what no image needs",
        .examples = { "cprov gc --what-if", "cprov gc", "cprov gc --force" },
        .notes = "Removes blobs that no image names and downloads that were broken off more than a "
                 "day ago; with --force all that nobody goes on with. It runs beside installs: "
                 "what they may need stays.",
        .changes = true,
        .shows = "force what-if",
    },
    {
        .id = CPROV_VERB_DF,
        .group = CPROV_GROUP_OTHER,
        .name = "df",
        .aliases = "",
        .arguments = "",
        .summary = "how much space the store takes",
        .examples = { "cprov df", "cprov df --format json" },
        .notes = "What several images share counts once.",
        .shows = "format",
    },
    {
        .id = CPROV_VERB_NEW_CONTAINER,
        .group = CPROV_GROUP_FILES,
        .name = "new-container",
        .aliases = "",
        .powershell = "New-Container",
        .arguments = "NAME",
        .summary = "tie a container to the image it is made of",
        .examples = { "cprov new-container TST --image WindowsServerCore",
                      "cprov new-container web --image nginx --path web/",
                      "cprov new-container me --image alpine --path b/ --rootless" },
        .notes = "The image stays installed as long as the container is there. With --path its "
                 "bundle is made, which 'crun run --bundle DIR NAME' starts.",
        .sets = CPROV_SET_NAMES | CPROV_SET_VERSIONS | CPROV_SET_CONTAINER | CPROV_SET_UNPACK |
                CPROV_SET_CAPS,
        .least = 1,
        .most = 1,
        .changes = true,
    },
    {
        .id = CPROV_VERB_GET_CONTAINER,
        .group = CPROV_GROUP_FILES,
        .name = "get-container",
        .aliases = "containers",
        .powershell = "Get-Container",
        .arguments = "[NAME...]",
        .summary = "the containers, and whether they run",
        .examples = { "cprov get-container", "cprov get-container 'w*' --format json" },
        .notes = "A NAME is a name, a pattern, or an id or its beginning. The state is asked from "
                 "the runtime; a container without one is off.",
        .sets = CPROV_SET_NAMES | CPROV_SET_INPUT,
        .most = ANY,
        .wildcards = true,
        .record = &cprov_container_record,
        .shows = "format columns",
    },
    {
        .id = CPROV_VERB_REMOVE_CONTAINER,
        .group = CPROV_GROUP_FILES,
        .name = "remove-container",
        .aliases = "",
        .powershell = "Remove-Container",
        .arguments = "NAME...",
        .summary = "forget containers",
        .examples = { "cprov remove-container TST",
                      "cprov remove-container web --delete-files -y" },
        .notes = "Asks before each one. A container that runs is left alone.",
        .sets = CPROV_SET_NAMES | CPROV_SET_INPUT | CPROV_SET_REMOVE,
        .least = 1,
        .most = ANY,
        .changes = true,
        .wildcards = true,
    },
    {
        .id = CPROV_VERB_LS,
        .group = CPROV_GROUP_FILES,
        .name = "ls",
        .aliases = "",
        .arguments = "IMAGE [PATH]",
        .summary = "the files of an installed image",
        .examples = { "cprov ls alpine", "cprov ls alpine etc -r",
                      "cprov ls alpine / -r --format jsonl" },
        .notes = "What the layers add up to is shown, without unpacking them: of a folder what is "
                 "in it, of anything else the thing itself.",
        .sets = CPROV_SET_VERSIONS | CPROV_SET_BUILD | CPROV_SET_FILES | CPROV_SET_CAPS,
        .least = 1,
        .most = 2,
        .record = &cprov_file_record,
        .shows = "format columns",
    },
    {
        .id = CPROV_VERB_CAT,
        .group = CPROV_GROUP_FILES,
        .name = "cat",
        .aliases = "",
        .arguments = "IMAGE PATH",
        .summary = "the content of a file of an installed image",
        .examples = { "cprov cat alpine etc/os-release" },
        .notes = "Links are followed within the image. Layers are read from the top, as far down "
                 "as the file is.",
        .sets = CPROV_SET_VERSIONS | CPROV_SET_BUILD | CPROV_SET_CAPS,
        .least = 2,
        .most = 2,
    },
    {
        .id = CPROV_VERB_EXPORT,
        .group = CPROV_GROUP_FILES,
        .name = "export",
        .aliases = "",
        .arguments = "IMAGE -|FILE",
        .summary = "all files of an installed image as one tar",
        .examples = { "cprov export alpine - | tar -t", "cprov export alpine alpine.tar" },
        .notes = "The same image always gives the same bytes. A file that is there is replaced "
                 "with --force only; a pipe or a character device is written into, a symlink "
                 "refused. FILE - is stdout.",
        .sets = CPROV_SET_VERSIONS | CPROV_SET_BUILD | CPROV_SET_CAPS,
        .least = 2,
        .most = 2,
        .shows = "force what-if",
        .changes = true,
    },
    {
        .id = CPROV_VERB_REGISTER,
        .group = CPROV_GROUP_SOURCES,
        .name = "register-source",
        .aliases = "register",
        .powershell = "Register-PackageSource",
        .arguments = "NAME LOCATION",
        .summary = "add a source of images",
        .examples = { "register-source cat https://registry.example/windows --trusted",
                      "register-source lab lab.example:5000 --ca-file lab-ca.pem",
                      "register-source --default" },
        .notes = "The location is asked whether it answers, unless --no-check is given. With "
                 "--force a source of the same name is replaced.",
        .sets = CPROV_SET_NAMES | CPROV_SET_SOURCE | CPROV_SET_REGISTER,
        .most = 2,
        .link = true,
        .changes = true,
        .record = &cprov_source_record,
        .shows = LOGIN "force",
    },
    {
        .id = CPROV_VERB_GET_SOURCE,
        .group = CPROV_GROUP_SOURCES,
        .name = "get-source",
        .aliases = "sources",
        .powershell = "Get-PackageSource",
        .arguments = "[NAME...]",
        .summary = "the sources that are registered",
        .examples = { "get-source", "get-source 'c*' --format json" },
        .sets = CPROV_SET_NAMES | CPROV_SET_INPUT | CPROV_SET_PLACE,
        .most = ANY,
        .link = true,
        .wildcards = true,
        .record = &cprov_source_record,
        .shows = "format columns",
    },
    {
        .id = CPROV_VERB_SET_SOURCE,
        .group = CPROV_GROUP_SOURCES,
        .name = "set-source",
        .aliases = "",
        .powershell = "Set-PackageSource",
        .arguments = "NAME",
        .summary = "change a source",
        .examples = { "set-source cat --trusted", "set-source cat --trusted=false",
                      "set-source cat --new-name lab --location localhost:5000" },
        .sets = CPROV_SET_NAMES | CPROV_SET_SOURCE | CPROV_SET_CHANGE,
        .least = 1,
        .most = 1,
        .link = true,
        .changes = true,
        .record = &cprov_source_record,
    },
    {
        .id = CPROV_VERB_UNREGISTER,
        .group = CPROV_GROUP_SOURCES,
        .name = "unregister-source",
        .aliases = "unregister",
        .powershell = "Unregister-PackageSource",
        .arguments = "NAME...",
        .summary = "forget sources",
        .examples = { "unregister-source cat", "unregister-source --location localhost:5000" },
        .sets = CPROV_SET_NAMES | CPROV_SET_INPUT | CPROV_SET_PLACE,
        .most = ANY,
        .link = true,
        .changes = true,
    },
    {
        .id = CPROV_VERB_REFRESH,
        .group = CPROV_GROUP_SOURCES,
        .name = "refresh",
        .aliases = "update",
        .arguments = "[SOURCE...]",
        .summary = "bring the index of the sources up to date",
        .examples = { "cprov refresh", "cprov refresh mine --details 500",
                      "cprov refresh --quiet --progress none" },
        .notes =
            "find-image answers from the index while it is fresh (--max-age) and asks the "
            "sources otherwise. A refresh asks for what has changed: a page of the catalog and "
            "a list of tags at a time, or one document; --details reads manifests too, which "
            "tell descriptions, sizes and platforms. Without SOURCE all registered ones.",
        .sets = CPROV_SET_NAMES | CPROV_SET_REFRESH,
        .most = ANY,
        .record = &cprov_refreshed_record,
        .shows = "format max-age",
    },
    {
        .id = CPROV_VERB_LOGIN,
        .group = CPROV_GROUP_REGISTRY,
        .name = "login",
        .aliases = "",
        .arguments = "[REGISTRY]",
        .summary = "try a login and keep it where docker and podman look",
        .examples = { "cprov login registry.example",
                      "cprov login registry.example -u me --password-stdin < secret" },
        .notes = "REGISTRY is docker.io when it is not given. On a terminal user and password are "
                 "asked for.",
        .most = 1,
        .changes = true,
        .shows = LOGIN NETWORK "cert key",
    },
    {
        .id = CPROV_VERB_LOGOUT,
        .group = CPROV_GROUP_OTHER,
        .name = "logout",
        .aliases = "",
        .arguments = "[REGISTRY]",
        .summary = "forget a login",
        .examples = { "cprov logout registry.example" },
        .notes = "REGISTRY is docker.io when it is not given.",
        .most = 1,
        .changes = true,
        .shows = "authfile",
    },
    {
        .id = CPROV_VERB_CATALOG,
        .group = CPROV_GROUP_REGISTRY,
        .name = "catalog",
        .aliases = "",
        .arguments = "export|push|add FILE|REF [FILE...]",
        .summary = "share what is known of the sources",
        .examples = { "cprov catalog export catalog.json",
                      "cprov catalog push registry.example/team/catalog --title 'Team images'",
                      "cprov catalog push registry.example/team/catalog --sign key.pem",
                      "cprov catalog add www/catalog.json www/*.wim" },
        .notes = "Nothing is asked of the sources: 'cprov refresh' does that. Others register what "
                 "was pushed as a source of type catalog. With --sign an exported file gets its "
                 "signature beside it, as FILE.sig. FILE - is stdout. add "
                 "puts files that lie beside a catalog into it, with size, sha256 and date.",
        .sets = CPROV_SET_CATALOG,
        .least = 2,
        .most = ANY,
        .changes = true,
    },
    {
        .id = CPROV_VERB_SERVE,
        .group = CPROV_GROUP_REGISTRY,
        .name = "serve",
        .aliases = "",
        .arguments = "[DIR]",
        .summary = "the store, or a layout, as a read-only registry",
        .examples = { "cprov serve", "cprov serve --listen 0.0.0.0:5000 --cert c.pem --key k.pem",
                      "cprov serve layout/ --listen 127.0.0.1:0" },
        .notes = "Runs until it is interrupted. Here --cert and --key are the server's. As a "
                 "service: a systemd unit with ExecStart=cprov serve, which stays in the "
                 "foreground and ends on SIGTERM; docs/serving.md has one.",
        .sets = CPROV_SET_SERVE,
        .most = 1,
        .shows = "cert key root",
    },
    {
        .id = CPROV_VERB_COMPAT,
        .group = CPROV_GROUP_OTHER,
        .name = "compat",
        .aliases = "check-compat",
        .arguments = "",
        .summary = "whether a Windows host runs an image",
        .examples = { "cprov compat --host 10.0.20348 --image 10.0.17763 --isolation hyperv" },
        .notes = "Prints the rule that decides; ends with 9 when the image does not run.",
        .sets = CPROV_SET_COMPAT,
    },
    {
        .id = CPROV_VERB_COMPLETION,
        .group = CPROV_GROUP_OTHER,
        .name = "completion",
        .aliases = "",
        .arguments = "bash|zsh|fish",
        .summary = "the script that completes words in a shell",
        .examples = { "source <(cprov completion bash)",
                      "cprov completion fish > ~/.config/fish/completions/cprov.fish" },
        .least = 1,
        .most = 1,
    },
    {
        .id = CPROV_VERB_HELP,
        .group = CPROV_GROUP_OTHER,
        .name = "help",
        .aliases = "",
        .arguments = "[VERB|options]",
        .summary = "this screen, or everything about a verb",
        .examples = { "cprov help install-image", "cprov help options",
                      "cprov help --man find-image | man -l -" },
        .sets = CPROV_SET_HELP,
        .most = 1,
    },
    {
        .id = CPROV_VERB_PROVIDER,
        .group = CPROV_GROUP_OTHER,
        .name = "get-provider",
        .aliases = "",
        .powershell = "Get-PackageProvider",
        .arguments = "",
        .summary = "what a package manager may expect: options, features, kinds of source",
        .examples = { "cprov get-provider", "cprov get-provider --format list" },
    },
    {
        .id = CPROV_VERB_VERSION,
        .group = CPROV_GROUP_OTHER,
        .name = "version",
        .aliases = "",
        .arguments = "",
        .summary = "which cprov this is",
        .examples = { "cprov version", "cprov version --verbose" },
    },
    {
        .id = CPROV_VERB_COMPLETE,
        .group = CPROV_GROUP_HIDDEN,
        .name = "__complete",
        .aliases = "",
        .arguments = "WORD...",
        .summary = "what may follow the words",
        .most = ANY,
    },
};
const size_t cprov_verbs_count = CPROV_COUNT(cprov_verbs);

static bool is_alias(const struct cprov_verb *verb, const char *name)
{
    struct cprov_span rest = cprov_span_of(verb->aliases), alias;

    while (cprov_text_next(&rest, ' ', &alias))
        if (cprov_span_is(alias, name))
            return true;
    return false;
}

static bool is_powershell(const struct cprov_verb *verb, const char *name)
{
    struct cprov_span rest = cprov_span_of(verb->powershell), word;

    while (cprov_text_next(&rest, ' ', &word))
        if (cprov_span_is_nocase(word, name))
            return true;
    return verb->link && cprov_text_same(name, verb->name);
}

const struct cprov_verb *cprov_verb_named(const char *name, bool *powershell)
{
    for (size_t i = 0; i < cprov_verbs_count; i++) {
        const struct cprov_verb *verb = &cprov_verbs[i];

        if (!strcmp(name, verb->name) || is_alias(verb, name)) {
            *powershell = false;
            return verb;
        }
        if (is_powershell(verb, name)) {
            *powershell = true;
            return verb;
        }
    }
    return NULL;
}

const char *cprov_verb_of_others(const char *name)
{
    static const struct {
        const char *words, *instead;
    } others[] = {
        { "run create start exec",
          "containers are run by crun or runc: 'install-image NAME --bundle DIR' makes what they "
          "start" },
        { "ps", "'cprov get-container' shows the containers" },
        { "push build commit",
          "images are not built or uploaded in this version; 'cprov catalog push' shares a list" },
        { "history tree", "'cprov inspect NAME' shows the layers of an image" },
        { "load import", "'install-image ./FILE.tar' installs from an archive" },
        { "upgrade", "'install-image NAME' installs the newest version beside the one you have" },
    };

    for (size_t i = 0; i < CPROV_COUNT(others); i++) {
        struct cprov_span rest = cprov_span_of(others[i].words), word;

        while (cprov_text_next(&rest, ' ', &word))
            if (cprov_span_is_nocase(word, name))
                return others[i].instead;
    }
    return NULL;
}

const char *cprov_verb_guess(const char *name)
{
    struct cprov_guess guess = { .word = name };

    for (size_t i = 0; i < cprov_verbs_count; i++) {
        struct cprov_span rest = cprov_span_of(cprov_verbs[i].aliases), alias;

        if (cprov_verbs[i].group == CPROV_GROUP_HIDDEN)
            continue;
        cprov_guess_offer(&guess, cprov_verbs[i].name);
        /* An alias is near: its verb is meant. */
        while (cprov_text_next(&rest, ' ', &alias)) {
            struct cprov_guess other = { .word = name };
            char word[32];

            if (alias.len >= sizeof(word))
                continue;
            memcpy(word, alias.ptr, alias.len);
            word[alias.len] = '\0';
            cprov_guess_offer(&other, word);
            if (cprov_guess_best(&other) && other.distance < guess.distance) {
                guess.nearest = cprov_verbs[i].name;
                guess.distance = other.distance;
            }
        }
    }
    return cprov_guess_best(&guess);
}

const char *cprov_verb_program(const struct cprov_verb *verb, char buf[CPROV_PROGRAM_MAX])
{
    snprintf(buf, CPROV_PROGRAM_MAX, "%s%s", verb->link ? "" : "cprov ", verb->name);
    return buf;
}
