/* cli/options.c - the table; everything else about options is derived from it. */
#include "cli/options.h"

#include <string.h>

#include "base/limits.h"
#include "cli/verbs.h"

#define AT(field) offsetof(struct cprov_settings, field)

#define RETRIES_MAX 100

/* Rows without help are other names of the row before them. */
/* clang-format off */
const struct cprov_option cprov_options[] = {
    /* what is meant */
    { "name", 'n', CPROV_OPTION_WORDS, CPROV_SET_NAMES, AT(names), "NAME",
      "same as NAME without an option; repeatable", NULL, 0 },
    { "ref", 0, CPROV_OPTION_WORDS, CPROV_SET_REFS, AT(refs), "REF",
      "the Ref that another verb printed; repeatable", NULL, 0 },
    { "input", 'i', CPROV_OPTION_TEXT, CPROV_SET_INPUT, AT(input), "-|FILE",
      "read names from another verb's JSON lines", NULL, 0 },
    { "version", 'V', CPROV_OPTION_TEXT, CPROV_SET_VERSIONS, AT(version.required), "V",
      "this version; also 10.0.*, [a,b), >=1.2, ^1.2, ~1.2", "the newest", 0 },
    { "required-version", 0, CPROV_OPTION_TEXT, CPROV_SET_VERSIONS, AT(version.required), "V",
      NULL, NULL, 0 },
    { "minimum-version", 0, CPROV_OPTION_TEXT, CPROV_SET_VERSIONS, AT(version.minimum), "V",
      "this version or newer", NULL, 0 },
    { "maximum-version", 0, CPROV_OPTION_TEXT, CPROV_SET_VERSIONS, AT(version.maximum), "V",
      "this version or older", NULL, 0 },
    { "all-versions", 'a', CPROV_OPTION_FLAG, CPROV_SET_EVERY_VERSION, AT(version.all), NULL,
      "every version instead of the newest", NULL, 0 },

    /* find-image */
    { "all-tags", 0, CPROV_OPTION_FLAG, CPROV_SET_FIND | CPROV_SET_RARE, AT(all_tags), NULL,
      "also tags of signatures, attestations, SBOMs", NULL, 0 },
    { "search", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND, AT(search), "WORDS",
      "all words in name, description or publisher", NULL, 0 },
    { "regex", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND | CPROV_SET_RARE, AT(regex), "RE",
      "the name matches an extended regular expression", NULL, 0 },
    { "file", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND | CPROV_SET_RARE, AT(file), "FILE",
      "the content of a WIM file, archive or layout", NULL, 0 },
    { "uri", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND | CPROV_SET_RARE, AT(uri), "URL",
      "the content of a WIM file on a web server", NULL, 0 },
    { "os-image", 0, CPROV_OPTION_FLAG, CPROV_SET_FIND, AT(os_image), NULL,
      "only base images of operating systems", NULL, 0 },
    { "publisher", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND, AT(publisher), "P",
      "of this publisher (pattern)", NULL, 0 },
    { "created-since", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND | CPROV_SET_RARE, AT(created_since), "DATE|AGE",
      "made since: 2024-05-01, 30d, 12h", NULL, 0 },
    { "max-size", 0, CPROV_OPTION_SIZE, CPROV_SET_FIND | CPROV_SET_RARE, AT(max_size), "N",
      "at most this large; 200M, 1.5G", NULL, 0 },
    { "digest", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND | CPROV_SET_RARE, AT(digest), "DIGEST",
      "every version that has this digest", NULL, 0 },
    { "culture", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND | CPROV_SET_RARE, AT(culture), "C",
      "the variant in this language: de-de", NULL, 0 },
    { "include-dependencies", 0, CPROV_OPTION_FLAG, CPROV_SET_FIND | CPROV_SET_RARE, AT(dependencies), NULL,
      "also dependencies, listed first", NULL, 0 },
    { "sort", 0, CPROV_OPTION_TEXT, CPROV_SET_FIND, AT(sort), "KEY",
      "by name, version, created, size, source, relevance",
      NULL, 0 },
    { "limit", 0, CPROV_OPTION_COUNT, CPROV_SET_FIND, AT(limit), "N",
      "at most N rows", NULL, 1000000000 },
    { "strict", 0, CPROV_OPTION_FLAG, CPROV_SET_FIND | CPROV_SET_RARE, AT(strict), NULL,
      "a source that cannot answer is a failure", NULL, 0 },
    { "details", 0, CPROV_OPTION_COUNT, CPROV_SET_REFRESH, AT(details), "N",
      "also read up to N manifests", "none", 1000000000 },
    { "wide", 'w', CPROV_OPTION_FLAG, CPROV_SET_FIND, AT(wide), NULL,
      "wide columns, full descriptions", NULL, 0 },

    /* which of an index */
    { "os-version", 0, CPROV_OPTION_TEXT, CPROV_SET_HOST | CPROV_SET_BUILD, AT(session.os_version), "V",
      "build of the Windows host", "this machine's", 0 },
    { "isolation", 0, CPROV_OPTION_CHOICE, CPROV_SET_HOST | CPROV_SET_COMPAT | CPROV_SET_CONTAINER | CPROV_SET_RARE,
      AT(session.isolation), "process|hyperv|any", "how the container will run", NULL, 0 },
    { "os-features", 0, CPROV_OPTION_LIST, CPROV_SET_HOST | CPROV_SET_RARE, AT(session.os_features), "a,b",
      "features the host must offer", "not looked at", 0 },
    { "match-host", 0, CPROV_OPTION_FLAG, CPROV_SET_HOST, AT(session.match_host), NULL,
      "the newest version that the host can run", NULL, 0 },

    /* install-image, save-image */
    { "reinstall", 0, CPROV_OPTION_FLAG, CPROV_SET_INSTALL, AT(reinstall), NULL,
      "download and verify again if installed", NULL, 0 },
    { "all-platforms", 0, CPROV_OPTION_FLAG, CPROV_SET_INDEX, AT(all_platforms), NULL,
      "the whole index, not one platform", NULL, 0 },
    { "path", 'd', CPROV_OPTION_TEXT, CPROV_SET_SAVE, AT(path), "DIR|FILE",
      "target; a pattern must match one folder", NULL, 0 },
    { "literal-path", 0, CPROV_OPTION_TEXT, CPROV_SET_SAVE, AT(literal_path), "DIR|FILE",
      "target, without wildcards", NULL, 0 },
    { "destination", 0, CPROV_OPTION_TEXT, CPROV_SET_SAVE, AT(destination), "FILE",
      "the file itself; a folder is refused", NULL, 0 },
    { "type", 0, CPROV_OPTION_CHOICE, CPROV_SET_SAVE, AT(save_type), "oci-archive|oci",
      "one file, or a layout in a folder", "oci-archive", 0 },
    { "allow-unverified", 0, CPROV_OPTION_FLAG, CPROV_SET_SAVE | CPROV_SET_RARE, AT(allow_unverified), NULL,
      "also files without a hash in the source", NULL, 0 },

    /* to files */
    { "unpack", 0, CPROV_OPTION_TEXT, CPROV_SET_INSTALL, AT(unpack), "DIR",
      "also unpack the root file system there", NULL, 0 },
    { "bundle", 0, CPROV_OPTION_TEXT, CPROV_SET_INSTALL, AT(bundle), "DIR",
      "also make a bundle for crun and runc there", NULL, 0 },
    { "image", 0, CPROV_OPTION_TEXT, CPROV_SET_CONTAINER, AT(image), "NAME[:V]",
      "the installed image it is made from", NULL, 0 },
    { "container-image-name", 0, CPROV_OPTION_TEXT, CPROV_SET_CONTAINER, AT(image), "NAME[:V]",
      NULL, NULL, 0 },
    { "path", 'd', CPROV_OPTION_TEXT, CPROV_SET_CONTAINER, AT(bundle), "DIR",
      "also make its bundle for crun and runc there", NULL, 0 },
    { "runtime", 0, CPROV_OPTION_CHOICE, CPROV_SET_CONTAINER, AT(runtime), "crun|runc",
      "the runtime that reports its state", "any installed one", 0 },
    { "rootless", 0, CPROV_OPTION_FLAG, CPROV_SET_UNPACK, AT(rootless), NULL,
      "keep owners in an xattr, leave devices out", NULL, 0 },
    { "uid-map", 0, CPROV_OPTION_WORDS, CPROV_SET_UNPACK | CPROV_SET_RARE, AT(uid_maps), "IN:OUT:N",
      "map N user ids from IN in the image to OUT; repeatable", NULL, 0 },
    { "gid-map", 0, CPROV_OPTION_WORDS, CPROV_SET_UNPACK | CPROV_SET_RARE, AT(gid_maps), "IN:OUT:N",
      "the same for groups", "--uid-map", 0 },
    { "annotation", 0, CPROV_OPTION_WORDS, CPROV_SET_UNPACK | CPROV_SET_RARE, AT(annotations), "KEY=VALUE",
      "annotation of the bundle; repeatable", NULL, 0 },
    { "xattr", 0, CPROV_OPTION_WORDS, CPROV_SET_UNPACK | CPROV_SET_RARE, AT(xattrs), "PATTERN",
      "keep these extended attributes too; repeatable", NULL, 0 },
    { "max-entries", 0, CPROV_OPTION_AMOUNT, CPROV_SET_CAPS | CPROV_SET_RARE, AT(max_entries), "N",
      "files, folders and links of all layers; 500K, 4M", NULL, 0 },
    { "max-size", 0, CPROV_OPTION_SIZE, CPROV_SET_CAPS | CPROV_SET_RARE, AT(max_bytes), "N",
      "bytes of all files; 500G, 4T", NULL, 0 },
    { "max-ratio", 0, CPROV_OPTION_AMOUNT, CPROV_SET_CAPS | CPROV_SET_TEST | CPROV_SET_RARE, AT(max_ratio), "N",
      "decompressed bytes per compressed byte", NULL, 0 },
    { "path", 'd', CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE, AT(path), "DIR|TAR",
      "the files: a folder, or a tar", NULL, 0 },
    { "container", 0, CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE, AT(container), "NAME|ID",
      "or what differs in this container from its image", NULL, 0 },
    { "base", 0, CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE, AT(image), "NAME[:V]",
      "the installed image that they lie on", "nothing", 0 },
    { "publisher", 0, CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE, AT(publisher), "P",
      "who makes it: Demo is CN=Demo", NULL, 0 },
    { "version", 'V', CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE, AT(version.required), "V",
      "its version: 1.0 is 1.0.0.0", NULL, 0 },
    { "cmd", 0, CPROV_OPTION_WORDS, CPROV_SET_NEW_IMAGE, AT(cmd), "WORD|[...]",
      "a word of its command, or a JSON array; repeatable", NULL, 0 },
    { "entrypoint", 0, CPROV_OPTION_WORDS, CPROV_SET_NEW_IMAGE, AT(entrypoint), "WORD|[...]",
      "the same of its entrypoint; the base's command goes", NULL, 0 },
    { "env", 0, CPROV_OPTION_WORDS, CPROV_SET_NEW_IMAGE, AT(env), "KEY=VALUE",
      "of its environment; repeatable", NULL, 0 },
    { "label", 0, CPROV_OPTION_WORDS, CPROV_SET_NEW_IMAGE, AT(labels), "KEY=VALUE",
      "of its config; repeatable", NULL, 0 },
    { "user", 0, CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE | CPROV_SET_RARE, AT(user), "USER[:GROUP]",
      "who runs its command", NULL, 0 },
    { "workdir", 0, CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE | CPROV_SET_RARE, AT(workdir), "DIR",
      "where its command starts", NULL, 0 },
    { "expose", 0, CPROV_OPTION_WORDS, CPROV_SET_NEW_IMAGE | CPROV_SET_RARE, AT(expose), "PORT[/udp]",
      "a port that it listens on; repeatable", NULL, 0 },
    { "volume", 0, CPROV_OPTION_WORDS, CPROV_SET_NEW_IMAGE | CPROV_SET_RARE, AT(volumes), "DIR",
      "a place for data; repeatable", NULL, 0 },
    { "stop-signal", 0, CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE | CPROV_SET_RARE, AT(stop_signal), "SIGNAL",
      "what ends it", NULL, 0 },
    { "annotation", 0, CPROV_OPTION_WORDS, CPROV_SET_NEW_IMAGE | CPROV_SET_RARE, AT(annotations), "KEY=VALUE",
      "of its manifest; repeatable", NULL, 0 },
    { "message", 'm', CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE | CPROV_SET_COMMIT | CPROV_SET_RARE, AT(message), "TEXT",
      "what was done, for its history", NULL, 0 },
    { "author", 0, CPROV_OPTION_TEXT, CPROV_SET_NEW_IMAGE | CPROV_SET_COMMIT | CPROV_SET_RARE, AT(author), "TEXT",
      "who did it", NULL, 0 },
    { "change", 0, CPROV_OPTION_WORDS, CPROV_SET_NEW_IMAGE | CPROV_SET_COMMIT | CPROV_SET_RARE, AT(changes), "LINE",
      "of a Dockerfile: \"CMD [\\\"a\\\"]\", \"ENV A=1\"; repeatable", NULL, 0 },
    { "cascade", 0, CPROV_OPTION_FLAG, CPROV_SET_REMOVAL, AT(cascade), NULL,
      "remove the images that were built on it first", NULL, 0 },
    { "keep-blobs", 0, CPROV_OPTION_FLAG, CPROV_SET_REMOVAL, AT(keep_blobs), NULL,
      "keep the bytes; 'cprov gc' removes them", NULL, 0 },
    { "delete-files", 0, CPROV_OPTION_FLAG, CPROV_SET_REMOVE, AT(delete_files), NULL,
      "also remove its bundle", NULL, 0 },
    { "recursive", 'r', CPROV_OPTION_FLAG, CPROV_SET_FILES, AT(recursive), NULL,
      "include the content of folders", NULL, 0 },

    /* what is installed */
    { "publisher", 0, CPROV_OPTION_TEXT, CPROV_SET_LIST, AT(publisher), "P",
      "of this publisher (pattern)", NULL, 0 },
    { "child-of", 0, CPROV_OPTION_TEXT, CPROV_SET_LIST, AT(child_of), "NAME[:V]",
      "built on this installed image", NULL, 0 },
    { "legacy", 0, CPROV_OPTION_FLAG, CPROV_SET_IMAGES, AT(legacy), NULL,
      "ids and sizes as Docker of 2015 showed them", NULL, 0 },
    { "no-trunc", 0, CPROV_OPTION_FLAG, CPROV_SET_IMAGES, AT(no_trunc), NULL,
      "full image ids", NULL, 0 },
    { "all", 0, CPROV_OPTION_FLAG, CPROV_SET_TEST, AT(all), NULL,
      "every file of the store, even unused ones", NULL, 0 },
    { "repair", 0, CPROV_OPTION_FLAG, CPROV_SET_TEST, AT(repair), NULL,
      "download damaged content again", NULL, 0 },
    { "raw", 0, CPROV_OPTION_FLAG, CPROV_SET_INSPECT, AT(raw), NULL,
      "the manifest or index, byte for byte", NULL, 0 },
    { "config", 0, CPROV_OPTION_FLAG, CPROV_SET_INSPECT, AT(image_config), NULL,
      "the image config, byte for byte", NULL, 0 },

    /* sources */
    { "location", 0, CPROV_OPTION_TEXT, CPROV_SET_PLACE | CPROV_SET_SOURCE, AT(location), "URL",
      "location of the source", NULL, 0 },
    { "type", 0, CPROV_OPTION_CHOICE, CPROV_SET_SOURCE, AT(source_type),
      "oci|dockerhub|quay|harbor|gitlab|github|mcr|acr|gcr|ecr|cprov|document|catalog|layout|archive|mirror|folder",
      "kind of the source", "detected", 0 },
    { "trusted", 0, CPROV_OPTION_MAYBE, CPROV_SET_SOURCE, AT(trusted), NULL,
      "install from it without a question; or =false", NULL, 0 },
    { "verify-key", 0, CPROV_OPTION_TEXT, CPROV_SET_SOURCE, AT(source_key), "FILE",
      "a catalog must be signed with this key, PEM", NULL, 0 },
    { "ca-file", 0, CPROV_OPTION_TEXT, CPROV_SET_SOURCE, AT(source_ca), "FILE|none",
      "its certificate authorities, PEM; remembered", "the system's", 0 },
    { "allow-http", 0, CPROV_OPTION_MAYBE, CPROV_SET_SOURCE, AT(source_http), NULL,
      "plain HTTP beyond loopback; remembered", NULL, 0 },
    { "tls-verify", 0, CPROV_OPTION_MAYBE, CPROV_SET_SOURCE, AT(source_verify), NULL,
      "=false: accept any certificate; remembered", "true", 0 },
    { "cert", 0, CPROV_OPTION_TEXT, CPROV_SET_SOURCE | CPROV_SET_RARE, AT(source_cert), "FILE|none",
      "the client's certificate, PEM; remembered", NULL, 0 },
    { "key", 0, CPROV_OPTION_TEXT, CPROV_SET_SOURCE | CPROV_SET_RARE, AT(source_cert_key), "FILE",
      "key of the certificate, PEM; remembered", NULL, 0 },
    { "proxy", 0, CPROV_OPTION_TEXT, CPROV_SET_SOURCE, AT(source_proxy), "URL|none",
      "proxy of its requests; remembered", "from the environment", 0 },
    { "no-check", 0, CPROV_OPTION_FLAG, CPROV_SET_SOURCE, AT(no_check), NULL,
      "do not contact the location", NULL, 0 },
    { "default", 0, CPROV_OPTION_FLAG, CPROV_SET_REGISTER, AT(restore_default), NULL,
      "restore the built-in source", NULL, 0 },
    { "new-name", 0, CPROV_OPTION_TEXT, CPROV_SET_CHANGE, AT(new_name), "NAME",
      "rename the source", NULL, 0 },

    /* catalog */
    { "sign", 0, CPROV_OPTION_TEXT, CPROV_SET_CATALOG, AT(sign), "KEY",
      "private key to sign it with, PEM", NULL, 0 },
    { "title", 0, CPROV_OPTION_TEXT, CPROV_SET_CATALOG, AT(title), "TEXT",
      "title of the catalog", NULL, 0 },

    /* serve, compat, help */
    { "listen", 'l', CPROV_OPTION_TEXT, CPROV_SET_SERVE, AT(listen), "ADDR:PORT",
      "where to listen; port 0: any", "127.0.0.1:5000", 0 },
    { "path", 'd', CPROV_OPTION_TEXT, CPROV_SET_SERVE, AT(path), "DIR",
      "serve this layout instead of the store", NULL, 0 },
    { "host", 0, CPROV_OPTION_WORDS, CPROV_SET_SERVE, AT(hosts), "NAME",
      "on loopback: also answer to this name", NULL, 0 },
    { "max-connections", 0, CPROV_OPTION_COUNT, CPROV_SET_SERVE, AT(max_connections), "N",
      "connections at once", NULL, 65536 },
    { "ui", 0, CPROV_OPTION_FLAG, CPROV_SET_SERVE, AT(ui), NULL,
      "add web pages about the images", NULL, 0 },
    { "host", 0, CPROV_OPTION_TEXT, CPROV_SET_COMPAT, AT(host), "V",
      "build of the host: 10.0.20348", NULL, 0 },
    { "image", 0, CPROV_OPTION_TEXT, CPROV_SET_COMPAT, AT(image), "V",
      "build of the image: 10.0.17763", NULL, 0 },
    { "man", 0, CPROV_OPTION_FLAG, CPROV_SET_HELP, AT(man), NULL,
      "the man page, as roff", NULL, 0 },

    /* every verb: what to do */
    { "what-if", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(session.what_if), NULL,
      "show what would be done, do nothing", NULL, 0 },
    { "confirm", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(confirm), NULL,
      "ask before each change", NULL, 0 },
    { "yes", 'y', CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(session.yes), NULL,
      "answer yes to all questions but trust", NULL, 0 },
    { "trust", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(session.trust), NULL,
      "install from untrusted sources without asking", NULL, 0 },
    { "force", 'f', CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(force), NULL,
      "--yes, and replace existing things; never trust", NULL, 0 },
    /* every verb: where */
    { "source", 's', CPROV_OPTION_WORDS, CPROV_SET_COMMON, AT(sources), "S",
      "source by name, pattern or location; repeatable, in order of priority",
      "all registered ones", 0 },
    { "platform", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.platform), "P",
      "os[(version)]/arch[/variant]", "this machine's", 1 },
    { "root", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.root), "DIR",
      "the store", "$CPROV_ROOT, else by scope", 0 },
    { "scope", 0, CPROV_OPTION_CHOICE, CPROV_SET_COMMON, AT(scope), "currentuser|allusers",
      "whose store and sources", "allusers for root, else currentuser", 0 },
    { "config", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.config_file), "FILE",
      "configuration file, read last", NULL, 0 },
    { "config-file", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.config_file), "FILE",
      NULL, NULL, 0 },
    { "log", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.log_file), "FILE",
      "one JSON line per change", NULL, 0 },
    /* every verb: what is shown */
    { "format", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(format), "F",
      "table, list, json, jsonl, yaml, csv; oneget, swidtag, template='{{.Name}}'", "table", 0 },
    { "columns", 'c', CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(columns), "a,b",
      "columns to show, in this order", NULL, 0 },
    { "no-header", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(no_header), NULL,
      "rows only", NULL, 0 },
    { "progress", 0, CPROV_OPTION_CHOICE, CPROV_SET_COMMON, AT(progress),
      "auto|plain|jsonl|none", "form of progress on stderr", "auto", 0 },
    { "error-format", 0, CPROV_OPTION_CHOICE, CPROV_SET_COMMON, AT(error_format), "text|json",
      "form of errors on stderr", "text", 0 },
    { "quiet", 'q', CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(quiet), NULL,
      "only data and errors", NULL, 0 },
    { "verbose", 'v', CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(verbose), NULL,
      "show what is being done", NULL, 0 },
    { "debug", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(debug), NULL,
      "show everything", NULL, 0 },
    { "help", 'h', CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(help), NULL,
      "show one screen of help", NULL, 0 },
    /* every verb: the network */
    { "parallel", 'j', CPROV_OPTION_COUNT, CPROV_SET_COMMON, AT(session.parallel), "N",
      "transfers at once", NULL, CPROV_PARALLEL_MAX },
    { "jobs", 0, CPROV_OPTION_COUNT, CPROV_SET_COMMON, AT(session.parallel), "N",
      NULL, NULL, CPROV_PARALLEL_MAX },
    { "limit-rate", 0, CPROV_OPTION_RATE, CPROV_SET_COMMON, AT(session.limit_rate), "R",
      "bytes a second; 500K, 10M", "no limit", CPROV_RATE_MAX },
    { "timeout", 0, CPROV_OPTION_TIME, CPROV_SET_COMMON, AT(session.timeout_ms), "T",
      "time for everything; 90s, 2h", "no limit", CPROV_TIMEOUT_MAX_MS },
    { "stall-timeout", 0, CPROV_OPTION_TIME, CPROV_SET_COMMON, AT(session.stall_timeout_ms),
      "T", "time to move at least 4 KiB", NULL, CPROV_STALL_TIMEOUT_MAX_MS },
    { "retry", 0, CPROV_OPTION_RETRIES, CPROV_SET_COMMON, AT(session.retries), "N",
      "attempts after the first", NULL, RETRIES_MAX },
    { "offline", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(session.offline), NULL,
      "no network", NULL, 0 },
    { "refresh", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(session.refresh), NULL,
      "ignore cached listings", NULL, 0 },
    { "max-age", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.max_age), "AGE",
      "how old cached data may be; 0, 90s, 7d", NULL, 0 },
    { "proxy", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.proxy), "URL|none",
      "proxy of all requests", "from the environment", 0 },
    { "ca-file", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.ca_file), "FILE",
      "certificate authorities, PEM", "the system's", 0 },
    { "cert", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.cert_file), "FILE",
      "certificate, PEM", NULL, 0 },
    { "key", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.key_file), "FILE",
      "key of the certificate, PEM", NULL, 0 },
    { "allow-http", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(session.allow_http), NULL,
      "plain HTTP beyond loopback", NULL, 0 },
    { "tls-verify", 0, CPROV_OPTION_NOT, CPROV_SET_COMMON, AT(session.insecure), NULL,
      "=false: accept any certificate (insecure)", "true", 0 },
    { "authfile", 0, CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.authfile), "FILE",
      "logins", "those of docker and podman", 0 },
    { "username", 'u', CPROV_OPTION_TEXT, CPROV_SET_COMMON, AT(session.username), "U",
      "login, with --password-stdin", "$CPROV_USERNAME, $CPROV_PASSWORD", 0 },
    { "password-stdin", 0, CPROV_OPTION_FLAG, CPROV_SET_COMMON, AT(password_stdin), NULL,
      "read the password from standard input", NULL, 0 },
    { "password", 'p', CPROV_OPTION_SECRET, CPROV_SET_COMMON, 0, NULL, NULL, NULL, 0 },
};
/* clang-format on */
const size_t cprov_options_count = CPROV_COUNT(cprov_options);

/* What base/limits.h says, by the field that an option fills. */
static const struct option_default {
    size_t offset;
    enum cprov_quantity_kind kind;
    uint64_t value;
} defaults[] = {
    { AT(max_entries), CPROV_QUANTITY_COUNT, CPROV_UNPACK_ENTRIES },
    { AT(max_bytes), CPROV_QUANTITY_SIZE, CPROV_UNPACK_BYTES },
    { AT(max_ratio), CPROV_QUANTITY_COUNT, CPROV_UNPACK_RATIO },
    { AT(max_connections), CPROV_QUANTITY_COUNT, CPROV_SERVED_CONNECTIONS },
    { AT(session.parallel), CPROV_QUANTITY_COUNT, CPROV_PARALLEL },
    { AT(session.stall_timeout_ms), CPROV_QUANTITY_TIME, CPROV_STALL_TIMEOUT_MS },
    { AT(session.retries), CPROV_QUANTITY_COUNT, CPROV_RETRIES },
    { AT(session.max_age), CPROV_QUANTITY_TIME, CPROV_MAX_AGE_MS },
};

const char *cprov_option_default(const struct cprov_option *option,
                                 char buf[CPROV_QUANTITY_TEXT_MAX])
{
    for (size_t i = 0; i < CPROV_COUNT(defaults); i++)
        if (option->offset == defaults[i].offset && cprov_option_takes_value(option))
            return cprov_quantity_format(defaults[i].kind, defaults[i].value, buf);
    return option->preset;
}

bool cprov_option_takes_value(const struct cprov_option *option)
{
    return option->kind != CPROV_OPTION_FLAG && option->kind != CPROV_OPTION_NOT &&
           option->kind != CPROV_OPTION_MAYBE;
}

bool cprov_verb_takes(const struct cprov_verb *verb, const struct cprov_option *option)
{
    return option->sets & ((verb ? verb->sets : 0u) | CPROV_SET_COMMON);
}

/* The table has the options of some verbs before those of all, so the first match is the one. */
const struct cprov_option *cprov_option_named(const struct cprov_verb *verb, struct cprov_span name)
{
    for (size_t i = 0; i < cprov_options_count; i++)
        if (cprov_verb_takes(verb, &cprov_options[i]) && cprov_span_is(name, cprov_options[i].name))
            return &cprov_options[i];
    return NULL;
}

const struct cprov_option *cprov_option_meant(const struct cprov_verb *verb, struct cprov_span word,
                                              cprov_option_begins *begins,
                                              const struct cprov_option **first,
                                              const struct cprov_option **other)
{
    *first = *other = NULL;
    for (size_t i = 0; i < cprov_options_count; i++) {
        const struct cprov_option *option = &cprov_options[i];
        bool whole = false;

        if (!cprov_verb_takes(verb, option) || !begins(option, word, &whole))
            continue;
        if (whole) {
            *other = NULL;
            return option;
        }
        if (!*first)
            *first = option;
        else if (strcmp(option->name, (*first)->name) != 0 &&
                 (option->offset != (*first)->offset || option->kind != (*first)->kind) && !*other)
            *other = option;
    }
    return *other ? NULL : *first;
}

bool cprov_option_begins_gnu(const struct cprov_option *option, struct cprov_span word, bool *whole)
{
    *whole = cprov_span_is(word, option->name);
    return word.len > 0 && word.len <= strlen(option->name) &&
           memcmp(option->name, word.ptr, word.len) == 0;
}

const struct cprov_option *cprov_option_long(const struct cprov_verb *verb, struct cprov_span word)
{
    const struct cprov_option *first, *other;

    return cprov_option_meant(verb, word, cprov_option_begins_gnu, &first, &other);
}

const struct cprov_option *cprov_option_lettered(const struct cprov_verb *verb, char letter)
{
    for (size_t i = 0; i < cprov_options_count; i++)
        if (cprov_verb_takes(verb, &cprov_options[i]) && letter &&
            cprov_options[i].letter == letter)
            return &cprov_options[i];
    return NULL;
}
