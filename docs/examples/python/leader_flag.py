#!/usr/bin/env python3
"""leaderd's leader flag: "am I the leader" from shared memory, without a request.

    flag = LeaderFlag("/run/leaderd/billing.lease")
    ...
    token = flag.token()         # the fencing token, or None: we do not lead
    if token is not None:
        write_something(token)

It is safe because it looks at the clock: whatever became of the daemon, the flag ends with the
lease. A page that is missing, torn, old, of another boot, or no page at all says "not leader". One
object is for one thread at a time. Run by itself it prints every change: leader_flag.py PATH
"""
import mmap
import os
import struct
import sys
import time

SIZE = 128
WORDS = struct.Struct("=QQqqqQ")  # magic, sequence, token, leads until, deadline, check
BOOT_ID = slice(48, 84)
MAGIC = int.from_bytes(b"LEADERD1", sys.byteorder)
UINT64 = 2**64 - 1


class LeaderFlag:
    def __init__(self, path):
        self._path = path
        self._page = self._file = None
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            self._boot_id = file.read(36)
        self._reopen()

    def token(self):
        """The fencing token while this host's participant may act as leader, else None."""
        token, leads_until_ms = self._read()
        # Rounding down is exact here: what is compared with is a whole number of milliseconds.
        if token and time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000 < leads_until_ms:
            return token
        self._reopen()  # the daemon may have made a new page; the next call reads it
        return None

    def close(self):
        if self._page is not None:
            self._page.close()
        self._page = self._file = None

    def _read(self):
        """(token, leads until) of a consistent copy; zeros when there is none to be had."""
        for _ in range(8 if self._page is not None else 0):
            copy = self._page[:SIZE]
            magic, sequence, token, leads_until_ms, deadline_ms, check = WORDS.unpack_from(copy)
            (after,) = struct.unpack_from("=Q", self._page, 8)
            expected = (magic ^ sequence ^ token ^ leads_until_ms ^ deadline_ms) & UINT64
            if sequence % 2 == 0 and sequence == after and check == expected:
                if magic == MAGIC and copy[BOOT_ID] == self._boot_id:
                    return token, leads_until_ms
                break
        return 0, 0

    def _reopen(self):
        """Maps the page at the path, unless it is the one that is mapped already."""
        try:
            with open(self._path, "rb") as file:
                status = os.fstat(file.fileno())
                if self._file == (status.st_dev, status.st_ino) or status.st_size < SIZE:
                    return
                page = mmap.mmap(file.fileno(), SIZE, mmap.MAP_SHARED, mmap.PROT_READ)
        except (OSError, ValueError):
            return  # not there, or not a page yet
        self.close()
        self._page, self._file = page, (status.st_dev, status.st_ino)


if __name__ == "__main__":
    flag, before = LeaderFlag(sys.argv[1]), 0
    while True:
        now = flag.token()
        if now != before:
            print(f"leader, token {now}" if now else "not leader", flush=True)
            before = now
        time.sleep(0.01)
