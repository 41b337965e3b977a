/*
 * Preloaded into leaderd, this makes one call of one class fail: `alloc`, a system call, `eintr`.
 *
 * The file named by FAULT_FILE is mapped and shared with whoever runs the test: it says which calls
 * fail, and here is counted how many there were, so that a sweep knows how far to go. Nothing is
 * counted or fails while it is not armed; with FAULT_ARM=main it is from main() on. What failed,
 * and what a fatal signal stopped, is written into the file as a backtrace of `object+offset`.
 *
 * Calls that libc makes of itself are not seen, save those of malloc(). The clocks never fail.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Name and errno of each class; the sweep reads this list. `eintr` interrupts what may be
 * interrupted, `short` lets one byte of a stream or of a file through. */
#define CLASSES(CLASS)                \
    CLASS(alloc, ENOMEM)              \
    CLASS(open, EMFILE)               \
    CLASS(opendir, EMFILE)            \
    CLASS(readdir, EIO)               \
    CLASS(stat, EIO)                  \
    CLASS(access, EACCES)             \
    CLASS(mkdir, ENOSPC)              \
    CLASS(chmod, EPERM)               \
    CLASS(unlink, EROFS)              \
    CLASS(rename, EROFS)              \
    CLASS(read, EIO)                  \
    CLASS(pread, EIO)                 \
    CLASS(write, ENOSPC)              \
    CLASS(pwrite, ENOSPC)             \
    CLASS(fsync, EIO)                 \
    CLASS(ftruncate, ENOSPC)          \
    CLASS(fallocate, ENOSPC)          \
    CLASS(flock, ENOLCK)              \
    CLASS(fcntl, ENOLCK)              \
    CLASS(ioctl, EIO)                 \
    CLASS(dup, EMFILE)                \
    CLASS(close, EIO)                 \
    CLASS(mmap, ENOMEM)               \
    CLASS(socket, EMFILE)             \
    CLASS(bind, EADDRINUSE)           \
    CLASS(listen, EADDRINUSE)         \
    CLASS(accept, EMFILE)             \
    CLASS(connect, ECONNREFUSED)      \
    CLASS(setsockopt, ENOMEM)         \
    CLASS(getsockopt, ENOBUFS)        \
    CLASS(getsockname, ENOBUFS)       \
    CLASS(shutdown, ENOTCONN)         \
    CLASS(recv, ECONNRESET)           \
    CLASS(send, ECONNRESET)           \
    CLASS(sendmsg, ENOBUFS)           \
    CLASS(names, EAGAIN)              \
    CLASS(epoll_create, EMFILE)       \
    CLASS(epoll_ctl, ENOSPC)          \
    CLASS(poll, ENOMEM)               \
    CLASS(eventfd, EMFILE)            \
    CLASS(pipe, EMFILE)               \
    CLASS(timerfd_create, EMFILE)     \
    CLASS(timerfd_settime, ECANCELED) \
    CLASS(fork, EAGAIN)               \
    CLASS(exec, ENOMEM)               \
    CLASS(thread, EAGAIN)             \
    CLASS(kill, EPERM)                \
    CLASS(session, EPERM)             \
    CLASS(prctl, EINVAL)              \
    CLASS(rlimit, EPERM)              \
    CLASS(hostname, ENAMETOOLONG)     \
    CLASS(adjtimex, EPERM)            \
    CLASS(getrandom, ENOSYS)          \
    CLASS(eintr, EINTR)               \
    CLASS(short, 0)

#define ENUMERATOR(name, error) CLASS_##name,
enum class { CLASSES(ENUMERATOR) CLASS_COUNT, NEVER = CLASS_COUNT };
#define ERROR(name, error) error,
static const int errors[] = {CLASSES(ERROR)};

enum { COUNTS_MAX = 96, TRACE_SIZE = 2048, FRAMES_MAX = 40 };

/* The shared file; sweep.py knows its layout. */
static struct control {
    _Atomic int32_t armed;
    _Atomic int32_t class;
    _Atomic int64_t from, to; /* these calls fail, the first is 1 */
    _Atomic int64_t failed;   /* how many did */
    _Atomic int64_t counts[COUNTS_MAX];
    char fault[TRACE_SIZE]; /* where the first call failed */
    char crash[TRACE_SIZE]; /* where a signal stopped it */
} * control;

static _Thread_local bool inside;

#define NEXT(name) ((__typeof__(&name))next_of(&name##_next, #name))
#define REMEMBER(name) static void *name##_next

static void *next_of(void **place, const char *name)
{
    if (*place == NULL) {
        *place = dlsym(RTLD_NEXT, name);
    }
    return *place;
}

static void write_trace(char *out, const char *head)
{
    void *frames[FRAMES_MAX];
    int count = backtrace(frames, FRAMES_MAX);
    size_t at = (size_t)snprintf(out, TRACE_SIZE, "%s", head);
    for (int i = 0; i < count && at + 64 < TRACE_SIZE; i++) {
        Dl_info info;
        if (dladdr(frames[i], &info) == 0 || info.dli_fname == NULL) {
            continue;
        }
        const char *slash = strrchr(info.dli_fname, '/');
        at += (size_t)snprintf(out + at, TRACE_SIZE - at, "%.40s+0x%tx ",
                               slash != NULL ? slash + 1 : info.dli_fname,
                               (char *)frames[i] - (char *)info.dli_fbase);
    }
}

/* Counts a call; true when it must fail, and then errno says why. */
static bool fails(enum class class)
{
    if (class == NEVER || control == NULL || inside || !control->armed) {
        return false;
    }
    int64_t number = ++control->counts[class];
    if (class != (enum class)control->class || number < control->from || number > control->to) {
        return false;
    }
    inside = true;
    if (control->failed++ == 0) {
        write_trace(control->fault, "");
    }
    inside = false;
    errno = errors[class];
    return true;
}

static bool interrupted(void)
{
    return fails(CLASS_eintr);
}

/* --- memory --------------------------------------------------------------------------------- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    return fails(CLASS_alloc) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(CLASS_alloc) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return (block == NULL || size != 0) && fails(CLASS_alloc) ? NULL : __libc_realloc(block, size);
}

void *reallocarray(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(CLASS_alloc) ? NULL : __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made = aligned_alloc(alignment, size);
    if (made == NULL) {
        return ENOMEM;
    }
    *block = made;
    return 0;
}

/* --- system calls --------------------------------------------------------------------------- */

#define WRAP_(type, name, parameters, arguments, condition, failure)                      \
    REMEMBER(name);                                                                       \
    type name parameters;                                                                 \
    type name parameters                                                                  \
    {                                                                                     \
        return (condition) ? (failure)                                                    \
                           : ((type(*) parameters)next_of(&name##_next, #name))arguments; \
    }

#define WRAP(type, name, class, parameters, arguments) \
    WRAP_(type, name, parameters, arguments, fails(CLASS_##class), (type)-1)
#define WRAP_SLOW(type, name, class, parameters, arguments) \
    WRAP_(type, name, parameters, arguments, fails(CLASS_##class) || interrupted(), (type)-1)
#define WRAP_MOVE(type, name, class, parameters, arguments)                                      \
    WRAP_(type, name, parameters, arguments, transfer_fails(fd, CLASS_##class) || interrupted(), \
          (type)-1)
#define WRAP_NULL(type, name, class, parameters, arguments) \
    WRAP_(type, name, parameters, arguments, fails(CLASS_##class), NULL)

/* Pipes, eventfds and timerfds are others: they neither fail nor take one byte of eight. */
enum kind { OTHER, FILES, STREAM, PACKETS, DATAGRAM };

static enum kind kind_of(int fd)
{
    struct stat about;
    int type = 0;
    socklen_t size = sizeof type;
    int before = errno;
    inside = true;
    bool known = fstat(fd, &about) == 0;
    bool typed =
        known && S_ISSOCK(about.st_mode) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
    inside = false;
    errno = before;
    if (typed) {
        return type == SOCK_STREAM ? STREAM : type == SOCK_SEQPACKET ? PACKETS : DATAGRAM;
    }
    return known && (S_ISREG(about.st_mode) || S_ISCHR(about.st_mode)) ? FILES : OTHER;
}

/* Whether this transfer fails. A connection that fails is one that has ended. */
static bool transfer_fails(int fd, enum class class)
{
    bool plain = class == CLASS_read || class == CLASS_write;
    enum kind kind = control != NULL && control->armed && !inside ? kind_of(fd) : OTHER;
    if ((plain && kind == OTHER) || !fails(class)) {
        return false;
    }
    if (kind == STREAM || kind == PACKETS) {
        (void)syscall(SYS_shutdown, fd, SHUT_RDWR);
        errno = ECONNRESET;
    } else if (kind == DATAGRAM) {
        errno = ENOBUFS;
    }
    return true;
}

static size_t shortened(int fd, size_t size)
{
    return size > 1 && control != NULL && control->armed && control->class == CLASS_short &&
                   (kind_of(fd) == FILES || kind_of(fd) == STREAM) && fails(CLASS_short)
               ? 1
               : size;
}

#define WRAP_SIZED(type, name, class, parameters, arguments)                \
    REMEMBER(name);                                                         \
    type name parameters;                                                   \
    type name parameters                                                    \
    {                                                                       \
        if (transfer_fails(fd, CLASS_##class) || interrupted()) {           \
            return (type)-1;                                                \
        }                                                                   \
        size = shortened(fd, size);                                         \
        return ((type(*) parameters)next_of(&name##_next, #name))arguments; \
    }

WRAP_SIZED(ssize_t, read, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
WRAP_SIZED(ssize_t, __read_chk, read, (int fd, void *bytes, size_t size, size_t room),
           (fd, bytes, size, room))
WRAP_SIZED(ssize_t, pread, pread, (int fd, void *bytes, size_t size, off_t at),
           (fd, bytes, size, at))
WRAP_SIZED(ssize_t, pread64, pread, (int fd, void *bytes, size_t size, off64_t at),
           (fd, bytes, size, at))
WRAP_SIZED(ssize_t, __pread64_chk, pread,
           (int fd, void *bytes, size_t size, off64_t at, size_t room), (fd, bytes, size, at, room))
WRAP_SIZED(ssize_t, recv, recv, (int fd, void *bytes, size_t size, int flags),
           (fd, bytes, size, flags))
WRAP_SIZED(ssize_t, __recv_chk, recv, (int fd, void *bytes, size_t size, size_t room, int flags),
           (fd, bytes, size, room, flags))
WRAP_SIZED(ssize_t, write, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
WRAP_SIZED(ssize_t, pwrite, pwrite, (int fd, const void *bytes, size_t size, off_t at),
           (fd, bytes, size, at))
WRAP_SIZED(ssize_t, pwrite64, pwrite, (int fd, const void *bytes, size_t size, off64_t at),
           (fd, bytes, size, at))
WRAP_SIZED(ssize_t, send, send, (int fd, const void *bytes, size_t size, int flags),
           (fd, bytes, size, flags))
WRAP_MOVE(ssize_t, sendto, send,
          (int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to,
           socklen_t length),
          (fd, bytes, size, flags, to, length))
WRAP_MOVE(ssize_t, recvfrom, recv,
          (int fd, void *restrict bytes, size_t size, int flags, struct sockaddr *restrict from,
           socklen_t *restrict length),
          (fd, bytes, size, flags, from, length))
WRAP_MOVE(ssize_t, recvmsg, recv, (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP_MOVE(ssize_t, sendmsg, sendmsg, (int fd, const struct msghdr *message, int flags),
          (fd, message, flags))
WRAP_(ssize_t, readv, (int fd, const struct iovec *parts, int count), (fd, parts, count),
      transfer_fails(fd, CLASS_read) || interrupted(), -1)
WRAP_(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count),
      transfer_fails(fd, CLASS_write) || interrupted(), -1)
WRAP_SLOW(ssize_t, sendfile64, send, (int to, int from, off64_t *at, size_t count),
          (to, from, at, count))

WRAP(int, socket, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, socketpair, socket, (int domain, int type, int protocol, int ends[2]),
     (domain, type, protocol, ends))
WRAP(int, bind, bind, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))
WRAP(int, listen, listen, (int fd, int backlog), (fd, backlog))
WRAP_SLOW(int, accept4, accept,
          (int fd, struct sockaddr *restrict from, socklen_t *restrict size, int flags),
          (fd, from, size, flags))
WRAP_SLOW(int, accept, accept, (int fd, struct sockaddr *restrict from, socklen_t *restrict size),
          (fd, from, size))
WRAP(int, connect, connect, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
WRAP(int, setsockopt, setsockopt,
     (int fd, int level, int option, const void *value, socklen_t size),
     (fd, level, option, value, size))
WRAP(int, getsockopt, getsockopt,
     (int fd, int level, int option, void *restrict value, socklen_t *restrict size),
     (fd, level, option, value, size))
WRAP(int, getsockname, getsockname,
     (int fd, struct sockaddr *restrict address, socklen_t *restrict size), (fd, address, size))
WRAP(int, shutdown, shutdown, (int fd, int how), (fd, how))
WRAP_(int, getaddrinfo,
      (const char *restrict host, const char *restrict service,
       const struct addrinfo *restrict hints, struct addrinfo **restrict found),
      (host, service, hints, found), fails(CLASS_names), EAI_MEMORY)

WRAP(int, epoll_create1, epoll_create, (int flags), (flags))
WRAP(int, epoll_create, epoll_create, (int size), (size))
/* Only to add one may run into a limit. */
WRAP_(int, epoll_ctl, (int epoll, int how, int fd, struct epoll_event *event),
      (epoll, how, fd, event), fails(how == EPOLL_CTL_ADD ? CLASS_epoll_ctl : NEVER), -1)
WRAP_(int, epoll_wait, (int fd, struct epoll_event *events, int room, int timeout),
      (fd, events, room, timeout), interrupted(), -1)
WRAP_(int, epoll_pwait,
      (int fd, struct epoll_event *events, int room, int timeout, const sigset_t *mask),
      (fd, events, room, timeout, mask), interrupted(), -1)
WRAP_SLOW(int, poll, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
WRAP(int, eventfd, eventfd, (unsigned start, int flags), (start, flags))
WRAP(int, pipe, pipe, (int ends[2]), (ends))
WRAP(int, pipe2, pipe, (int ends[2], int flags), (ends, flags))
WRAP(int, timerfd_create, timerfd_create, (clockid_t clock, int flags), (clock, flags))
/* Any other way to set it cannot fail. */
WRAP_(int, timerfd_settime,
      (int fd, int flags, const struct itimerspec *when, struct itimerspec *before),
      (fd, flags, when, before),
      fails((flags & TFD_TIMER_CANCEL_ON_SET) != 0 ? CLASS_timerfd_settime : NEVER), -1)

WRAP(pid_t, fork, fork, (void), ())
WRAP(int, execvp, exec, (const char *file, char *const *words), (file, words))
WRAP(int, execvpe, exec, (const char *file, char *const *words, char *const *environment),
     (file, words, environment))
WRAP_(int, pthread_create,
      (pthread_t *restrict thread, const pthread_attr_t *restrict how, void *(*start)(void *),
       void *restrict argument),
      (thread, how, start, argument), fails(CLASS_thread), EAGAIN)
WRAP_(pid_t, waitpid, (pid_t child, int *status, int options), (child, status, options),
      (options & WNOHANG) == 0 && interrupted(), -1)
WRAP(int, kill, kill, (pid_t whom, int number), (whom, number))
WRAP(pid_t, setsid, session, (void), ())
WRAP(int, setpgid, session, (pid_t who, pid_t group), (who, group))
WRAP(int, setrlimit64, rlimit, (__rlimit_resource_t what, const struct rlimit64 *limit),
     (what, limit))
WRAP(int, getrlimit64, rlimit, (__rlimit_resource_t what, struct rlimit64 *limit), (what, limit))
WRAP(int, gethostname, hostname, (char *name, size_t size), (name, size))
WRAP(int, adjtimex, adjtimex, (struct timex * about), (about))
WRAP(ssize_t, getrandom, getrandom, (void *bytes, size_t size, unsigned flags),
     (bytes, size, flags))

WRAP(int, fstat64, stat, (int fd, struct stat64 *about), (fd, about))
WRAP(int, stat64, stat, (const char *restrict path, struct stat64 *restrict about), (path, about))
WRAP(int, lstat64, stat, (const char *restrict path, struct stat64 *restrict about), (path, about))
WRAP(int, access, access, (const char *path, int how), (path, how))
WRAP(int, mkdir, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, chmod, chmod, (const char *path, mode_t mode), (path, mode))
WRAP(int, fchmod, chmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, unlink, unlink, (const char *path), (path))
WRAP(int, rename, rename, (const char *from, const char *to), (from, to))
WRAP(int, fsync, fsync, (int fd), (fd))
WRAP(int, fdatasync, fsync, (int fd), (fd))
WRAP(int, ftruncate64, ftruncate, (int fd, off64_t size), (fd, size))
WRAP_(int, posix_fallocate64, (int fd, off64_t at, off64_t size), (fd, at, size),
      fails(CLASS_fallocate), ENOSPC)
WRAP_SLOW(int, flock, flock, (int fd, int how), (fd, how))
WRAP(int, dup2, dup, (int from, int to), (from, to))
WRAP(int, dup3, dup, (int from, int to, int flags), (from, to, flags))
WRAP_(void *, mmap, (void *at, size_t size, int access, int flags, int fd, off_t offset),
      (at, size, access, flags, fd, offset), fails(CLASS_mmap), MAP_FAILED)
WRAP_(void *, mmap64, (void *at, size_t size, int access, int flags, int fd, off64_t offset),
      (at, size, access, flags, fd, offset), fails(CLASS_mmap), MAP_FAILED)

typedef struct __dirstream DIR;
struct dirent64;
WRAP_NULL(DIR *, opendir, opendir, (const char *path), (path))
WRAP_NULL(struct dirent64 *, readdir64, readdir, (DIR * directory), (directory))
WRAP_NULL(FILE *, fopen, open, (const char *restrict path, const char *restrict how), (path, how))
WRAP_NULL(FILE *, fopen64, open, (const char *restrict path, const char *restrict how), (path, how))
WRAP(int, __open64_2, open, (const char *path, int flags), (path, flags))
WRAP(int, __open_2, open, (const char *path, int flags), (path, flags))

/* The descriptor is gone even when close() reports a failure (close(2)). */
REMEMBER(close);
int close(int fd)
{
    int result = NEXT(close)(fd);
    return result == 0 && fails(CLASS_close) ? -1 : result;
}

#define OPENS(name)                                                                      \
    REMEMBER(name);                                                                      \
    int name(const char *path, int flags, ...)                                           \
    {                                                                                    \
        va_list rest;                                                                    \
        va_start(rest, flags);                                                           \
        mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                                    \
        return fails(CLASS_open) || interrupted() ? -1 : NEXT(name)(path, flags, mode);  \
    }
OPENS(open)
OPENS(open64)

static bool fcntl_fails(int how, const void *argument)
{
    bool locks = how == F_SETLK || how == F_SETLKW || how == F_OFD_SETLK || how == F_OFD_SETLKW;
    if (how == F_GETFD || how == F_GETFL || how == F_SETFD || how == F_SETFL ||
        (locks && ((const struct flock *)argument)->l_type == F_UNLCK)) {
        return false; /* these do not, with a good descriptor */
    }
    bool failed = fails(CLASS_fcntl);
    if (failed && (how == F_DUPFD || how == F_DUPFD_CLOEXEC)) {
        errno = EMFILE;
    }
    return failed;
}

#define CONTROLS(name, type, condition)                          \
    REMEMBER(name);                                              \
    int name(int fd, type how, ...)                              \
    {                                                            \
        va_list rest;                                            \
        va_start(rest, how);                                     \
        void *argument = va_arg(rest, void *);                   \
        va_end(rest);                                            \
        return (condition) ? -1 : NEXT(name)(fd, how, argument); \
    }
CONTROLS(fcntl, int, fcntl_fails(how, argument))
CONTROLS(fcntl64, int, fcntl_fails(how, argument))
int ioctl(int fd, unsigned long how, ...);
CONTROLS(ioctl, unsigned long, fails(CLASS_ioctl))

REMEMBER(prctl);
int prctl(int what, ...);
int prctl(int what, ...)
{
    va_list rest;
    va_start(rest, what);
    unsigned long words[4];
    for (int i = 0; i < 4; i++) {
        words[i] = va_arg(rest, unsigned long);
    }
    va_end(rest);
    return fails(CLASS_prctl) ? -1 : NEXT(prctl)(what, words[0], words[1], words[2], words[3]);
}

/* --- start, and the end by a signal --------------------------------------------------------- */

static void on_fatal(int number)
{
    char head[64];
    inside = true;
    if (control->crash[0] == '\0') {
        (void)snprintf(head, sizeof head, "signal %d of process %d: ", number, (int)getpid());
        write_trace(control->crash, head);
    }
    inside = false;
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void watch_signals(void)
{
    static char stack[65536];
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    (void)sigaltstack(&alternative, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction how = {.sa_handler = on_fatal, .sa_flags = SA_ONSTACK | SA_NODEFER};
        (void)sigaction(numbers[i], &how, NULL);
    }
}

__attribute__((constructor)) static void map_control(void)
{
    void *frames[2];
    const char *path = getenv("FAULT_FILE");
    if (path == NULL || strcmp(program_invocation_short_name, "leaderd") != 0) {
        return;
    }
    _Static_assert((int)CLASS_COUNT <= (int)COUNTS_MAX, "room for all counts");
    (void)backtrace(frames, 2); /* the first one loads a library */
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *page = fd < 0 ? MAP_FAILED
                        : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        (void)fprintf(stderr, "preload: cannot use FAULT_FILE: %s\n", strerror(errno));
        _exit(99);
    }
    (void)close(fd);
    control = page;
    watch_signals();
}

typedef int main_function(int, char **, char **);
static main_function *real_main;

static int armed_main(int argc, char **argv, char **environment)
{
    const char *when = getenv("FAULT_ARM");
    if (control != NULL && when != NULL && strcmp(when, "main") == 0) {
        control->armed = 1;
    }
    return real_main(argc, argv, environment);
}

int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    static void *next;
    real_main = main;
    return ((__typeof__(&__libc_start_main))next_of(&next, "__libc_start_main"))(
        armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}
