#include "config/expand.h"

#include <ctype.h>
#include <string.h>

static const char word_runtime[] = "RUNTIME";

const char *config_variable(const struct config_source *source, const char *name)
{
    return source->getenv != NULL ? source->getenv(source->owner, name) : NULL;
}

static bool name_character(char c)
{
    return c == '_' || isalnum((unsigned char)c);
}

static size_t name_length(const char *text)
{
    size_t length = 0;
    while (name_character(text[length])) {
        length++;
    }
    return isdigit((unsigned char)text[0]) ? 0 : length;
}

/* What stands between the braces: `NAME` or `NAME:-default`. */
static bool expand_braces(const struct config_source *source, const char *inside, size_t length,
                          struct text *out, struct problem *problem)
{
    char name[EXPAND_NAME_MAX];
    size_t size = name_length(inside);
    const char *rest = inside + size;
    bool has_default = length >= size + 2 && rest[0] == ':' && rest[1] == '-';
    if (size == 0 || size >= sizeof name || (size != length && !has_default)) {
        return problem_set(problem, "must name a variable as ${NAME} or ${NAME:-default}");
    }
    memcpy(name, inside, size);
    name[size] = '\0';
    const char *value = config_variable(source, name);
    bool empty = value == NULL || value[0] == '\0';
    if (empty && has_default) {
        text_add_bytes(out, rest + 2, length - size - 2);
        return true;
    }
    if (empty && strcmp(name, "HOSTNAME") == 0 && source->hostname != NULL) {
        value = source->hostname;
    }
    if (value == NULL) {
        return problem_set(problem,
                           "names the variable %s, which is not set; ${%s:-...} gives it "
                           "a default",
                           name, name);
    }
    text_add(out, value);
    return true;
}

/* One `$…`; moves `*at` behind it. */
static bool expand_dollar(const struct config_source *source, bool runtime, const char **at,
                          struct text *out, struct problem *problem)
{
    const char *word = *at + 1;
    size_t length = name_length(word);
    if (word[0] == '$') {
        text_add(out, "$");
        *at += 2;
        return true;
    }
    if (word[0] == '{') {
        const char *end = strchr(word, '}');
        if (end == NULL) {
            return problem_set(problem, "has a ${ without its }");
        }
        *at = end + 1;
        return expand_braces(source, word + 1, (size_t)(end - word - 1), out, problem);
    }
    bool is_runtime = length == strlen(word_runtime) && memcmp(word, word_runtime, length) == 0;
    if (!is_runtime) {
        return problem_set(problem, "has a lone $; a variable is ${NAME}, a dollar sign is $$");
    }
    if (!runtime) {
        return problem_set(problem, "$RUNTIME is known only in http.listeners[].address, state_dir "
                                    "and store.url");
    }
    text_add(out, source->runtime_dir);
    *at += 1 + length;
    return true;
}

bool expand(const struct config_source *source, bool runtime, const char *value, struct text *out,
            struct problem *problem)
{
    const char *at = value;
    while (*at != '\0') {
        size_t literal = strcspn(at, "$");
        text_add_bytes(out, at, literal);
        at += literal;
        if (*at == '$' && !expand_dollar(source, runtime, &at, out, problem)) {
            return false;
        }
        if (out->length > EXPAND_MAX) {
            return problem_set(problem, "is longer than %d bytes", EXPAND_MAX);
        }
    }
    return true;
}
