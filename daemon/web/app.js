"use strict";
/* The page keeps what it was told and draws it anew. Everything that comes from elsewhere goes in
 * as text, never as markup. Paths are relative, so that it works behind any forward. */
(() => {
  const SHOWN = 60, HOUR = 3600e3, SAMPLES = 120;
  const at = (id) => document.getElementById(id);
  let status = null;   // the last /status document
  let skew = 0;        // CLOCK_BOOTTIME of the daemon less performance.now()
  let events = [], report = null;
  let live = false, lastHeard = -1e9, stream = null;
  const latencies = [], margins = new Map(), deadlines = new Map(), leaders = new Map();

  const boot = () => performance.now() + skew;

  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    for (const child of children) if (child !== null && child !== undefined) node.append(child);
    return node;
  }
  function shape(tag, attributes, text) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    return node;
  }
  /* Styles by script are allowed where a style attribute would not be. */
  function styled(node, styles) {
    Object.assign(node.style, styles);
    return node;
  }
  const isolated = (text) => make("bdi", {}, String(text));

  function lasting(ms) {
    if (ms === null || ms === undefined || ms < 0) return "—";
    const s = Math.floor(ms / 1000);
    if (s < 60) return (ms < 10000 ? (ms / 1000).toFixed(1) : s) + " s";
    if (s < 3600) return Math.floor(s / 60) + " min " + (s % 60) + " s";
    if (s < 86400) return Math.floor(s / 3600) + " h " + (Math.floor(s / 60) % 60) + " min";
    return Math.floor(s / 86400) + " d " + (Math.floor(s / 3600) % 24) + " h";
  }
  const clock = (iso) => iso ? new Date(iso).toLocaleTimeString([], { hour12: false }) : "—";

  function hue(name) {
    let sum = 7;
    for (const c of String(name)) sum = (sum * 31 + c.codePointAt(0)) % 360;
    return `hsl(${sum} 52% 38%)`;
  }

  function pill(id, kind, text) {
    const node = at(id);
    node.className = "pill " + kind;
    node.textContent = text;
  }

  /* Elections. */

  const kinds = { leader: "good", follower: "info", candidate: "warn", draining: "warn",
    starting: "warn", unknown: "bad", stopped: "bad", paused: "warn", held_off: "warn",
    observer: "info" };

  function describe(name, election) {
    const rows = [["Fencing token", election.fencing_token ?? "—"],
      ["Leads for", "—"],
      ["Lease", lasting(election.lease.duration_ms) + ", renewed each " +
        lasting(election.lease.renew_interval_ms)],
      ["Changes", election.stability.changes_last_1h + " in the last hour" +
        (election.stability.is_stable ? "" : ", unstable")]];
    const metadata = Object.entries((election.leader && election.leader.metadata) || {});
    for (const [key, value] of metadata) rows.push([key, value]);
    const list = make("dl");
    for (const [key, value] of rows) {
      list.append(make("dt", {}, isolated(key)), make("dd", {}, isolated(value)));
    }
    list.leadsFor = list.children[3];
    return list;
  }

  function card(name, election) {
    const box = make("article", { class: "card", "aria-label": name });
    const leader = election.leader;
    box.append(make("div", { class: "top" }, make("h3", {}, isolated(name)),
      make("span", { class: "badge " + (kinds[election.state] || "") }, election.state)));
    box.append(leader
      ? make("p", { class: "leader" }, isolated(leader.participant_id),
        leader.is_self ? make("small", {}, " this participant") : null)
      : make("p", { class: "leader quiet" }, "nobody is known to lead"));
    const meter = make("div", { class: "meter", role: "meter", "aria-label": "Lease left",
      "aria-valuemin": "0", "aria-valuemax": String(election.lease.duration_ms) }, make("i"));
    const left = make("span", { class: "quiet" });
    const facts = describe(name, election);
    box.append(meter, left, facts);
    if (election.waiting && election.waiting.message) {
      box.append(make("p", { class: "note info" }, isolated(election.waiting.message)));
    }
    const error = election.last_error;
    if (error && Date.now() - Date.parse(error.at) < 600e3) {
      box.append(make("p", { class: "note warn" }, clock(error.at) + " ", isolated(error.message)));
    }
    const drawnAt = boot();
    box.tick = () => {
      tick(name, election, meter, left);
      if (leader) facts.leadsFor.textContent = lasting(leader.leading_for_ms + boot() - drawnAt);
    };
    box.tick();
    return box;
  }

  /* What runs down without any news. */
  function tick(name, election, meter, left) {
    const own = election.lease.deadline_boottime_ms !== null;
    const deadline = deadlines.get(name);
    let remaining = 0;
    if (own && deadline) remaining = deadline.at - boot();
    else if (election.leader && election.leader.ttl_ms !== null) {
      remaining = election.leader.ttl_ms - (boot() - status.clock.boottime_ms);
    }
    remaining = Math.max(0, remaining);
    const share = Math.min(1, remaining / election.lease.duration_ms);
    meter.className = "meter" + (own ? (share < 0.25 ? " low" : "") : " other");
    meter.setAttribute("aria-valuenow", String(Math.round(remaining)));
    styled(meter.firstChild, { width: (share * 100).toFixed(1) + "%" });
    left.textContent = !election.leader ? "no lease"
      : own ? lasting(remaining) + " left, unless renewed"
        : remaining > 0 ? "about " + lasting(remaining) + " left when last seen"
          : "held by another participant";
  }

  function drawElections() {
    const names = Object.keys(status.elections).sort();
    const wanted = at("filter").value.toLowerCase();
    at("filter-box").hidden = names.length <= 6;
    const fits = names.filter((n) => n.toLowerCase().includes(wanted));
    at("elections").replaceChildren(...fits.slice(0, SHOWN).map((n) => card(n, status.elections[n])));
    at("more").hidden = fits.length <= SHOWN;
    at("more").textContent = `${fits.length - SHOWN} more: type in the filter to find them.`;
  }

  /* A screen reader hears who leads now. */
  function announce() {
    for (const [name, election] of Object.entries(status.elections)) {
      const leader = election.leader ? election.leader.participant_id : null;
      if (leaders.has(name) && leaders.get(name) !== leader) {
        at("said").textContent = leader ? `${name}: ${leader} leads now` : `${name}: nobody leads now`;
      }
      leaders.set(name, leader);
    }
  }

  function drawHead() {
    const self = Object.values(status.elections)[0];
    at("who").textContent = (self ? self.participant_id + " on " : "") + status.daemon.hostname;
    const store = status.store;
    pill("store", store.connected ? "good" : "bad",
      `store ${store.connected ? "connected" : "not reachable"}: ${store.mode}` +
      (store.tls ? ", TLS" : ""));
    at("store").title = store.endpoint + (store.last_error ? ": " + store.last_error : "");
    const health = status.health.status;
    pill("health", { healthy: "good", degraded: "warn", unhealthy: "bad" }[health] || "",
      health || "health not checked yet");
    at("footer").textContent = `leaderd ${status.daemon.version}, up ` +
      `${lasting(status.daemon.uptime_ms)}, store ${store.endpoint}, instance ${status.instance_id}`;
  }

  function take(next) {
    status = next;
    skew = next.clock.boottime_ms - performance.now();
    for (const [name, election] of Object.entries(next.elections)) {
      const deadline = election.lease.deadline_boottime_ms;
      if (deadline === null) deadlines.delete(name);
      else heardDeadline(name, deadline, election.lease.duration_ms, election.fencing_token);
    }
    heard();
    announce();
    drawHead();
    drawElections();
    drawTimeline();
  }

  function heardDeadline(name, deadline, duration, token) {
    const before = deadlines.get(name);
    if (before && before.token === token && deadline > before.at + 50) {
      const list = margins.get(name) || [];
      list.push(Math.max(0, Math.min(1, (before.at - boot()) / duration)));
      margins.set(name, list.slice(-SAMPLES));
      drawMargins();
    }
    deadlines.set(name, { at: deadline, duration, token });
  }

  /* Findings. */

  function drawFindings() {
    const box = at("findings");
    if (!report) {
      box.replaceChildren(make("p", { class: "quiet" }, "The diagnostics have not run yet."));
      return;
    }
    const rows = report.findings.map((f) => make("article", { class: "finding" },
      make("span", { class: "badge " + ({ critical: "bad", warning: "warn", info: "info" }[f.severity] || "") },
        f.severity), make("code", {}, f.code), make("p", {}, isolated(f.message)),
      make("p", { class: "quiet" }, "What to do: ", isolated(f.advice))));
    box.replaceChildren(...(rows.length ? rows
      : [make("p", { class: "card" }, "Nothing is wrong with the store, the clock, the network or the options.")]));
  }

  /* Timeline: the leader after each event, up to the next. */

  function reigns(name, from, now) {
    const turns = events.filter((e) => e.election === name &&
      ["leadership_gained", "leadership_lost", "leader_changed"].includes(e.type))
      .map((e) => ({ at: Date.parse(e.at), leader: e.type === "leadership_lost" ? null : e.leader }));
    const present = status.elections[name].leader;
    const list = [];
    for (let i = 0; i < turns.length; i++) {
      const end = i + 1 < turns.length ? turns[i + 1].at : now;
      list.push({ leader: turns[i].leader, start: turns[i].at, end });
    }
    if (!turns.length && present) {
      const start = Math.max(from, Date.parse(present.acquired_at || status.generated_at));
      list.push({ leader: present.participant_id, start, end: now });
    } else if (list.length) {
      list[list.length - 1].leader = present ? present.participant_id : list[list.length - 1].leader;
    }
    return list.filter((r) => r.leader && r.end > from);
  }

  function drawTimeline() {
    if (!status) return;
    const now = Date.now(), from = now - HOUR;
    const names = Object.keys(status.elections).sort().slice(0, 12);
    const seen = new Set();
    const lanes = names.map((name) => {
      const track = make("div", { class: "track", role: "img" });
      const said = [];
      for (const reign of reigns(name, from, now)) {
        const start = Math.max(from, reign.start);
        seen.add(reign.leader);
        said.push(`${reign.leader} from ${new Date(start).toLocaleTimeString([], { hour12: false })}`);
        track.append(styled(make("i", { title: reign.leader }, isolated(reign.leader)), {
          left: ((start - from) / HOUR * 100) + "%", width: ((reign.end - start) / HOUR * 100) + "%",
          background: hue(reign.leader) }));
      }
      track.setAttribute("aria-label", `${name}: ${said.join(", ") || "nobody is known to have led"}`);
      return make("div", { class: "lane" }, make("span", { title: name }, isolated(name)), track);
    });
    const axis = make("div", { class: "lane" }, make("span"), make("div", { class: "axis" },
      make("span", {}, "1 h ago"), make("span", {}, "30 min"), make("span", {}, "now")));
    at("timeline").replaceChildren(...lanes, axis);
  }

  /* Plots. */

  function plot(id, lines, most, unit, empty) {
    const width = 560, height = 150, left = 46, box = at(id);
    if (!lines.some((l) => l.values.length > 1)) {
      box.replaceChildren(make("p", { class: "quiet" }, empty));
      return;
    }
    const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
    const label = lines.map((l) => `${l.name} ${unit(l.values[l.values.length - 1] ?? 0)}`).join(", ");
    svg.setAttribute("aria-label", label);
    for (const share of [0, 0.5, 1]) {
      const y = 10 + (1 - share) * (height - 20);
      svg.append(shape("line", { x1: left, x2: width, y1: y, y2: y, stroke: "var(--line)" }),
        shape("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, unit(most * share)));
    }
    for (const line of lines) {
      const points = line.values.map((v, i) => {
        const x = left + (width - left) * (line.values.length > 1 ? i / (line.values.length - 1) : 1);
        return `${x.toFixed(1)},${(10 + (1 - Math.min(1, v / most)) * (height - 20)).toFixed(1)}`;
      });
      svg.append(shape("polyline", { points: points.join(" "), fill: "none", stroke: line.colour,
        "stroke-width": 2, "stroke-dasharray": line.dash || "none", "stroke-linejoin": "round" }));
    }
    const key = make("ul", { class: "key" }, ...lines.map((l) => make("li", {},
      styled(make("i"), { background: l.colour }), isolated(l.name),
      " " + unit(l.values[l.values.length - 1] ?? 0))));
    box.replaceChildren(svg, key);
  }

  const ms = (v) => v < 10 ? v.toFixed(2) + " ms" : Math.round(v) + " ms";
  const percent = (v) => Math.round(v * 100) + " %";

  function takePerformance(next) {
    const all = [];
    for (const election of Object.values(next.elections)) {
      for (const operation of ["renew", "observe", "acquire"]) {
        const o = election.operations[operation];
        if (o && o.count > 0) { all.push(o); break; }
      }
    }
    if (!all.length) return;
    const worst = (key) => Math.max(...all.map((o) => (o[key + "_us"] ?? o[key + "_ms"] * 1000) / 1000));
    latencies.push({ p50: worst("p50"), p95: worst("p95"), p99: worst("p99") });
    if (latencies.length > SAMPLES) latencies.shift();
    const most = Math.max(0.5, ...latencies.map((l) => l.p99)) * 1.15;
    plot("latency", [
      { name: "p50", colour: "var(--good)", values: latencies.map((l) => l.p50) },
      { name: "p95", colour: "var(--info)", dash: "6 3", values: latencies.map((l) => l.p95) },
      { name: "p99", colour: "var(--warn)", dash: "2 3", values: latencies.map((l) => l.p99) },
    ], most, ms, "Measured while this page is open: the first points come soon.");
  }

  function drawMargins() {
    const lines = [...margins].slice(0, 6).map(([name, values], i) => (
      { name, values, colour: hue(name), dash: ["none", "6 3", "2 3"][i % 3] }));
    plot("margin", lines, 1, percent,
      "Shown for elections that are led here, after two renewals.");
  }

  /* Events. */

  function drawEvents() {
    const rows = events.slice().reverse().slice(0, 100).map((e) => make("tr", {},
      make("td", {}, clock(e.at)), make("td", {}, isolated(e.election ?? "")),
      make("td", {}, e.type.replaceAll("_", " ") + (e.reason ? ` (${e.reason.replaceAll("_", " ")})` : "")),
      make("td", {}, isolated(e.message ?? ""))));
    at("events").replaceChildren(...rows);
  }

  /* News. */

  function heard() {
    lastHeard = performance.now();
    at("gone").hidden = true;
    pill("link", live ? "good" : "info", live ? "live" : "polling");
  }

  async function fetched(path) {
    const answer = await fetch(path, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }
  async function attempt(path, use) {
    try { use(await fetched(path)); } catch (_) { /* the watch over silence tells it */ }
  }

  function lookAround() {
    if (live) attempt("status", take); /* how long another's lease lasts is no change */
    attempt("events", (e) => { events = e.events; drawEvents(); drawTimeline(); });
    attempt("performance", takePerformance);
    fetched("diagnostics").then((r) => { report = r; drawFindings(); }).catch(() => drawFindings());
  }

  function connect() {
    if (stream) stream.close();
    if (typeof EventSource === "undefined") return;
    stream = new EventSource("watch");
    stream.addEventListener("state", (e) => { live = true; take(JSON.parse(e.data)); lookSoon(); });
    stream.addEventListener("lease", (e) => {
      const lease = JSON.parse(e.data), election = status && status.elections[lease.election];
      heard();
      if (election) heardDeadline(lease.election, lease.deadline_boottime_ms,
        election.lease.duration_ms, lease.fencing_token);
    });
    stream.addEventListener("bye", () => { live = false; lastHeard = -1e9; stream.close(); stream = null; });
    stream.onerror = () => { live = false; };
  }

  let soon = 0;
  function lookSoon() {
    clearTimeout(soon);
    soon = setTimeout(lookAround, 150);
  }

  /* Every second: a poll where the stream is silent, and the plain truth where all is. */
  async function everySecond() {
    const silent = performance.now() - lastHeard;
    if (!live || silent > 20000) {
      await attempt("status", (s) => take(s));
      if (performance.now() - lastHeard < 2000 && (!stream || stream.readyState === 2)) connect();
    }
    if (performance.now() - lastHeard > 3000 && !live) {
      at("gone").hidden = false;
      at("gone").textContent = "The daemon does not answer. What stands here is old; workloads stop " +
        "by their last deadline. This page goes on by itself when it is back.";
      pill("link", "bad", "daemon gone");
    }
    setTimeout(everySecond, 1000);
  }

  function everyFrame() {
    for (const box of at("elections").children) box.tick();
  }

  at("filter").addEventListener("input", () => status && drawElections());
  drawMargins();
  drawFindings();
  plot("latency", [], 1, ms, "Measured while this page is open: the first points come soon.");
  pill("link", "", "connecting");
  connect();
  setTimeout(everySecond, 300);
  setInterval(everyFrame, 250);
  setInterval(() => { if (performance.now() - lastHeard < 20000) lookAround(); }, 5000);
})();
