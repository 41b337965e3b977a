#include "lib/store/redis/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_SIZE = 120, DATE_SIZE = 40, WHY_SIZE = 500 };

struct tls_context {
    SSL_CTX *ssl;
    bool verify;
    char *server_name;
};

struct tls_session {
    SSL *ssl;
    BIO *input, *output; /* owned by `ssl` */
    char host[256];      /* that the certificate must name */
    bool fed;
    char why[WHY_SIZE];
    char names[NAMES_SIZE]; /* of the certificate that was refused */
    char date[DATE_SIZE];   /* at which it ended or begins */
};

/* Contexts. */

static const char *openssl_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    return reason != NULL ? reason : "unknown error";
}

static bool use_authorities(SSL_CTX *ssl, const char *file, struct problem *problem)
{
    if (file == NULL) {
        return SSL_CTX_set_default_verify_paths(ssl) == 1 ||
               problem_set(problem, "store.tls.ca_file: the system's authorities cannot be read");
    }
    return SSL_CTX_load_verify_locations(ssl, file, NULL) == 1 ||
           problem_set(problem,
                       "store.tls.ca_file: %s holds no certificates in PEM form that can be read "
                       "(%s)",
                       file, openssl_reason());
}

static bool use_own(SSL_CTX *ssl, const struct redis_tls_options *options, struct problem *problem)
{
    if (options->cert_file == NULL) {
        return true;
    }
    if (SSL_CTX_use_certificate_chain_file(ssl, options->cert_file) != 1) {
        return problem_set(problem,
                           "store.tls.cert_file: %s holds no certificate in PEM form that can be "
                           "read (%s)",
                           options->cert_file, openssl_reason());
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, options->key_file, SSL_FILETYPE_PEM) != 1) {
        bool other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
        return problem_set(problem,
                           other ? "store.tls.key_file: the key in %s does not belong to the "
                                   "certificate in store.tls.cert_file (%s)"
                                 : "store.tls.key_file: %s holds no private key in PEM form, "
                                   "without a pass phrase, that can be read (%s)",
                           options->key_file, openssl_reason());
    }
    return true;
}

/* A key with a pass phrase is an error: nobody is there to be asked. */
// NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's type of it
static int refuse_pass_phrase(char *buffer, int size, int writing, void *data)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)data;
    return 0;
}

static bool fill(struct tls_context *context, const struct redis_tls_options *options,
                 struct problem *problem)
{
    context->verify = options->verify;
    context->server_name = options->server_name != NULL ? strdup(options->server_name) : NULL;
    context->ssl = SSL_CTX_new(TLS_client_method());
    if (context->ssl == NULL || (options->server_name != NULL && context->server_name == NULL)) {
        return problem_set(problem, "store.tls: out of memory");
    }
    SSL_CTX_set_default_passwd_cb(context->ssl, refuse_pass_phrase);
    SSL_CTX_set_min_proto_version(context->ssl, options->only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);
    return (!options->verify || use_authorities(context->ssl, options->ca_file, problem)) &&
           use_own(context->ssl, options, problem);
}

struct tls_context *tls_context_new(const struct redis_tls_options *options,
                                    struct problem *problem)
{
    struct tls_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        (void)problem_set(problem, "store.tls: out of memory");
        return NULL;
    }
    ERR_clear_error();
    if (!fill(context, options, problem)) {
        ERR_clear_error();
        tls_context_free(context);
        return NULL;
    }
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl);
        free(context->server_name);
        free(context);
    }
}

/* What is wrong with a certificate. */

static void copy_date(const ASN1_TIME *time, char out[DATE_SIZE])
{
    struct tm parts;
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1 ||
        strftime(out, DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        (void)snprintf(out, DATE_SIZE, "an unknown date");
    }
}

static void add_name(char out[NAMES_SIZE], const char *bytes, size_t length)
{
    size_t at = strlen(out);
    if (at > 0 && at + 2 < NAMES_SIZE) {
        out[at++] = ',';
        out[at++] = ' ';
    }
    for (size_t i = 0; i < length && at < NAMES_SIZE - 1; i++) {
        out[at++] = (char)(bytes[i] > ' ' && bytes[i] <= '~' ? bytes[i] : '?');
    }
    out[at] = '\0';
}

static void add_address(char out[NAMES_SIZE], const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN];
    int length = ASN1_STRING_length(address);
    int family = length == 4 ? AF_INET : AF_INET6;
    if ((length == 4 || length == 16) &&
        inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text) != NULL) {
        add_name(out, text, strlen(text));
    }
}

static void copy_names(X509 *certificate, char out[NAMES_SIZE])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) {
            add_name(out, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
                     (size_t)ASN1_STRING_length(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            add_address(out, name->d.iPAddress);
        }
    }
    GENERAL_NAMES_free(names);
    if (out[0] == '\0') {
        (void)snprintf(out, NAMES_SIZE, "no host at all");
    }
}

/* Remembers what only the certificate tells, while OpenSSL still has it. */
static int on_certificate(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_session *session = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (!good && session != NULL && certificate != NULL) {
        bool early = X509_STORE_CTX_get_error(store) == X509_V_ERR_CERT_NOT_YET_VALID;
        copy_date(early ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate),
                  session->date);
        copy_names(certificate, session->names);
    }
    return good;
}

static void explain_certificate(struct tls_session *session, long error)
{
    char *why = session->why;
    if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
        (void)snprintf(why, WHY_SIZE, "its certificate, or one that it rests on, expired at %s",
                       session->date);
    } else if (error == X509_V_ERR_CERT_NOT_YET_VALID) {
        (void)snprintf(why, WHY_SIZE,
                       "its certificate, or one that it rests on, is valid only from %s: is the "
                       "clock of this host right?",
                       session->date);
    } else if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        (void)snprintf(why, WHY_SIZE,
                       "its certificate is for %s, not for %s: connect by that name, or set "
                       "store.tls.server_name",
                       session->names, session->host);
    } else if (error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT) {
        (void)snprintf(why, WHY_SIZE,
                       "its certificate is self-signed: if it is to be trusted, name it in "
                       "store.tls.ca_file");
    } else if (error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
               error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
               error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE) {
        (void)snprintf(why, WHY_SIZE,
                       "its certificate comes from an authority that is not trusted here: set "
                       "store.tls.ca_file to that authority's certificate (%s)",
                       X509_verify_cert_error_string(error));
    } else {
        (void)snprintf(why, WHY_SIZE, "its certificate is not good: %s",
                       X509_verify_cert_error_string(error));
    }
}

static const struct {
    int reason;
    const char *says;
} reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER, "it does not speak TLS on this port"},
    {SSL_R_HTTP_REQUEST, "it does not speak TLS on this port"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
     "it asks for a client certificate: set store.tls.cert_file and store.tls.key_file"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "it broke off the handshake: it may ask for a client certificate (store.tls.cert_file), or "
     "share no cipher with us"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "it does not trust the authority of store.tls.cert_file"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "it refused the certificate of store.tls.cert_file"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "it says that store.tls.cert_file has expired"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "it refused the certificate of store.tls.cert_file"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
     "it offers no version of TLS that store.tls.min_version allows"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "it offers no version of TLS that store.tls.min_version allows"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME,
     "it knows no such host: connect by another name, or set store.tls.server_name"},
};

static void explain(struct tls_session *session, int error)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    if (error == SSL_ERROR_ZERO_RETURN || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        (void)snprintf(session->why, WHY_SIZE, "it closed the connection");
        return;
    }
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        explain_certificate(session, SSL_get_verify_result(session->ssl));
        return;
    }
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].reason == reason) {
            (void)snprintf(session->why, WHY_SIZE, "%s", reasons[i].says);
            return;
        }
    }
    const char *words = code != 0 ? ERR_reason_error_string(code) : NULL;
    (void)snprintf(session->why, WHY_SIZE, "%s", words != NULL ? words : "an error without a name");
}

/* Sessions. */

/* Which name the certificate must bear. */
static bool expect_name(struct tls_session *session, const struct tls_context *context,
                        const char *host)
{
    const char *name = context->server_name != NULL ? context->server_name : host;
    struct in6_addr address;
    if (name == NULL) {
        return true;
    }
    (void)snprintf(session->host, sizeof session->host, "%s", name);
    bool literal =
        inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
    if (literal) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session->ssl), name) == 1;
    }
    SSL_set_hostflags(session->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(session->ssl, name) == 1 &&
           SSL_set1_host(session->ssl, name) == 1;
}

static bool equip(struct tls_session *session, const struct tls_context *context, const char *host)
{
    session->ssl = SSL_new(context->ssl);
    if (session->ssl == NULL) {
        return false;
    }
    session->input = BIO_new(BIO_s_mem());
    session->output = BIO_new(BIO_s_mem());
    if (session->input == NULL || session->output == NULL) {
        BIO_free(session->input);
        BIO_free(session->output);
        return false;
    }
    BIO_set_mem_eof_return(session->input, -1);
    SSL_set_bio(session->ssl, session->input, session->output);
    SSL_set_app_data(session->ssl, session);
    SSL_set_verify(session->ssl, context->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                   on_certificate);
    SSL_set_connect_state(session->ssl);
    return expect_name(session, context, host);
}

struct tls_session *tls_session_new(const struct tls_context *context, const char *host)
{
    struct tls_session *session = calloc(1, sizeof *session);
    if (session != NULL && !equip(session, context, host)) {
        tls_session_free(session);
        session = NULL;
    }
    ERR_clear_error();
    return session;
}

void tls_session_free(struct tls_session *session)
{
    if (session != NULL) {
        SSL_free(session->ssl);
        free(session);
    }
}

static enum tls_progress judge(struct tls_session *session, int result)
{
    if (result > 0) {
        return TLS_READY;
    }
    int error = SSL_get_error(session->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        return TLS_MORE;
    }
    explain(session, error);
    ERR_clear_error();
    return TLS_BROKEN;
}

/* The types of TLS records are 20 to 24; what else a server says first is no TLS, and OpenSSL would
 * wait for more of it. */
static bool looks_like_tls(const char *bytes)
{
    return bytes[0] >= 20 && bytes[0] <= 24;
}

bool tls_feed(struct tls_session *session, const char *bytes, size_t length)
{
    if (!session->fed && length > 0 && !looks_like_tls(bytes)) {
        (void)snprintf(session->why, WHY_SIZE, "it does not speak TLS on this port");
        return false;
    }
    session->fed = true;
    bool taken = BIO_write(session->input, bytes, (int)length) == (int)length;
    if (!taken) {
        (void)snprintf(session->why, WHY_SIZE, "out of memory");
    }
    return taken;
}

enum tls_progress tls_shake_hands(struct tls_session *session)
{
    ERR_clear_error();
    return judge(session, SSL_do_handshake(session->ssl));
}

enum tls_progress tls_read(struct tls_session *session, char *bytes, size_t *length)
{
    ERR_clear_error();
    int got = SSL_read(session->ssl, bytes, (int)*length);
    *length = got > 0 ? (size_t)got : 0;
    return judge(session, got);
}

enum tls_progress tls_write(struct tls_session *session, const char *bytes, size_t length)
{
    ERR_clear_error();
    return judge(session, SSL_write(session->ssl, bytes, (int)length));
}

void tls_take_output(struct tls_session *session, struct text *output)
{
    char *bytes;
    long length = BIO_get_mem_data(session->output, &bytes);
    if (length > 0) {
        text_add_bytes(output, bytes, (size_t)length);
        (void)BIO_reset(session->output);
    }
}

const char *tls_why(const struct tls_session *session)
{
    return session->why;
}
