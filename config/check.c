#include "config/check.h"

#include "config/address.h"
#include "lib/base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

enum { SHOWN_CHARACTERS = 60, KEY_PREFIX_BYTES_MAX = 256 };

uint32_t code_point(const char *bytes, size_t size)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    if (size == 1) {
        return byte[0];
    }
    uint32_t point = byte[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        point = point << 6 | (byte[i] & 0x3fu);
    }
    return point;
}

bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
}

static bool is_space(uint32_t point)
{
    return point == ' ' || point == 0xa0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200f) || point == 0x202f || point == 0x205f ||
           point == 0x3000 || point == 0xfeff;
}

static bool is_printable_word(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t size = utf8_character(text, left);
        uint32_t point = size > 0 ? code_point(text, size) : 0;
        if (is_control(point) || is_space(point)) {
            return false;
        }
        text += size;
        left -= size;
    }
    return true;
}

bool check_participant(const char *text, struct problem *problem)
{
    return is_printable_word(text) ||
           problem_set(problem, "must be of printable characters without space");
}

bool check_key_prefix(const char *text, struct problem *problem)
{
    if (strlen(text) > KEY_PREFIX_BYTES_MAX) {
        return problem_set(problem, "must be of at most %d bytes", KEY_PREFIX_BYTES_MAX);
    }
    return check_participant(text, problem);
}

static bool is_made_of(const char *text, const char *more)
{
    for (; *text != '\0'; text++) {
        bool letter = isalnum((unsigned char)*text) && (unsigned char)*text < 0x80;
        if (!letter && strchr(more, *text) == NULL) {
            return false;
        }
    }
    return true;
}

bool check_election(const char *text, struct problem *problem)
{
    return (is_made_of(text, "._:-") && strchr("._:-", text[0]) == NULL) ||
           problem_set(problem, "must be of letters, digits and . _ : -, beginning with a letter "
                                "or digit");
}

bool check_host(const char *text, struct problem *problem)
{
    const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;
    return (name[0] != '\0' && is_made_of(name, ".-_")) ||
           problem_set(problem, "must be a host name without port, or *.suffix");
}

bool check_server_name(const char *text, struct problem *problem)
{
    struct in6_addr address;
    return inet_pton(AF_INET6, text, &address) == 1 ||
           (is_made_of(text, "._-") && text[0] != '.') ||
           problem_set(problem, "must be a host name or an IP address, without a port");
}

bool check_directory(const char *text, struct problem *problem)
{
    return text[0] == '/' || problem_set(problem, "must be an absolute path");
}

bool check_address(const char *text, struct problem *problem)
{
    struct address address;
    return address_parse(text, &address, problem);
}

bool text_has_control(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t size = utf8_character(text, left);
        if (size == 0 || is_control(code_point(text, size))) {
            return true;
        }
        text += size;
        left -= size;
    }
    return false;
}

size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += (*text & 0xc0) != 0x80;
    }
    return count;
}

bool text_is_utf8(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t size = utf8_character(text, left);
        if (size == 0) {
            return false;
        }
        text += size;
        left -= size;
    }
    return true;
}

bool text_is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

const char *shown(const char *value, char out[SHOWN_SIZE])
{
    size_t length = 0;
    size_t left = strnlen(value, SHOWN_SIZE * 2);
    for (int i = 0; i < SHOWN_CHARACTERS && left > 0; i++, length++) {
        size_t size = utf8_character(value, left);
        size_t step = size > 0 ? size : 1;
        if (size == 0 || is_control(code_point(value, size))) {
            out[length] = '?';
        } else {
            memcpy(out + length, value, size);
            length += size - 1;
        }
        value += step;
        left -= step;
    }
    strcpy(out + length, left > 0 ? "..." : "");
    return out;
}
