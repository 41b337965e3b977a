#!/usr/bin/env python3
"""GET /status beside nginx (a file of the same size) and the least that a server can do.

usage: requests.py RESPONDER [--seconds 5] [--json FILE]

All in one run, each on one CPU's worth of server, `wrk -c64`; figures are told as ratios. What is
not installed is left out with a word.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from daemon import Daemon  # noqa: E402
from processes import eventually, free_port, temporary_directory  # noqa: E402
import http_client  # noqa: E402
import report  # noqa: E402

NGINX = """
worker_processes 1; daemon off; pid {0}/pid; error_log {0}/error.log;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0}; uwsgi_temp_path {0};
  scgi_temp_path {0}; sendfile on; tcp_nopush on; open_file_cache max=10;
  server {{ listen 127.0.0.1:{1}; root {0}; }} }}
"""


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total / os.sysconf("SC_CLK_TCK")


def load(url, pids, seconds):
    before = cpu_seconds(pids)
    out = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", url],
                         capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(pids) - before
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return {"requests_per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            "p50": re.search(r"50%\s+(\S+)", out).group(1),
            "p99": re.search(r"99%\s+(\S+)", out).group(1),
            "cpu_us_per_request": round(spent / requests * 1e6, 2),
            "errors": int(wrong.group(1)) if wrong else 0}


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("responder")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        print("http: skipped, wrk is not installed")
        return
    directory = temporary_directory("bench")
    os.chmod(directory, 0o755)
    daemon, others, results = Daemon("one", "local"), [], {}
    try:
        daemon.wait_leader()
        body = daemon.get("/status").body
        page = os.path.join(directory, "status")
        with open(page, "wb") as file:
            file.write(body)
        os.chmod(page, 0o644)
        port = free_port()
        if os.path.exists(arguments.responder):
            responder = subprocess.Popen([arguments.responder, str(port), page])
            others.append(responder)
            eventually(lambda: reachable(port), what="the responder")
            results["bare epoll responder"] = load(f"http://127.0.0.1:{port}/", [responder.pid],
                                                   arguments.seconds)
        else:
            print(f"{arguments.responder} is not built: left out")
        if shutil.which("nginx"):
            port = free_port()
            with open(directory + "/nginx.conf", "w", encoding="utf-8") as file:
                file.write(("user root;" if os.getuid() == 0 else "") + NGINX.format(directory, port))
            nginx = subprocess.Popen(["nginx", "-c", directory + "/nginx.conf"],
                                     stderr=subprocess.DEVNULL)
            others.append(nginx)
            eventually(lambda: reachable(port), what="nginx")
            results["nginx, static file"] = load(f"http://127.0.0.1:{port}/status",
                                                 children(nginx.pid), arguments.seconds)
        else:
            print("nginx is not installed: left out")
        results["leaderd /status"] = load(f"http://127.0.0.1:{daemon.tcp[1]}/status",
                                          [daemon.process.pid], arguments.seconds)
        report.finish(arguments.json, [table(results, len(body))],
                      {"body_bytes": len(body), "results": results})
    finally:
        for other in others:
            other.terminate()
            other.wait()
        daemon.terminate()
        daemon.remove()


def reachable(port):
    try:
        return http_client.request(("127.0.0.1", port), "GET", "/status").status == 200
    except OSError:
        return False


def table(results, size):
    own = results["leaderd /status"]
    made = report.Table("http", [f"{size} bytes", "requests/s", "leaderd has", "CPU µs each", "leaderd needs",
                                 "latency: median", "99 %", "errors"])
    for name, one in results.items():
        made.add(name, f"{one['requests_per_s']:.0f}", f"{own['requests_per_s'] / one['requests_per_s']:.2f}x",
                 f"{one['cpu_us_per_request']:.2f}",
                 f"{own['cpu_us_per_request'] / max(one['cpu_us_per_request'], .01):.2f}x",
                 one["p50"], one["p99"], one["errors"])
    made.note("64 connections, one thread of wrk, which shares the machine with the server")
    return made


if __name__ == "__main__":
    main()
