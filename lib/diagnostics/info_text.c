#include "lib/diagnostics/info_text.h"

#include <string.h>

/* The value's beginning; NULL when no line has that name. */
static const char *find(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            return line + length + 1;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return NULL;
}

bool info_string(const char *text, const char *name, char *out, size_t size)
{
    const char *found = find(text, name);
    const char *value = found != NULL ? found : "";
    size_t length = strcspn(value, "\r\n");
    length = length < size ? length : size - 1;
    for (size_t i = 0; i < length; i++) {
        out[i] = (char)(value[i] >= ' ' && value[i] <= '~' ? value[i] : '?');
    }
    out[length] = '\0';
    return found != NULL;
}

int64_t info_number(const char *text, const char *name, int64_t otherwise)
{
    const char *found = find(text, name);
    const char *value = found != NULL ? found : "";
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 18) {
        return otherwise;
    }
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (value[i] - '0');
    }
    return number;
}
