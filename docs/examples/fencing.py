#!/usr/bin/env python3
"""Fencing: the resource refuses the writes of a leader that is no longer one.

Two leaders, one after the other, write to an SQLite table and to a Redis hash. The first one was
stopped in the middle of a write and goes on too late; its token is lower, and its write changes
nothing. Needs redis-server and redis-cli for the second half; runs by itself, leaves nothing behind.
"""
import os
import shutil
import sqlite3
import subprocess
import tempfile

OLD_TOKEN, NEW_TOKEN = 41, 42  # fencing_token of two reigns: each is greater than all before

# The write and the check are one statement: nothing can come between them.
UPDATE = "UPDATE account SET balance = :balance, token = :token WHERE id = :id AND token <= :token"

# The same in Redis: a script is one step.
SCRIPT = """
local seen = tonumber(redis.call('HGET', KEYS[1], 'token') or '0')
if tonumber(ARGV[1]) < seen then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'value', ARGV[2])
return 1
"""


def write_sql(database, token, balance):
    """True: written. False: somebody with a greater token has written since; stop working."""
    done = database.execute(UPDATE, {"id": 1, "balance": balance, "token": token})
    return done.rowcount == 1


def in_sqlite():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER,"
                     " token INTEGER NOT NULL DEFAULT 0)")
    database.execute("INSERT INTO account (id, balance) VALUES (1, 0)")
    assert write_sql(database, OLD_TOKEN, 100)
    assert write_sql(database, NEW_TOKEN, 150)  # another leads now
    assert not write_sql(database, OLD_TOKEN, 90)  # the late packet
    assert database.execute("SELECT balance FROM account").fetchone() == (150,)
    print("sqlite: the late write of the old leader was refused")


def in_redis():
    directory = tempfile.mkdtemp(prefix="leaderd-fencing-")
    socket = os.path.join(directory, "redis.sock")
    server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--save", "",
                               "--dir", directory], stdout=subprocess.PIPE, text=True)
    try:
        for line in server.stdout:
            if "ready to accept connections" in line.lower() and "unix" in line.lower() or socket in line:
                break

        def write(token, value):
            return subprocess.run(["redis-cli", "-s", socket, "EVAL", SCRIPT, "1", "account",
                                   str(token), str(value)], capture_output=True, text=True,
                                  check=True).stdout.strip() == "1"

        assert write(OLD_TOKEN, 100)
        assert write(NEW_TOKEN, 150)
        assert not write(OLD_TOKEN, 90)
        print("redis: the late write of the old leader was refused")
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    in_sqlite()
    in_redis()
