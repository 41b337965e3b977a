#include "config/issues.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 600 };

static void issue_free(struct config_issue *issue)
{
    free(issue->file);
    free(issue->key);
    free(issue->message);
}

void config_issues_deinit(struct config_issues *issues)
{
    for (size_t i = 0; i < issues->count; i++) {
        issue_free(&issues->items[i]);
    }
    free(issues->items);
    *issues = (struct config_issues){0};
}

const char *config_severity_name(enum config_severity severity)
{
    return severity == CONFIG_ERROR ? "error" : "warning";
}

static bool comes_before(const struct config_issue *one, const struct config_issue *other)
{
    if (one->severity != other->severity) {
        return one->severity < other->severity;
    }
    return one->line != other->line ? one->line < other->line : one->column < other->column;
}

/* A full list gives up its last issue for one that people read earlier. */
static bool make_room(struct config_issues *issues, const struct config_issue *issue)
{
    if (issues->items == NULL) {
        issues->items = calloc(CONFIG_ISSUES_MAX, sizeof *issues->items);
    }
    if (issues->items == NULL) {
        issues->failed = true;
        return false;
    }
    if (issues->count < CONFIG_ISSUES_MAX) {
        return true;
    }
    if (!comes_before(issue, &issues->items[issues->count - 1])) {
        return false;
    }
    issues->count--;
    issue_free(&issues->items[issues->count]);
    return true;
}

static void insert(struct config_issues *issues, struct config_issue issue)
{
    size_t at = issues->count;
    while (at > 0 && comes_before(&issue, &issues->items[at - 1])) {
        issues->items[at] = issues->items[at - 1];
        at--;
    }
    issues->items[at] = issue;
    issues->count++;
}

void config_issues_add(struct config_issues *issues, enum config_severity severity,
                       const struct config_spot *spot, const char *format, ...)
{
    struct config_issue issue = {.severity = severity, .line = spot->line, .column = spot->column};
    *(severity == CONFIG_ERROR ? &issues->errors : &issues->warnings) += 1;
    if (!make_room(issues, &issue)) {
        return;
    }
    char message[MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    issue.message = strdup(message);
    issue.file = strdup(spot->file);
    issue.key = strdup(spot->key);
    if (issue.message == NULL || issue.file == NULL || issue.key == NULL) {
        issues->failed = true;
        issue_free(&issue);
        return;
    }
    insert(issues, issue);
}

static void print_issue(const struct config_issue *issue, struct text *text)
{
    text_add(text, issue->file);
    if (issue->line > 0) {
        text_addf(text, ":%u:%u", issue->line, issue->column);
    }
    text_add(text, ": ");
    if (issue->key[0] != '\0') {
        text_addf(text, "%s: ", issue->key);
    }
    text_addf(text, "%s%s\n", issue->severity == CONFIG_WARNING ? "warning: " : "", issue->message);
}

void config_issues_print(const struct config_issues *issues, struct text *text)
{
    for (size_t i = 0; i < issues->count; i++) {
        print_issue(&issues->items[i], text);
    }
    size_t all = issues->errors + issues->warnings;
    if (all > issues->count) {
        text_addf(text, "... and %zu more\n", all - issues->count);
    }
    if (issues->failed) {
        text_add(text, "out of memory\n");
    }
}

void config_issues_add_warnings(struct config_issues *issues, const struct config_issues *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct config_issue *issue = &from->items[i];
        struct config_spot spot = {
            .file = issue->file, .line = issue->line, .column = issue->column, .key = issue->key};
        if (issue->severity == CONFIG_WARNING) {
            config_issues_add(issues, CONFIG_WARNING, &spot, "%s", issue->message);
        }
    }
}
