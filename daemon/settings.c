#include "daemon/settings.h"

#include "daemon/cli.h"
#include "daemon/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_FILE LEADERD_SYSCONFDIR "/leaderd/leaderd.yaml"

enum { HOSTNAME_SIZE = 256 };

static const char *environment(void *owner, const char *name)
{
    (void)owner;
    return getenv(name);
}

/* The file to read, NULL for none; an explicitly named one must exist. */
static const char *choose_file(const struct settings *settings)
{
    const char *from_environment = getenv("LEADERD_CONFIG");
    if (settings->file != NULL) {
        return settings->file;
    }
    if (from_environment != NULL && from_environment[0] != '\0') {
        return from_environment;
    }
    return access(DEFAULT_FILE, F_OK) == 0 ? DEFAULT_FILE : NULL;
}

static bool complain(struct config_issues *issues, const char *file, const char *what)
{
    struct config_spot spot = {.file = file, .key = ""};
    config_issues_add(issues, CONFIG_ERROR, &spot, "%s", what);
    return false;
}

/* One byte more than allowed is read, so that config/ can say that the file is too large. */
static bool read_file(const char *file, struct text *bytes, struct config_source *source,
                      struct config_issues *issues)
{
    struct stat status;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) != 0) {
        int reason = errno;
        if (fd >= 0) {
            close(fd);
        }
        return complain(issues, file, strerror(reason));
    }
    if (S_ISDIR(status.st_mode)) {
        close(fd);
        return complain(issues, file, "is a directory: name a file");
    }
    char block[65536];
    ssize_t got = 0;
    do {
        got = read(fd, block, sizeof block);
        if (got > 0) {
            text_add_bytes(bytes, block, (size_t)got);
        }
    } while ((got > 0 && !bytes->failed && bytes->length <= CONFIG_BYTES_MAX) ||
             (got < 0 && errno == EINTR));
    int reason = errno;
    close(fd);
    if (got < 0) {
        return complain(issues, file, strerror(reason));
    }
    if (bytes->failed) {
        issues->failed = true;
        return false;
    }
    source->bytes = bytes->bytes;
    source->length = bytes->length;
    source->readable_by_others = (status.st_mode & S_IROTH) != 0;
    return true;
}

/* A file that the configuration names. */
struct named_file {
    const char *path; /* NULL: none */
    const struct config_place *place;
    const char *key;
};

static void complain_about(const struct named_file *file, const struct config *config,
                           enum config_severity severity, const char *what,
                           struct config_issues *issues)
{
    struct config_spot spot = {.file = config->file != NULL ? config->file : "configuration",
                               .line = file->place->line,
                               .column = file->place->column,
                               .key = file->key};
    config_issues_add(issues, severity, &spot, "%s", what);
}

static void warn_if_open(const struct named_file *file, const struct config *config,
                         bool open_to_others, struct config_issues *issues)
{
    struct problem what;
    if (open_to_others) {
        (void)problem_set(&what, "others can read the file; chmod o-r (value %s)", file->path);
        complain_about(file, config, CONFIG_WARNING, what.text, issues);
    }
}

static bool load_secret(const struct named_file *file, const struct config *config, char **secret,
                        struct config_issues *issues)
{
    struct problem problem;
    bool open_to_others = false;
    if (file->path == NULL) {
        return true;
    }
    *secret = secret_read(file->path, &open_to_others, &problem);
    if (*secret == NULL) {
        complain_about(file, config, CONFIG_ERROR, problem.text, issues);
        return false;
    }
    warn_if_open(file, config, open_to_others, issues);
    return true;
}

static bool load_secrets(struct loaded *loaded, struct config_issues *issues)
{
    const struct config *config = loaded->config;
    const struct config_store *store = &config->store;
    const struct config_http *http = &config->http;
    const struct {
        struct named_file file;
        char **secret;
    } secrets[] = {
        {{store->password_file, &store->password_file_place, "store.password_file"},
         &loaded->store_password},
        {{store->sentinel_password_file, &store->sentinel_password_file_place,
          "store.sentinel_password_file"},
         &loaded->sentinel_password},
        {{http->token_file, &http->token_file_place, "http.token_file"}, &loaded->http_token},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        good &= load_secret(&secrets[i].file, config, secrets[i].secret, issues);
    }
    if (loaded->store_password == NULL && store->url.password != NULL) {
        loaded->store_password = strdup(store->url.password);
        good &= loaded->store_password != NULL;
    }
    return good;
}

/* Whoever connects reads them; here it is only told early that this will fail. */
static bool check_tls_files(const struct config *config, struct config_issues *issues)
{
    const struct config_tls *tls = &config->store.tls;
    const struct named_file files[] = {
        {tls->ca_file, &tls->ca_file_place, "store.tls.ca_file"},
        {tls->cert_file, &tls->cert_file_place, "store.tls.cert_file"},
        {tls->key_file, &tls->key_file_place, "store.tls.key_file"},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct problem problem;
        bool open_to_others = false;
        if (files[i].path == NULL) {
            continue;
        }
        if (!file_check(files[i].path, &open_to_others, &problem)) {
            complain_about(&files[i], config, CONFIG_ERROR, problem.text, issues);
            good = false;
        } else if (files[i].path == tls->key_file) {
            warn_if_open(&files[i], config, open_to_others, issues);
        }
    }
    return good;
}

bool settings_load(const struct settings *settings, struct loaded *loaded,
                   struct config_issues *issues)
{
    char hostname[HOSTNAME_SIZE] = "";
    (void)gethostname(hostname, sizeof hostname - 1);
    struct text bytes = {0};
    struct config_source source = {.file = choose_file(settings),
                                   .flags = settings->flags,
                                   .getenv = environment,
                                   .hostname = hostname,
                                   .runtime_dir = settings->runtime_dir};
    *loaded = (struct loaded){0};
    if (source.file == NULL || read_file(source.file, &bytes, &source, issues)) {
        loaded->config = config_load(&source, issues);
    }
    if (bytes.bytes != NULL) {
        explicit_bzero(bytes.bytes, bytes.length);
    }
    text_free(&bytes);
    if (loaded->config != NULL) {
        bool secrets = load_secrets(loaded, issues);
        bool files = check_tls_files(loaded->config, issues);
        if (!secrets || !files) {
            loaded_deinit(loaded);
        }
    }
    return loaded->config != NULL;
}

/* Short of memory is no error of the configuration: the next try may be better. */
int settings_report(bool good, const struct config_issues *issues)
{
    struct text text = {0};
    config_issues_print(issues, &text);
    (void)fputs(text.bytes != NULL ? text.bytes : "", stderr);
    if (text.failed) {
        (void)cli_no_memory();
    }
    text_free(&text);
    int bad = issues->failed ? CLI_INTERNAL : CLI_CONFIGURATION;
    return good ? CLI_YES : bad;
}

void loaded_deinit(struct loaded *loaded)
{
    config_free(loaded->config);
    secret_free(loaded->store_password);
    secret_free(loaded->sentinel_password);
    secret_free(loaded->http_token);
    *loaded = (struct loaded){0};
}
