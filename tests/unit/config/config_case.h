/*
 * Loading a configuration in a test: YAML in, configuration and printed issues out.
 */
#ifndef LEADERD_TESTS_UNIT_CONFIG_CASE_H
#define LEADERD_TESTS_UNIT_CONFIG_CASE_H

#include "config/config.h"
#include "tests/unit/check_main.h"

#include <string.h>

struct config_case {
    struct config_source source;
    const char *const *environment; /* NAME, value, ..., NULL */
    struct config *config;
    struct config_issues issues;
    struct text printed; /* the issues */
};

static inline const char *case_getenv(void *owner, const char *name)
{
    const struct config_case *loading = owner;
    for (const char *const *at = loading->environment; at != NULL && *at != NULL; at += 2) {
        if (strcmp(at[0], name) == 0) {
            return at[1];
        }
    }
    return NULL;
}

/* Loads with what the case holds already. `yaml` NULL: there is no file. */
static inline void case_load(struct config_case *loading, const char *yaml)
{
    loading->source.file = yaml != NULL ? "test.yaml" : NULL;
    loading->source.bytes = yaml;
    loading->source.length = yaml != NULL ? strlen(yaml) : 0;
    loading->source.getenv = case_getenv;
    loading->source.owner = loading;
    loading->source.hostname = "web-1";
    loading->source.runtime_dir = "/run/leaderd";
    loading->config = config_load(&loading->source, &loading->issues);
    text_add(&loading->printed, "");
    config_issues_print(&loading->issues, &loading->printed);
    ck_assert(!loading->issues.failed);
    ck_assert_int_eq(loading->config != NULL, loading->issues.errors == 0);
}

static inline void case_end(struct config_case *loading)
{
    config_free(loading->config);
    config_issues_deinit(&loading->issues);
    text_free(&loading->printed);
}

/* Loading must say exactly this. */
static inline void expect_issues(const char *yaml, const char *printed)
{
    struct config_case loading = {0};
    case_load(&loading, yaml);
    ck_assert_str_eq(loading.printed.bytes, printed);
    case_end(&loading);
}

static inline void expect_good(const char *yaml)
{
    expect_issues(yaml, "");
}

#endif
