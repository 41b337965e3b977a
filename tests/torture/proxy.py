"""A TCP proxy between one daemon and Redis that can cut, delay and stall what flows.

A cut keeps what was sent and delivers it when the cut is healed, as TCP does after a partition:
answers that come late are the interesting ones. Each direction can be cut alone.
"""
import asyncio
import random
import socket
import threading

UP, DOWN = "up", "down"  # to Redis, to the daemon


class Proxy:
    def __init__(self, host, target_path, seed):
        self.cuts = set()
        self.delay_s = (0, 0)
        self.stall_share = 0
        self._noise = random.Random(seed)
        self._target = target_path
        self._links = set()
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, daemon=True).start()

    def cut(self, *directions):
        self.cuts = set(directions)

    def shape(self, delay_s=(0, 0), stall_share=0):
        """Every piece is delayed by a random time of the range; of `stall_share` of them one
        retransmission's time more, which is what a lost segment looks like from above."""
        self.delay_s, self.stall_share = delay_s, stall_share

    def heal(self):
        self.cuts = set()
        self.shape()

    def drop(self):
        """Ends the present connections, with a reset as a firewall would send it."""
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self):
        for writer in list(self._links):
            writer.transport.abort()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        server = await asyncio.start_server(self._accept, sock=self._listener)
        async with server:
            await server.serve_forever()

    async def _accept(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.transport.abort()
            return
        self._links |= {writer, up_writer}
        pumps = {asyncio.ensure_future(self._pump(reader, up_writer, UP)),
                 asyncio.ensure_future(self._pump(up_reader, writer, DOWN))}
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        for end in (writer, up_writer):
            self._links.discard(end)
            end.transport.abort()

    async def _pump(self, reader, writer, direction):
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(self._pause_s())
                while direction in self.cuts:
                    await asyncio.sleep(0.01)
                writer.write(data)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass

    def _pause_s(self):
        pause = self._noise.uniform(*self.delay_s)
        if self._noise.random() < self.stall_share:
            pause += self._noise.choice((0.2, 0.4, 0.8))
        return pause
