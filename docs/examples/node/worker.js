#!/usr/bin/env node
// A worker that acts only while the leaderd beside it says that it leads.
//
//     LEADERD_URL=http://127.0.0.1:8720 ./worker.js billing
//     LEADERD_URL=unix:/run/leaderd/control.sock ./worker.js billing
//
// The election is the argument, else $LEADERD_ELECTION, else `default`. The work of this example is
// a line in the file $OUTPUT (or on stdout) every 50 ms. Node 18 or later, no packages.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const { randomUUID } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');
const { urlToHttpOptions } = require('node:url');

const URL_OF_DAEMON = process.env.LEADERD_URL || 'http://127.0.0.1:8720';
const ELECTION = process.argv[2] || process.env.LEADERD_ELECTION || 'default';
const NAME = randomUUID(); // the daemon waits for us by this name before it lets another one lead
const DAEMON = URL_OF_DAEMON.startsWith('unix:')
  ? { socketPath: URL_OF_DAEMON.slice('unix:'.length) }
  : urlToHttpOptions(new URL(URL_OF_DAEMON));

// CLOCK_BOOTTIME, the clock that leases live on; process.hrtime() stops during a suspend.
// /proc/uptime rounds down to 10 ms; we round up: late is the safe side.
function boottimeMs() {
  const [seconds, hundredths] = fs.readFileSync('/proc/uptime', 'latin1').split(' ')[0].split('.');
  return Number(seconds) * 1000 + Number(hundredths) * 10 + 10;
}

// What the daemon said last.
class Leadership {
  #grant = null;
  #refused = null; // the token under which we do not lead, as the daemon said
  working = Promise.resolve(); // the step of the work that is under way

  // An answer of the daemon; nothing else makes the time to stop later. True: just lost.
  learn({ is_leader, fencing_token, lease }) {
    const before = this.#grant;
    if (is_leader && fencing_token !== this.#refused) {
      const stopAt = lease.deadline_boottime_ms - lease.stop_margin_ms;
      this.#grant = { token: fencing_token, stopAt };
    } else { // a daemon that has just been started knows of no token yet
      this.#refused = fencing_token;
      this.#grant = null;
    }
    return before !== null && this.#grant === null;
  }

  // The fencing token if we may act as leader at this moment, else null.
  token() {
    return this.#grant !== null && boottimeMs() < this.#grant.stopAt ? this.#grant.token : null;
  }
}

// What the daemon answers; throws when it does not.
function ask(method, path, timeoutMs) {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const options = { ...DAEMON, method, path, signal, agent: false };
    const request = http.request(options, async (answer) => {
      try {
        let body = '';
        for await (const part of answer.setEncoding('utf8')) body += part;
        if (answer.statusCode !== 200) throw new Error(`${path}: status ${answer.statusCode}`);
        resolve(JSON.parse(body));
      } catch (error) {
        reject(error);
      }
    });
    request.on('error', reject).end();
  });
}

// Hears of every change within milliseconds, and of the next deadline long before the last.
async function watch(leadership) {
  let cursor = '';
  let pause = 100;
  for (;;) {
    try {
      const path = `/watch?election=${ELECTION}&workload=${NAME}&timeout=30s${cursor}`;
      const answer = await ask('GET', path, 40_000);
      if (leadership.learn(answer.elections[ELECTION])) {
        await leadership.working; // the step under way ends first; no other one begins
        await sayThatWeHaveStopped();
      }
      cursor = `&since=${answer.cursor}`;
      if (!answer.shutting_down) {
        pause = 100;
        continue;
      }
    } catch (error) {
      console.error(`leaderd at ${URL_OF_DAEMON}: ${error.message}`);
    }
    // No answer, no extension: the last deadline that we know of ends the work.
    await sleep(pause);
    pause = Math.min(2 * pause, 1000);
  }
}

// So that whoever is next need not wait for our deadline. When it fails, they do.
function sayThatWeHaveStopped() {
  return ask('POST', `/elections/${ELECTION}/released?workload=${NAME}`, 2000).catch(() => {});
}

// One step. A real one takes longer, and looks again after each `await`, before each thing that
// cannot be undone. Not "do we lead?" but "is it still this token?": it may have been lost and won
// again in between.
async function work(leadership, token, output) {
  const step = { token, at_boottime_ms: boottimeMs(), worker: 'node' };
  if (leadership.token() === token) fs.writeSync(output, JSON.stringify(step) + '\n');
}

async function main() {
  let stopping = false;
  process.on('SIGTERM', () => { stopping = true; });
  const output = process.env.OUTPUT ? fs.openSync(process.env.OUTPUT, 'a') : process.stdout.fd;
  const leadership = new Leadership();
  watch(leadership);
  while (!stopping) {
    await sleep(50);
    const token = leadership.token();
    if (token !== null) {
      leadership.working = work(leadership, token, output);
      await leadership.working;
    }
  }
  await sayThatWeHaveStopped();
  process.exit(0);
}

main();
