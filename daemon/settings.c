#include "daemon/settings.h"

#include "daemon/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_FILE "/etc/leaderd/leaderd.yaml"

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
    } while ((got > 0 && bytes->length <= CONFIG_BYTES_MAX) || (got < 0 && errno == EINTR));
    int reason = errno;
    close(fd);
    if (got < 0 || bytes->failed) {
        return complain(issues, file, strerror(bytes->failed ? ENOMEM : reason));
    }
    source->bytes = bytes->bytes;
    source->length = bytes->length;
    source->readable_by_others = (status.st_mode & S_IROTH) != 0;
    return true;
}

static bool load_secret(const char *file, const struct config_place *place, const char *key,
                        const struct config *config, char **secret, struct config_issues *issues)
{
    struct problem problem;
    if (file == NULL) {
        return true;
    }
    *secret = secret_read(file, &problem);
    if (*secret == NULL) {
        struct config_spot spot = {.file = config->file != NULL ? config->file : "configuration",
                                   .line = place->line,
                                   .column = place->column,
                                   .key = key};
        config_issues_add(issues, CONFIG_ERROR, &spot, "%s", problem.text);
        return false;
    }
    return true;
}

static bool load_secrets(struct loaded *loaded, struct config_issues *issues)
{
    const struct config *config = loaded->config;
    const struct config_store *store = &config->store;
    const struct config_http *http = &config->http;
    bool password = load_secret(store->password_file, &store->password_file_place,
                                "store.password_file", config, &loaded->store_password, issues);
    bool token = load_secret(http->token_file, &http->token_file_place, "http.token_file", config,
                             &loaded->http_token, issues);
    if (loaded->store_password == NULL && store->url.password != NULL) {
        loaded->store_password = strdup(store->url.password);
        password &= loaded->store_password != NULL;
    }
    return password && token;
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
    if (loaded->config != NULL && !load_secrets(loaded, issues)) {
        loaded_deinit(loaded);
    }
    return loaded->config != NULL;
}

void loaded_deinit(struct loaded *loaded)
{
    config_free(loaded->config);
    secret_free(loaded->store_password);
    secret_free(loaded->http_token);
    *loaded = (struct loaded){0};
}
