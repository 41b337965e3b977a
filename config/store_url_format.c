#include "config/store_url_parts.h"

#include <string.h>

/* Encodes what would not read back as itself, and what `special` holds. */
static void add_encoded(struct text *text, const char *part, const char *special)
{
    size_t left = strlen(part);
    for (size_t size; left > 0; part += size, left -= size) {
        size = utf8_character(part, left);
        if (size == 0 || (unsigned char)*part <= ' ' || *part == 0x7f ||
            strchr(special, *part) != NULL) {
            size = 1;
            text_addf(text, "%%%02X", (unsigned char)*part);
        } else {
            text_add_bytes(text, part, size);
        }
    }
}

static void add_hosts(struct text *text, const struct store_url *url)
{
    for (size_t i = 0; i < url->host_count; i++) {
        const struct store_host *host = &url->hosts[i];
        bool brackets = strchr(host->host, ':') != NULL;
        text_addf(text, "%s%s%s%s:%d", i > 0 ? "," : "", brackets ? "[" : "", host->host,
                  brackets ? "]" : "", host->port);
    }
}

static void add_redis(const struct store_url *url, bool password, struct text *text)
{
    text_addf(text, "%s://%s", url_scheme(url), password && url->password != NULL ? ":(set)@" : "");
    add_hosts(text, url);
    if (url->mode == STORE_SENTINEL) {
        text_add(text, "/");
        add_encoded(text, url->master, "%?#@");
    }
    if (url->mode != STORE_CLUSTER) {
        text_addf(text, "/%d", url->db);
    }
}

static void format(const struct store_url *url, bool password, struct text *text)
{
    if (url->kind == STORE_KIND_LOCAL) {
        text_add(text, url->path != NULL ? "local:" : "local");
        add_encoded(text, url->path != NULL ? url->path : "", "%?");
    } else if (url->path != NULL) {
        text_add(text, "unix:");
        add_encoded(text, url->path, "%?");
        text_addf(text, "?db=%d", url->db);
    } else {
        add_redis(url, password, text);
    }
}

void store_url_format(const struct store_url *url, struct text *text)
{
    format(url, false, text);
}

void store_url_describe(const struct store_url *url, struct text *text)
{
    format(url, true, text);
}

bool store_url_has_password(const char *text)
{
    return strchr(text, '@') != NULL;
}
