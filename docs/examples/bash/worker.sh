#!/usr/bin/env bash
# A worker that acts only while the leaderd beside it says that it leads.
#
#     LEADERD_URL=http://127.0.0.1:8720 ./worker.sh billing
#     LEADERD_URL=unix:/run/leaderd/control.sock ./worker.sh billing
#
# The election is the argument, else $LEADERD_ELECTION, else `default`. The work of this example is
# a line in the file $OUTPUT (or on stdout) every 50 ms. Needs bash 5 and curl 7.75.
set -u

election=${1:-${LEADERD_ELECTION:-default}}
daemon=${LEADERD_URL:-http://127.0.0.1:8720}
curl=(curl --silent --fail --globoff --noproxy '*')
if [[ $daemon == unix:* ]]; then
    curl+=(--unix-socket "${daemon#unix:}")
    daemon=http://localhost
fi
if [[ -n ${OUTPUT-} ]]; then
    exec >>"$OUTPUT"
fi

# The daemon waits for us by this name before it lets another one lead.
name=$(</proc/sys/kernel/random/uuid)
token=0   # what the daemon said last; 0: we do not lead
stop_at=0 # CLOCK_BOOTTIME, in ms
refused=  # the token under which we do not lead, as the daemon said
cursor=
answer=

# CLOCK_BOOTTIME, the clock that leases live on. /proc/uptime rounds down to 10 ms; we round up:
# late is the safe side.
look_at_clock() {
    local uptime
    read -r uptime _ </proc/uptime
    now=$((10#${uptime/./} * 10 + 10))
}

may_act() {
    look_at_clock
    ((token != 0 && now < stop_at))
}

# Asks for news, after a pause. A child waits for the answer; the loop below reads it. --max-time
# is longer than the daemon takes; the last word tells whether the answer is whole.
ask() {
    exec {news}< <(
        [[ $1 == 0 ]] || sleep "$1"
        exec "${curl[@]}" --max-time 40 --write-out 'exit code %{exitcode}' \
            "$daemon/watch?election=$election&workload=$name&timeout=30s${cursor:+&since=$cursor}"
    )
    asking=$!
}

# Puts the first member of this name into $value. The answer is about one election, whose own token
# comes first; and a text cannot pass for a name, as its quotes are escaped. Where jq is at hand,
# use that.
member() {
    [[ $answer =~ \"$1\":\"?([[:alnum:]._-]+) ]] && value=${BASH_REMATCH[1]}
}

# So that whoever is next need not wait for our deadline. When it fails, they do.
say_that_we_have_stopped() {
    "${curl[@]}" --max-time 2 --output /dev/null \
        -X POST "$daemon/elections/$election/released?workload=$name"
}

# Takes over what the answer says. Nothing else makes the time to stop later. False: no answer.
learn() {
    local value leads new_token deadline
    [[ $answer == *'exit code 0' ]] || return 1
    member is_leader && leads=$value && member fencing_token && new_token=$value &&
        member deadline_boottime_ms && deadline=$value && member stop_margin_ms || return 1
    if [[ $leads == true && $new_token != "$refused" ]]; then
        token=$new_token
        stop_at=$((deadline - value))
    else # a daemon that has just been started knows of no token yet: null
        refused=$new_token
        if ((token != 0)); then
            token=0
            say_that_we_have_stopped
        fi
    fi
    member cursor && cursor=$value && member shutting_down && [[ $value == false ]]
}

# One step. A real one takes longer, and looks again, with the same token, before each thing that
# cannot be undone.
work() {
    if may_act; then
        printf '{"token":%d,"at_boottime_ms":%d,"worker":"bash"}\n' "$token" "$now" || exit 1
    fi
}

trap 'kill "$asking" 2>/dev/null; say_that_we_have_stopped' EXIT
trap 'exit 0' TERM

pauses=(0.1 0.2 0.4 0.8 1)
failures=0
ask 0
while :; do
    part=
    read -r -t 0.05 -u "$news" part # news, or the time until the next step
    case $? in
    0) answer+=$part ;;
    1) # the end of an answer, maybe an empty one
        answer+=$part
        exec {news}<&-
        if learn; then
            failures=0
            ask 0
        else # no answer, no extension: the last deadline that we know of ends the work
            ask "${pauses[failures]}"
            failures=$((failures < 4 ? failures + 1 : 4))
        fi
        answer=
        ;;
    *) answer+=$part ;; # time is over
    esac
    work
done
