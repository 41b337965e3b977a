#include "daemon/boot_id.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void read_line(const char *path, char *out, size_t size)
{
    memset(out, 0, size);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    ssize_t length = read(fd, out, size - 1);
    close(fd);
    size_t end = length > 0 ? strcspn(out, "\n") : 0;
    memset(out + end, 0, size - end);
}

void boot_id_read(char out[BOOT_ID_SIZE])
{
    read_line("/proc/sys/kernel/random/boot_id", out, BOOT_ID_SIZE);
}

void machine_id_read(char out[MACHINE_ID_SIZE])
{
    read_line("/etc/machine-id", out, MACHINE_ID_SIZE);
}
