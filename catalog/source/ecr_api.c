/* catalog/source/ecr_api.c - hosts, bodies and signatures of ECR's API. */
#include "catalog/source/ecr_api_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/source/sigv4_private.h"

#define ACTIONS "AmazonEC2ContainerRegistry_V20150921."
#define TYPE    "application/x-amz-json-1.1"

/* "ACCOUNT.dkr.ecr.REGION.amazonaws.com[.cn]". */
static bool split_host(struct cprov_span host, struct cprov_span *account,
                       struct cprov_span *region, struct cprov_span *domain)
{
    struct cprov_span rest;

    if (!cprov_span_cut(host, '.', account, &rest) || !cprov_span_starts_with(rest, "dkr.ecr."))
        return false;
    return cprov_span_cut(cprov_span_from(rest, strlen("dkr.ecr.")), '.', region, domain) &&
           cprov_span_starts_with(*domain, "amazonaws.com");
}

void cprov_ecr_api(const char *registry, char buf[CPROV_NAME_MAX + 1])
{
    struct cprov_span account, region, domain;
    struct cprov_buf text;

    if (!split_host(cprov_span_of(registry), &account, &region, &domain))
        return;
    cprov_buf_init(&text, CPROV_NAME_MAX);
    cprov_buf_addf(&text, "api.ecr.%" CPROV_SPAN_FMT ".%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(region),
                   CPROV_SPAN_ARG(domain));
    if (text.len > 0 && !text.failed)
        memcpy(buf, text.ptr, text.len + 1);
    cprov_buf_clear(&text);
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

static void write_content(const struct cprov_vendor_question *q, bool of_images,
                          struct cprov_span account, struct cprov_buf *out)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, out, 0);
    cprov_json_begin_object(&w);
    if (account.len > 0) {
        cprov_json_key(&w, "registryId");
        cprov_json_span(&w, account);
    }
    if (of_images) {
        cprov_json_member(&w, "repositoryName", q->name);
        cprov_json_key(&w, "filter");
        cprov_json_begin_object(&w);
        cprov_json_member(&w, "tagStatus", "TAGGED");
        cprov_json_end_object(&w);
    }
    cprov_json_key(&w, "maxResults");
    cprov_json_number(&w, CPROV_LIST_PAGE_SIZE);
    if (q->cursor.len > 0) {
        cprov_json_key(&w, "nextToken");
        cprov_json_span(&w, q->cursor);
    }
    cprov_json_end_object(&w);
}

static int sign(const struct cprov_vendor_question *q, struct cprov_span region,
                struct cprov_vendor_post *out, struct cprov_error *err)
{
    const char *session = variable("AWS_SESSION_TOKEN");
    auto_buf struct cprov_buf text = { 0 };
    char date[CPROV_SIGV4_DATE_MAX];
    int64_t now = cprov_time_now();
    struct cprov_header signed_headers[5] = { { "content-type", TYPE }, { "host", q->api } };
    size_t n = 2;

    cprov_sigv4_date(now, date);
    out->headers[out->headers_count++] =
        (struct cprov_header){ "x-amz-date", cprov_arena_text(out->arena, cprov_span_of(date)) };
    if (*session)
        out->headers[out->headers_count++] =
            (struct cprov_header){ "x-amz-security-token", session };
    signed_headers[n++] = out->headers[1];
    if (*session)
        signed_headers[n++] = out->headers[2];
    signed_headers[n++] = out->headers[0];
    cprov_buf_init(&text, CPROV_HEADER_BYTES_MAX);
    const struct cprov_sigv4 request = {
        .key_id = variable("AWS_ACCESS_KEY_ID"),
        .secret = variable("AWS_SECRET_ACCESS_KEY"),
        .region = cprov_arena_text(out->arena, region),
        .service = "ecr",
        .time = now,
        .method = "POST",
        .path = "/",
        .query = "",
        .headers = signed_headers,
        .headers_count = n,
        .content = out->content,
    };
    if (cprov_arena_check(out->arena, err) < 0 || cprov_sigv4_sign(&request, &text, err) < 0)
        return err->code;
    out->authorization = cprov_arena_text(out->arena, cprov_buf_span(&text));
    return cprov_arena_check(out->arena, err);
}

int cprov_ecr_post(const struct cprov_vendor_question *q, bool of_images,
                   struct cprov_vendor_post *out, struct cprov_error *err)
{
    struct cprov_span account = { 0 }, region = { 0 }, domain;
    auto_buf struct cprov_buf content = { 0 };

    if (!*variable("AWS_ACCESS_KEY_ID") || !*variable("AWS_SECRET_ACCESS_KEY"))
        return cprov_fail(err, CPROV_EAUTH, "no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    if (!split_host(cprov_span_of(q->place->base.host), &account, &region, &domain)) {
        account.len = 0;
        region = cprov_span_of(variable("AWS_REGION"));
    }
    if (region.len == 0)
        region = cprov_span_of("us-east-1");
    cprov_buf_init(&content, CPROV_LIST_PAGE_MAX);
    write_content(q, of_images, account, &content);
    if (cprov_buf_check(&content, "request", err) < 0)
        return err->code;
    out->content =
        cprov_span_make(cprov_arena_text(out->arena, cprov_buf_span(&content)), content.len);
    out->content_type = TYPE;
    out->headers[out->headers_count++] =
        (struct cprov_header){ "x-amz-target", of_images ? ACTIONS "DescribeImages"
                                                         : ACTIONS "DescribeRepositories" };
    return sign(q, region, out, err);
}
