/* Files that a configuration names, in a directory of the test's own. */
#include "daemon/settings.h"
#include "tests/unit/check_main.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/leaderd-settings-XXXXXX";

static void write_file(const char *name, const char *content, mode_t mode)
{
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(content, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(name, mode), 0);
}

static void enter(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
}

static void leave(void)
{
    static const char *const names[] = {"leaderd.yaml", "secret", "ca", "cert", "key", NULL};
    for (size_t i = 0; names[i] != NULL; i++) {
        (void)unlink(names[i]);
    }
    ck_assert_int_eq(rmdir(directory), 0);
}

/* Loads the YAML; what it says must be exactly this. */
static bool load(const char *yaml, struct loaded *loaded, const char *printed)
{
    struct settings settings = {.file = "leaderd.yaml", .runtime_dir = "/run/leaderd"};
    struct config_issues issues = {0};
    struct text text = {0};
    write_file("leaderd.yaml", yaml, 0600);
    bool good = settings_load(&settings, loaded, &issues);
    text_add(&text, "");
    config_issues_print(&issues, &text);
    ck_assert_str_eq(text.bytes, printed);
    ck_assert_int_eq(good, issues.errors == 0);
    text_free(&text);
    config_issues_deinit(&issues);
    return good;
}

static void expect_refused(const char *yaml, const char *printed)
{
    struct loaded loaded;
    ck_assert(!load(yaml, &loaded, printed));
    ck_assert_ptr_null(loaded.config);
    ck_assert_ptr_null(loaded.sentinel_password);
}

START_TEST(the_password_of_the_sentinels_is_read_and_let_go)
{
    struct loaded loaded;
    write_file("secret", "hunter2\n", 0600);
    ck_assert(load("store: {url: \"redis+sentinel://h/m\", sentinel_password_file: secret}\n",
                   &loaded, ""));
    ck_assert_str_eq(loaded.sentinel_password, "hunter2");
    ck_assert_ptr_null(loaded.store_password);
    loaded_deinit(&loaded);
    ck_assert_ptr_null(loaded.sentinel_password);
}
END_TEST

START_TEST(a_password_of_the_sentinels_that_cannot_be_read_is_an_error)
{
    expect_refused("store: {url: \"redis+sentinel://h/m\",\n"
                   "  sentinel_password_file: /nosuch/secret}\n",
                   "leaderd.yaml:2:27: store.sentinel_password_file: cannot read the secret file "
                   "/nosuch/secret: No such file or directory\n");
}
END_TEST

START_TEST(all_files_of_tls_that_cannot_be_read_are_errors_at_once)
{
    expect_refused(
        "store:\n"
        "  url: rediss://h\n"
        "  password_file: /nosuch/secret\n"
        "  tls:\n"
        "    ca_file: /nosuch/ca\n"
        "    cert_file: /\n"
        "    key_file: /dev/null\n",
        "leaderd.yaml:3:18: store.password_file: cannot read the secret file "
        "/nosuch/secret: No such file or directory\n"
        "leaderd.yaml:5:14: store.tls.ca_file: cannot read the file /nosuch/ca: No such "
        "file or directory\n"
        "leaderd.yaml:6:16: store.tls.cert_file: cannot read the file /: it is not a regular file\n"
        "leaderd.yaml:7:15: store.tls.key_file: cannot read the file /dev/null: it is not a "
        "regular file\n");
}
END_TEST

START_TEST(a_file_of_tls_that_cannot_be_read_is_enough_to_refuse)
{
    expect_refused("store: {url: \"rediss://h\", tls: {ca_file: /nosuch/ca}}\n",
                   "leaderd.yaml:1:43: store.tls.ca_file: cannot read the file /nosuch/ca: No such "
                   "file or directory\n");
}
END_TEST

START_TEST(a_bare_name_of_a_tls_file_is_a_credential)
{
    struct loaded loaded;
    struct text path = {0};
    write_file("ca", "ca", 0644);
    write_file("cert", "cert", 0644);
    write_file("key", "key", 0600);
    ck_assert(load("store: {url: \"rediss://h\", tls: {ca_file: ca, cert_file: cert, key_file: "
                   "key}}\n",
                   &loaded, ""));
    text_addf(&path, "%s/key", directory);
    ck_assert_str_eq(loaded.config->store.tls.key_file, path.bytes);
    text_free(&path);
    loaded_deinit(&loaded);
}
END_TEST

START_TEST(a_secret_that_others_can_read_is_doubtful)
{
    struct loaded loaded;
    struct text printed = {0};
    write_file("secret", "hunter2", 0644);
    write_file("cert", "cert", 0644);
    write_file("key", "key", 0604);
    static const char why[] = "warning: others can read the file; chmod o-r (value";
    text_addf(&printed, "leaderd.yaml:3:18: store.password_file: %s %s/secret)\n", why, directory);
    text_addf(&printed, "leaderd.yaml:6:15: store.tls.key_file: %s %s/key)\n", why, directory);
    text_addf(&printed, "leaderd.yaml:7:20: http.token_file: %s %s/secret)\n", why, directory);
    ck_assert(load("store:\n"
                   "  url: rediss://h\n"
                   "  password_file: secret\n"
                   "  tls:\n"
                   "    cert_file: cert\n"
                   "    key_file: key\n"
                   "http: {token_file: secret}\n",
                   &loaded, printed.bytes));
    text_free(&printed);
    loaded_deinit(&loaded);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("settings");
    TCase *tests = tcase_create("settings");
    tcase_add_checked_fixture(tests, enter, leave);
    tcase_add_test(tests, the_password_of_the_sentinels_is_read_and_let_go);
    tcase_add_test(tests, a_password_of_the_sentinels_that_cannot_be_read_is_an_error);
    tcase_add_test(tests, all_files_of_tls_that_cannot_be_read_are_errors_at_once);
    tcase_add_test(tests, a_file_of_tls_that_cannot_be_read_is_enough_to_refuse);
    tcase_add_test(tests, a_bare_name_of_a_tls_file_is_a_credential);
    tcase_add_test(tests, a_secret_that_others_can_read_is_doubtful);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
