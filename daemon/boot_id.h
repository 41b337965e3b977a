/*
 * Which boot of which machine this is.
 */
#ifndef LEADERD_DAEMON_BOOT_ID_H
#define LEADERD_DAEMON_BOOT_ID_H

enum { BOOT_ID_SIZE = 37, MACHINE_ID_SIZE = 33 };

/* The kernel's random id of this boot (random(4)); "" when /proc is not there. All bytes of `out`
 * are written. */
void boot_id_read(char out[BOOT_ID_SIZE]);

/* machine-id(5); "" where there is none, as in many containers. All bytes of `out` are written. */
void machine_id_read(char out[MACHINE_ID_SIZE]);

#endif
