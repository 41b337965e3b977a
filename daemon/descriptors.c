#include "daemon/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { KEPT_MAX = 256 };

void descriptors_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

bool descriptors_to_spare(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return true;
    }
    rlim_t kept = limit.rlim_cur / 4 < KEPT_MAX ? limit.rlim_cur / 4 : KEPT_MAX;
    /* The lowest free number is about as high as there are open ones. */
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (lowest < 0) {
        return false;
    }
    (void)close(lowest);
    return (rlim_t)lowest < limit.rlim_cur - kept;
}
