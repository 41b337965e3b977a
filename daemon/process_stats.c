#include "daemon/process_stats.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int64_t resident_bytes(void)
{
    long long pages = -1;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return -1;
    }
    if (fscanf(file, "%*s %lld", &pages) != 1) {
        pages = -1;
    }
    (void)fclose(file);
    return pages < 0 ? -1 : (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t count_fds(void)
{
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) {
        return -1;
    }
    int64_t count = -1; /* the directory's own */
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(directory);
    return count;
}

/* The 22nd field of /proc/self/stat is the start in clock ticks since boot; the second one, the
 * name, may hold spaces and brackets. */
static double start_time_seconds(void)
{
    char line[1024] = "";
    long long boot_seconds = -1;
    unsigned long long ticks = 0;
    FILE *file = fopen("/proc/self/stat", "re");
    if (file != NULL) {
        if (fgets(line, sizeof line, file) == NULL) {
            line[0] = '\0';
        }
        (void)fclose(file);
    }
    const char *fields = strrchr(line, ')');
    if (fields == NULL || sscanf(fields + 1,
                                 " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                                 "%*s %*s %*s %llu",
                                 &ticks) != 1) {
        return -1;
    }
    file = fopen("/proc/stat", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "btime %lld", &boot_seconds) == 1) {
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return boot_seconds < 0 ? -1
                            : (double)boot_seconds + (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

void process_stats_read(struct metrics_process *stats)
{
    struct rusage usage;
    struct rlimit files;
    *stats = (struct metrics_process){.cpu_seconds = -1, .max_fds = -1};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        stats->cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
        stats->max_fds = (int64_t)files.rlim_cur;
    }
    stats->resident_bytes = resident_bytes();
    stats->open_fds = count_fds();
    stats->start_time_seconds = start_time_seconds();
}
