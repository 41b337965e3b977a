#include "lib/status/document.h"

#include "lib/status/add.h"
#include "lib/status/election_json.h"

bool status_is_leader(const struct status_election *election, const struct status_daemon *daemon)
{
    return election->view->leads && !daemon->shutting_down;
}

void status_add_cursor(struct text *text, const struct status_daemon *daemon)
{
    text_add(text, daemon->instance_id);
    text_add(text, ".");
    text_add_integer(text, (int64_t)daemon->cursor_version);
}

/* What every whole answer says about itself. */
static void add_origin(struct text *text, const struct status_daemon *daemon)
{
    add_string(text, "\"instance_id\":", daemon->instance_id);
    text_add(text, ",\"cursor\":\"");
    status_add_cursor(text, daemon);
    add_instant(text, "\",\"generated_at\":", daemon->clock.wall_ms);
    add_integer(text, ",\"clock\":{\"boottime_ms\":", daemon->clock.boottime_ms);
    add_string(text, ",\"boot_id\":", daemon->clock.boot_id);
    text_add(text, "}");
}

void status_add_election(struct text *text, const struct status_election *election,
                         const struct status_daemon *daemon)
{
    text_add(text, "{");
    add_origin(text, daemon);
    text_add(text, ",");
    election_json_add(text, election, daemon);
    text_add(text, "}\n");
}

static void add_daemon(struct text *text, const struct status_daemon *daemon)
{
    add_bool(text, ",\"shutting_down\":", daemon->shutting_down);
    add_string(text, ",\"daemon\":{\"version\":", daemon->version);
    add_integer(text, ",\"pid\":", daemon->pid);
    add_string(text, ",\"hostname\":", daemon->hostname);
    add_instant(text, ",\"started_at\":", daemon->started_at_ms);
    add_integer(text, ",\"uptime_ms\":", daemon->clock.boottime_ms - daemon->started_boottime_ms);
    add_string(text, ",\"config_file\":", daemon->config_file);
    add_string(text, "},\"health\":{\"status\":", daemon->health);
    add_instant(text, ",\"checked_at\":", daemon->health_checked_at_ms);
    text_add(text, "}");
}

static void add_store(struct text *text, const struct status_daemon *daemon)
{
    const struct store_health *store = &daemon->store;
    int64_t age = store->last_ok_ms == 0 ? -1 : daemon->clock.boottime_ms - store->last_ok_ms;
    add_string(text, ",\"store\":{\"kind\":", store->kind);
    add_string(text, ",\"mode\":", store->mode);
    add_string(text, ",\"endpoint\":", store->endpoint);
    add_bool(text, ",\"tls\":", store->tls);
    add_bool(text, ",\"connected\":", store->connected);
    add_unsigned(text, ",\"last_ok_age_ms\":", age);
    add_string(text, ",\"circuit\":", store->circuit);
    add_string(text, ",\"last_error\":", store->last_error);
    text_add(text, "}");
}

void status_document_begin(struct status_document *document, struct text *text,
                           const struct status_daemon *daemon, const struct status_watch *watch)
{
    *document = (struct status_document){.text = text, .daemon = daemon};
    text_add(text, "{\"api_version\":1,");
    add_origin(text, daemon);
    if (watch != NULL) {
        add_bool(text, ",\"changed\":", watch->changed);
        add_bool(text, ",\"reset\":", watch->reset);
    }
    add_daemon(text, daemon);
    add_store(text, daemon);
    text_add(text, ",\"elections\":{");
}

void status_document_add(struct status_document *document, const struct status_election *election)
{
    struct text *text = document->text;
    add_string(text, document->any ? "," : "", election->name);
    text_add(text, ":{");
    election_json_add(text, election, document->daemon);
    text_add(text, "}");
    document->any = true;
}

void status_document_end(struct status_document *document)
{
    text_add(document->text, "}}\n");
}
