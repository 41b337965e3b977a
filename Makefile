# leaderd. `make help` lists the targets; CONTRIBUTING.md tells where things are.
#
# FLAVOR chooses how to build: release, debug, asan (address and undefined-behaviour sanitizers),
# tsan, cov. Everything made goes to build/$(FLAVOR).

FLAVOR ?= release
O ?= build/$(FLAVOR)
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
VERSION := 0.1.0
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

PACKAGES := libmicrohttpd hiredis libuv jansson yaml-0.1 openssl sqlite3
# Asked for once, at first use: then everything is installed.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)
CHECK_LIBS = $(eval CHECK_LIBS := $(shell pkg-config --libs check))$(CHECK_LIBS)

CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_debug := -O0 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS_tsan := -O1 -g -fsanitize=thread
LDFLAGS_tsan := -fsanitize=thread
CFLAGS_cov := -O0 -g --coverage
LDFLAGS_cov := --coverage

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wvla $(WERROR)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS_$(FLAVOR)) $(CFLAGS) -I. -I$(O)/generated \
	$(PKG_CFLAGS) -MMD -MP
ALL_LDFLAGS = $(LDFLAGS_$(FLAVOR)) -Wl,--as-needed $(LDFLAGS)
LIBS = $(PKG_LIBS) -lpthread -lm
# What Debian has as archives. GnuTLS, which libmicrohttpd wants, cannot be had so, nor glibc well.
STATIC_LIBS := -Wl,-Bstatic -lmicrohttpd -lhiredis -luv_a -ljansson -lyaml -lssl -lcrypto -lsqlite3 -Wl,-Bdynamic \
	-lgnutls -ldl -lrt

# A layer is a directory, built into one archive; it links with the layers that it may include.
sources = $(foreach d,$(1),$(wildcard $(d)/*.c $(d)/*/*.c))
objects = $(patsubst %.c,$(O)/%.o,$(1))
LAYERS := base lease elector store status diagnostics http config daemon
DIR_base := lib/base
DIR_lease := lib/lease
DIR_elector := lib/elector
DIR_store := lib/store
DIR_status := lib/status
DIR_diagnostics := lib/diagnostics
DIR_http := lib/http
DIR_config := config
DIR_daemon := daemon
BELOW_base := base
BELOW_lease := lease $(BELOW_base)
BELOW_elector := elector $(BELOW_lease)
BELOW_store := store $(BELOW_lease)
BELOW_status := status store $(BELOW_elector)
BELOW_diagnostics := diagnostics $(BELOW_status)
BELOW_http := http $(BELOW_base)
BELOW_config := config http $(BELOW_diagnostics)
BELOW_daemon := daemon $(BELOW_config)
archives = $(foreach l,$(BELOW_$(1)),$(O)/lib$(l).a)

SCRIPTS := $(wildcard lib/store/redis/*.lua)
GENERATED := $(patsubst %.lua,$(O)/generated/%.lua.h,$(SCRIPTS))

.PHONY: all run demo check check-all help clean deps
.DEFAULT_GOAL := all

all: $(O)/leaderd ## build leaderd into build/$(FLAVOR)

$(O)/leaderd: $(O)/daemon/main.o $(call archives,daemon)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

define layer
$(O)/lib$(1).a: $(filter-out $(O)/daemon/main.o,$(call objects,$(call sources,$(DIR_$(1)))))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer,$(l))))

$(O)/%.o: %.c | deps
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(call objects,$(wildcard lib/store/redis/*.c)): | $(GENERATED)
DEFINES = -DLEADERD_VERSION='"$(VERSION)"' -DLEADERD_REVISION='"$(REVISION)"' -DLEADERD_SYSCONFDIR='"$(SYSCONFDIR)"'
$(O)/daemon/%.o: ALL_CFLAGS += $(DEFINES)

# The dashboard becomes one C string, too, and the policy that allows nothing but it.
PAGE := $(O)/generated/daemon/web/page.html.h
$(PAGE): $(wildcard daemon/web/*)
	@mkdir -p $(@D)
	daemon/web/embed > $@.new && mv $@.new $@
$(O)/daemon/api_page.o: | $(PAGE)

# A script becomes one C string, a line a literal.
define embed
@mkdir -p $(@D)
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
endef
$(O)/generated/%.lua.h: %.lua
	$(embed)

COMPLETION_TEXTS := $(patsubst %,$(O)/generated/%.h,$(wildcard daemon/completion/leaderd.*))
$(COMPLETION_TEXTS): $(O)/generated/%.h: %
	$(embed)
$(O)/daemon/cmd_completion.o: | $(COMPLETION_TEXTS)

# Unit tests: a program per file, linked with its layer and those below, nothing else.
UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS := $(patsubst %.c,$(O)/%,$(UNIT_SOURCES))
define unit
$(patsubst %.c,$(O)/%,$(wildcard tests/unit/$(1)/test_*.c)): $(O)/tests/unit/$(1)/%: $(O)/tests/unit/$(1)/%.o $(call archives,$(1))
	$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LIBS) $$(CHECK_LIBS)
endef
$(foreach l,$(LAYERS),$(eval $(call unit,$(l))))

run: all ## build, and run one daemon with no configuration at all
	@echo "leaderd: look at http://127.0.0.1:8720/ (curl -s localhost:8720/status); Ctrl-C ends it"
	@exec $(O)/leaderd

# Conformance: the same programs over every store.
CONFORMANCE_TESTS := $(patsubst %.c,$(O)/%,$(wildcard tests/conformance/test_*.c))
$(CONFORMANCE_TESTS): $(O)/%: $(O)/%.o $(call archives,store)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) $(CHECK_LIBS)

# Fuzz targets. `make check` replays the corpus; `make fuzz` lets libFuzzer look for more. Those of
# FUZZ_CLOCKS have time in their own hands.
SECONDS ?= 60
FUZZ_TARGETS := http yaml resp text redis api
FUZZ_CLOCKS := redis api
FUZZ_REPLAYS := $(FUZZ_TARGETS:%=$(O)/tests/fuzz/replay_%)
$(FUZZ_REPLAYS): $(O)/tests/fuzz/replay_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/replay.o $(call archives,daemon)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)
$(FUZZ_TARGETS:%=$(O)/tests/fuzz/fuzz_%): $(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(call archives,daemon)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)
$(foreach t,$(FUZZ_CLOCKS),$(O)/tests/fuzz/fuzz_$(t) $(O)/tests/fuzz/replay_$(t)): $(O)/tests/fuzz/clock.o

.PHONY: fuzz fuzz-targets
fuzz-targets: $(FUZZ_TARGETS:%=$(O)/tests/fuzz/fuzz_%)
fuzz: deps-all ## SECONDS=60: libFuzzer (clang) on YAML, HTTP, RESP, texts of others, and servers that answer anything
	$(MAKE) CC=clang O=build/fuzz FLAVOR=asan CFLAGS=-fsanitize=fuzzer-no-link fuzz-targets
	set -e; for t in $(FUZZ_TARGETS); do mkdir -p build/fuzz/found/$$t; \
		build/fuzz/tests/fuzz/fuzz_$$t -max_total_time=$(SECONDS) -timeout=5 -rss_limit_mb=1024 -max_len=8192 \
		-print_final_stats=1 -artifact_prefix=build/fuzz/found/$$t- build/fuzz/found/$$t tests/fuzz/corpus/$$t 2>&1 | tail -8; done
	$(MAKE) FLAVOR=asan all
	LEADERD=build/asan/leaderd python3 tests/fuzz/live.py --seconds $(SECONDS)
	@! ls build/fuzz/found/*-* 2>/dev/null || { echo 'fuzz: these inputs break it' >&2; exit 1; }

.PHONY: static
static: ## build/static/leaderd, which needs no library but glibc and GnuTLS
	$(MAKE) O=build/static PKG_LIBS='$(STATIC_LIBS)' all

.PHONY: fault
fault: ## each allocation and system call fails in turn (SECONDS=600: some of them), a hostile Redis, whatever runs out
	$(MAKE) FLAVOR=release O=build/release all
	$(MAKE) FLAVOR=asan O=build/asan all
	python3 tests/fault/sweep.py $(if $(filter file,$(origin SECONDS)),,--seconds $(SECONDS))
	python3 tests/fault/hostile.py --seconds $(SECONDS)
	python3 tests/fault/edges.py

# The simulator: real electors and lease rules under virtual time; see tests/sim/sim.h.
SEED ?= 1
HOURS ?= 10
SIM_SOURCES := $(wildcard tests/sim/*.c)
$(O)/tests/sim/sim: $(call objects,$(SIM_SOURCES)) $(call archives,elector)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

.PHONY: sim sim-short sim-long model mutants
sim: $(O)/tests/sim/sim ## simulate: SEED=7 HOURS=10 CLASS=freeze
	$(O)/tests/sim/sim --seed $(SEED) --hours $(HOURS) $(if $(CLASS),--class $(CLASS))

sim-short: $(O)/tests/sim/sim
	$(O)/tests/sim/sim --seed $(SEED) --hours 4 --repeat

sim-long: $(O)/tests/sim/sim ## simulate 10,000 virtual hours and more
	$(O)/tests/sim/sim --seed $(SEED) --hours 500

model: deps ## search the Spin model of the protocol, as far as memory goes
	tests/model/run

# What breaks of the rules are tried on.
RULES := tests/sim/sim tests/conformance/test_rules $(addprefix tests/unit/elector/test_,reign waiting workload)
mutants: $(RULES:%=$(O)/%) ## break each rule in turn: each break must be caught
	tests/sim/mutants $(O)

# make check builds twice: with sanitizers for everything that runs real code on real systems, and
# optimised for the simulator, which wants to live through many hours.
.PHONY: tests check-fast
tests: all $(UNIT_TESTS) $(CONFORMANCE_TESTS) $(FUZZ_REPLAYS)

check: ## build with sanitizers and run all tests: under ten minutes
	$(MAKE) -j2 FLAVOR=asan WERROR=-Werror tests
	$(MAKE) -j2 FLAVOR=release WERROR=-Werror all $(RULES:%=build/release/%)
	tests/run "tests/lint/layers build/asan" "tests/conformance/given build/asan" \
		$(patsubst $(O)/%,build/asan/%,$(UNIT_TESTS) $(CONFORMANCE_TESTS)) \
		$(foreach t,$(FUZZ_TARGETS),"build/asan/tests/fuzz/replay_$(t) tests/fuzz/corpus/$(t)/*") \
		"make -s sim-short FLAVOR=release" "tests/sim/mutants build/release" \
		"tests/model/run short"
	LEADERD=$(CURDIR)/build/asan/leaderd tests/run --jobs 2 tests/e2e/run \
		"python3 tests/torture/test_checker.py" "python3 docs/examples/fencing.py" tests/docs/links \
		"python3 tests/browser/test_dashboard.py" "tests/docs/manual --optional" \
		"tests/monitoring/run --optional" "tests/docs/commands --optional" \
		"python3 tests/fuzz/live.py --seconds 60 --seed 20261124" \
		"python3 tests/fault/sweep.py --seconds 60 --jobs 1 --seed 20261129" \
		"python3 tests/fault/hostile.py --seconds 30 --seed 20261129" \
		"python3 tests/fault/edges.py --short" \
		"python3 tests/bench/watchers.py --watchers 500 --streams 20 --rounds 2 --check" \
		"python3 tests/torture/torture.py --minutes 2 --seed 20261123 --workloads" \
		"python3 tests/torture/torture.py --minutes 1 --store sentinel --seed 1" \
		"python3 tests/torture/torture.py --minutes 1 --store cluster --seed 1"

check-all: check analyze ## also: both compilers, formatting, static analysis, pages, monitoring, Kubernetes, packages, long simulation
	$(MAKE) -j2 CC=clang O=build/clang WERROR=-Werror all
	clang-format --dry-run --Werror $$(git ls-files '*.[ch]')
	LEADERD=$(CURDIR)/build/release/leaderd tests/run --jobs 2 tests/docs/manual tests/monitoring/run \
		tests/kubernetes/run tests/docs/commands
	$(MAKE) check-package
	$(MAKE) sim-long

# Lines that unit and conformance tests and an hour of the simulator reach. What the daemon adds to the
# pure layers is I/O: its end-to-end tests are not counted.
.PHONY: coverage tsan valgrind
coverage: ## lines that tests reach, layer by layer; of the pure ones 95 % must be
	$(MAKE) -j2 CC=gcc FLAVOR=cov O=build/coverage tests build/coverage/tests/sim/sim
	find build/coverage -name '*.gcda' -delete
	tests/run $(patsubst $(O)/%,build/coverage/%,$(UNIT_TESTS) $(CONFORMANCE_TESTS)) \
		$(foreach t,$(FUZZ_TARGETS),"build/coverage/tests/fuzz/replay_$(t) tests/fuzz/corpus/$(t)/*") \
		"build/coverage/tests/sim/sim --seed $(SEED) --hours 1"
	tests/coverage_report build/coverage

# What the pure layers do has no threads.
THREADED := $(foreach l,store diagnostics http daemon,$(filter $(O)/tests/unit/$(l)/%,$(UNIT_TESTS))) $(CONFORMANCE_TESTS)
tsan: ## ThreadSanitizer over the tests of what uses threads, and end to end: no reports
	$(MAKE) -j2 CC=gcc FLAVOR=tsan O=build/tsan tests
	tests/tsan/run $(patsubst $(O)/%,build/tsan/%,$(THREADED))

valgrind: deps-all ## memcheck over the end-to-end tests, the release as it is: no errors, no leaks
	$(MAKE) -j2 FLAVOR=release O=build/valgrind all
	tests/valgrind/run

# gcc's analyzer takes what structs own for leaks: that is LeakSanitizer's matter, in every test.
SOURCES = $(call sources,$(foreach l,$(LAYERS),$(DIR_$(l))))
.PHONY: analyze deps-all
analyze: deps-all build/release/leaderd ## static analysis: gcc -fanalyzer, clang-tidy, cppcheck
	set -e; for file in $(SOURCES); do gcc $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(DEFINES) -O1 -Werror -fanalyzer \
		-Wno-analyzer-malloc-leak -Wno-analyzer-too-complex -c -o /dev/null $$file; done
	clang-tidy --quiet $(SOURCES) -- -std=c17 -D_GNU_SOURCE $(DEFINES) -I. -Ibuild/release/generated $(PKG_CFLAGS)
	cppcheck --quiet --enable=warning,performance,portability --std=c11 --inline-suppr --error-exitcode=1 -I. \
		-Ibuild/release/generated $(DEFINES) daemon config lib

deps-all: deps # also what only check-all needs
	@.ci/install all

# Files for their places; nothing that is configured is touched. The units name the program's path, and
# run as the user that sysusers.d names: `systemd-sysusers` makes it.
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
MANUALS := $(wildcard man/*.[1-8])
COMPLETIONS := bash:bash-completion/completions/leaderd zsh:zsh/site-functions/_leaderd \
	fish:fish/vendor_completions.d/leaderd.fish
.PHONY: install deb image
install: all ## DESTDIR= PREFIX=/usr/local SYSCONFDIR=/etc: program, units, manual pages, header, completions, examples
	install -D -m 755 $(O)/leaderd $(DESTDIR)$(PREFIX)/bin/leaderd
	install -D -m 644 lib/leaderd_flag.h $(DESTDIR)$(PREFIX)/include/leaderd_flag.h
	install -D -m 644 leaderd.yaml.example $(DESTDIR)$(PREFIX)/share/doc/leaderd/leaderd.yaml.example
	install -D -m 644 systemd/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/leaderd.conf
	install -d $(DESTDIR)$(SYSCONFDIR)/leaderd $(DESTDIR)$(UNITDIR)
	set -e; for unit in systemd/*.service systemd/*.socket; do \
		sed -e 's|/usr/local/bin/leaderd|$(PREFIX)/bin/leaderd|g' -e 's|/etc/leaderd|$(SYSCONFDIR)/leaderd|g' \
			$$unit > $(DESTDIR)$(UNITDIR)/$${unit##*/}; chmod 644 $(DESTDIR)$(UNITDIR)/$${unit##*/}; done
	set -e; for page in $(MANUALS); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	set -e; for script in $(COMPLETIONS); do \
		text=$$($(O)/leaderd completion $${script%%:*}) || { echo "install: no completion for $${script%%:*}" >&2; continue; }; \
		file=$(DESTDIR)$(PREFIX)/share/$${script#*:}; install -d $${file%/*}; \
		printf '%s\n' "$$text" > $$file; chmod 644 $$file; done

.PHONY: check-package
check-package: ## as root: the package, the image and a fresh clone in bare Debian roots, with a systemd of their own
	tests/run --jobs 1 tests/package/deb tests/package/image tests/package/fresh

deb: ## a Debian package, in build/
	debian/build

image: ## an image for docker or podman: IMAGE=leaderd
	@engine=; for e in docker podman; do $$e info >/dev/null 2>&1 && { engine=$$e; break; }; done; \
	[ -n "$$engine" ] || { echo 'image: neither docker nor podman has a working engine here' >&2; exit 69; }; \
	case $$engine in podman) set -- --format docker ;; *) set -- ;; esac; \
	$$engine build "$$@" --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) \
		-t $(or $(IMAGE),leaderd):$(VERSION) -t $(or $(IMAGE),leaderd):latest .

deps: # install what is missing; silent when nothing is
	@.ci/install

clean: ## remove everything built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# Whole daemons with a private redis-server. They use $LEADERD if that is set.
.PHONY: bench bench-http bench-watchers bench-cost bench-peers bench-all soak browser e2e bench-handover torture
MINUTES ?= 10

e2e: all ## end-to-end tests of real daemons; FLAVOR=asan has them watched
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} tests/e2e/run
	python3 tests/torture/test_checker.py

browser: all ## the dashboard in a headless Chromium; screenshots in build/screenshots
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/browser/test_dashboard.py

demo: all ## three daemons and a Redis: hand-over as it happens, in 20 seconds
	@LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/demo/demo.py

$(O)/tests/bench/responder: tests/bench/responder.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $<

bench: bench-http bench-watchers bench-handover ## all benches: HTTP beside nginx, watchers, hand-over

bench-http: all $(O)/tests/bench/responder ## requests per second and CPU of /status, beside nginx and a bare responder
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/bench/requests.py $(O)/tests/bench/responder --json $(O)/bench-http.json

bench-watchers: all ## 10,000 waiting clients and 200 streams: how soon the last hears, what they cost
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/bench/watchers.py

bench-handover: all ## measure hand-over, a thousand watchers, a thousand elections
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/bench/bench.py --json $(O)/bench.json

bench-cost: all ## what a daemon costs: many elections, an idle one, a start
	-$(MAKE) static
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/bench/cost.py

bench-peers: all ## hand-over and faults beside etcd and locks in Redis
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/bench/peers.py

bench-all: all $(O)/tests/bench/responder ## all benches and a soak, an hour; rewrites the tables of docs/performance.md
	-$(MAKE) static
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/bench/all.py --update

soak: all ## MINUTES=30: forced changes, lost stores, clients that come and go; memory and descriptors stay flat
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/bench/soak.py --minutes $(MINUTES)

torture: all ## MINUTES=10 SEED=n STORE=redis|sentinel|…: kill, freeze, cut and step everything; judge the history and all work
	LEADERD=$${LEADERD:-$(abspath $(O))/leaderd} python3 tests/torture/torture.py --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) \
		$(if $(STORE),--store $(STORE)) --workloads
