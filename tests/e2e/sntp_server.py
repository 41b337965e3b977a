"""A time server (RFC 5905) whose clock is wrong by as much as a test wants."""
import socket
import struct
import threading
import time

EPOCH = 2208988800


class SntpServer:
    """`offset_s` is how far it is ahead. `kiss`: it answers only that code. `silent`: not at all."""

    def __init__(self, offset_s=0.0, kiss=None, silent=False, leap=0):
        self.offset_s, self.kiss, self.silent, self.leap = offset_s, kiss, silent, leap
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.name = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._socket.close()

    def _now(self):
        return struct.pack("!Q", int((time.time() + EPOCH + self.offset_s) * 2 ** 32) & (2 ** 64 - 1))

    def _serve(self):
        while True:
            try:
                request, sender = self._socket.recvfrom(512)
            except OSError:
                return
            self.asked += 1
            if self.silent or len(request) < 48:
                continue
            stratum = 0 if self.kiss else 1
            head = struct.pack("!BBbb", self.leap << 6 | 4 << 3 | 4, stratum, 6, -20)
            reference = (self.kiss or "LOCL").encode()
            received = self._now()
            answer = (head + struct.pack("!II", 0, 0) + reference + received + request[40:48]
                      + received + self._now())
            self._socket.sendto(answer, sender)
