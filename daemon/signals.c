#include "daemon/signals.h"

#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(sigset_t *before)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
    sigset_t wanted;
    (void)sigfillset(&wanted);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        (void)sigdelset(&wanted, faults[i]);
    }
    (void)sigprocmask(SIG_SETMASK, &wanted, before);
    (void)sigdelset(&wanted, SIGTTOU);
    (void)sigdelset(&wanted, SIGPIPE);
    return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_next(int fd)
{
    struct signalfd_siginfo signal;
    ssize_t got = read(fd, &signal, sizeof signal);
    return got == (ssize_t)sizeof signal ? (int)signal.ssi_signo : 0;
}
