/* cli/template.h - Go-like templates: "{{.Name}}\t{{json .}}\n". */
#ifndef CPROV_CLI_TEMPLATE_H
#define CPROV_CLI_TEMPLATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/json.h"
#include "base/span.h"

struct cprov_error;
struct cprov_template;

/*
 * {{.Field}}, {{.Field.Inner}}, {{json .Field}}, {{json .}} and {{.}}; \n \t \r \\ and \" outside
 * of braces. The text is copied. CPROV_EINVAL for anything else between braces.
 */
CPROV_MUST_CHECK
int cprov_template_parse(const char *text, struct cprov_template **out, struct cprov_error *err);
void cprov_template_free(struct cprov_template *t);
CPROV_DEFINE_CLEANUP(struct cprov_template, cprov_template, cprov_template_free)
#define auto_template CPROV_CLEANUP(cprov_template_cleanup)

/* Appends the field's value; path is "Name", "Config.Env", or "" for the whole. */
typedef void cprov_template_fn(void *arg, struct cprov_span path, bool json, struct cprov_buf *out);
void cprov_template_run(const struct cprov_template *t, cprov_template_fn *field, void *arg,
                        struct cprov_buf *out);

/* Calls known() with every path; the first it denies is returned, else an empty span. */
struct cprov_span cprov_template_unknown(const struct cprov_template *t,
                                         bool (*known)(void *arg, struct cprov_span path),
                                         void *arg);

/* A field function over parsed JSON: arg is a struct cprov_json. Texts appear cleaned, missing
 * members as nothing, objects and lists as JSON. */
void cprov_template_json_field(void *arg, struct cprov_span path, bool json, struct cprov_buf *out);

#endif
