#!/usr/bin/env node
// leaderd's leader flag: "am I the leader" from shared memory, without a request.
//
//     const flag = new LeaderFlag('/run/leaderd/billing.lease');
//     ...
//     const token = flag.token();      // the fencing token, or null: we do not lead
//     if (token !== null) writeSomething(token);
//
// It is safe because it looks at the clock: whatever became of the daemon, the flag ends with the
// lease. A page that is missing, torn, old, of another boot, or no page at all says "not leader".
// Run by itself it prints every change: leader_flag.js PATH
'use strict';
const fs = require('node:fs');

const SIZE = 128;
const MAGIC = Buffer.from('LEADERD1').readBigUInt64LE(0);

// CLOCK_BOOTTIME. /proc/uptime rounds down to 10 ms; we round up: late is the safe side.
function boottimeMs() {
  const [seconds, hundredths] = fs.readFileSync('/proc/uptime', 'latin1').split(' ')[0].split('.');
  return Number(seconds) * 1000 + Number(hundredths) * 10 + 10;
}

class LeaderFlag {
  #path;
  #fd = null;
  #file = null;
  #copy = Buffer.alloc(SIZE);
  #again = Buffer.alloc(8);
  #bootId = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 36);

  constructor(path) {
    this.#path = path;
    this.#reopen();
  }

  // The fencing token while this host's participant may act as leader, else null.
  token() {
    const { token, leadsUntilMs } = this.#read();
    if (token !== 0n && BigInt(boottimeMs()) < leadsUntilMs) return Number(token); // below 2^53
    this.#reopen(); // the daemon may have made a new page; the next call reads it
    return null;
  }

  close() {
    if (this.#fd !== null) fs.closeSync(this.#fd);
    this.#fd = this.#file = null;
  }

  // A consistent copy; zeros when there is none to be had.
  #read() {
    for (let i = 0; this.#fd !== null && i < 8; i++) {
      const copy = this.#copy;
      if (fs.readSync(this.#fd, copy, 0, SIZE, 0) !== SIZE) break;
      if (fs.readSync(this.#fd, this.#again, 0, 8, 8) !== 8) break;
      const magic = copy.readBigUInt64LE(0);
      const sequence = copy.readBigUInt64LE(8);
      const words = [16, 24, 32].map((at) => copy.readBigUInt64LE(at));
      const expected = words.reduce((a, b) => a ^ b, magic ^ sequence);
      if (sequence % 2n === 0n && sequence === this.#again.readBigUInt64LE(0) &&
          copy.readBigUInt64LE(40) === expected) {
        if (magic !== MAGIC || copy.toString('latin1', 48, 84) !== this.#bootId) break;
        return { token: copy.readBigInt64LE(16), leadsUntilMs: copy.readBigInt64LE(24) };
      }
    }
    return { token: 0n, leadsUntilMs: 0n };
  }

  // Opens the page at the path, unless it is the one that is open already.
  #reopen() {
    let fd;
    try {
      fd = fs.openSync(this.#path, 'r');
    } catch {
      return; // not there yet
    }
    const status = fs.fstatSync(fd, { bigint: true });
    const file = `${status.dev}:${status.ino}`;
    if (file === this.#file || status.size < SIZE) {
      fs.closeSync(fd);
      return;
    }
    this.close();
    this.#fd = fd;
    this.#file = file;
  }
}

module.exports = { LeaderFlag, boottimeMs };

if (require.main === module) {
  const flag = new LeaderFlag(process.argv[2]);
  let before = 0;
  setInterval(() => {
    const token = flag.token();
    if (token !== before) console.log(token === null ? 'not leader' : `leader, token ${token}`);
    before = token;
  }, 10);
}
