# Completion of leaderd for fish 3.1 or later.
# `leaderd completion fish` prints it; `leaderd completion --help` says where to put it.

# Prints the subcommand; `serve` when an option stands in its place, nothing when none is there.
function __leaderd_command
    set -l words (commandline -opc)
    if string match -q -- '-*' $words[2]
        echo serve
    else
        echo $words[2]
    end
end

# Prints the words behind `run --` or `watch --exec`; fails when the cursor is not there.
function __leaderd_behind
    set -l words (commandline -opc)
    set -l begin
    switch "$words[2]"
        case run
            set begin (contains -i -- -- $words)
        case watch
            set begin (contains -i -- --exec $words)
    end
    test -n "$begin"; or return
    test $begin -eq (count $words); or string join \n -- $words[(math $begin + 1)..-1]
    return 0
end

# Is one of these the subcommand? `-` stands for none.
function __leaderd_is
    set -l command (__leaderd_command)
    test -n "$command"; or set command -
    contains -- $command $argv; and not __leaderd_behind >/dev/null
end

# Prints the words behind the subcommand that are no options, nor values of these.
function __leaderd_operands
    set -l words (commandline -opc)
    set -l value no
    for word in $words[3..-1]
        if test $value = yes
            set value no
        else if contains -- $word --config --store --election --participant --listen --log-level \
                --log-format --field --min-remaining --until --timeout --wait --hold-off --drain \
                --reason --for --url --token-file
            set value yes
        else if not string match -q -- '-*' $word; or test "$word" = --all
            echo $word
        end
    end
end

# Is one of these the subcommand, and no operand there yet?
function __leaderd_wants
    __leaderd_is $argv; and test -z "$(__leaderd_operands)"
end

# Prints the elections of the daemon that runs; a daemon that does not answer is none.
function __leaderd_elections
    set -l words (commandline -opc)
    set -l place
    for i in (seq 3 (count $words))
        if contains -- $words[$i] --url --token-file; and test $i -lt (count $words)
            set -a place $words[$i] $words[(math $i + 1)]
        else if string match -qr -- '^--(url|token-file)=' $words[$i]
            set -a place $words[$i]
        end
    end
    set -l limit
    command -sq timeout; and set limit timeout 1
    $limit $words[1] status $place 2>/dev/null </dev/null |
        string replace -rf '^Election: +([A-Za-z0-9][A-Za-z0-9._:-]*)$' '$1'
end

# Prints URLs that begin with one of these; behind `unix:` and `local:` a path.
function __leaderd_urls
    set -l typed (string replace -r -- '^--[a-z]+=' '' (commandline -ct))
    set -l scheme (string match -r -- '^(?:unix|local):(?=/)' $typed)
    if test -z "$scheme"
        string join \n -- $argv
        return
    end
    for file in (string replace -- $scheme '' $typed)*
        test -d $file; and set file $file/
        echo $scheme$file
    end
end

function __leaderd_complete_behind
    set -l words (__leaderd_behind)
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

set -g __leaderd_stores local: unix:/ redis:// redis+sentinel:// redis+cluster:// rediss:// \
    rediss+sentinel:// rediss+cluster://

complete -c leaderd -f
complete -c leaderd -n __leaderd_behind -a '(__leaderd_complete_behind)'

set -l named status is-leader watch run hold step-down pause resume bootstrap vacate
set -l clients $named diagnose reload healthcheck

complete -c leaderd -n '__leaderd_is -' -a serve -d 'run the daemon (what `leaderd` alone does)'
complete -c leaderd -n '__leaderd_is -' -a check-config -d 'check a configuration file'
complete -c leaderd -n '__leaderd_is -' -a status -d 'print the status of the elections'
complete -c leaderd -n '__leaderd_is -' -a is-leader -d 'exit 0 if this participant leads, 1 if not'
complete -c leaderd -n '__leaderd_is -' -a watch -d 'print a line for every change'
complete -c leaderd -n '__leaderd_is -' -a run -d 'run a command only while this participant leads'
complete -c leaderd -n '__leaderd_is -' -a hold -d 'block while this participant leads'
complete -c leaderd -n '__leaderd_is -' -a step-down -d 'give up leadership, let the others go first'
complete -c leaderd -n '__leaderd_is -' -a pause -d 'stop taking part'
complete -c leaderd -n '__leaderd_is -' -a resume -d 'take part again'
complete -c leaderd -n '__leaderd_is -' -a bootstrap -d 'vouch that nobody leads, skip the wait for lost data'
complete -c leaderd -n '__leaderd_is -' -a vacate -d 'take the lease from whoever holds it'
complete -c leaderd -n '__leaderd_is -' -a diagnose -d 'examine store, clock and network, and say what to do'
complete -c leaderd -n '__leaderd_is -' -a reload -d 'read the configuration again'
complete -c leaderd -n '__leaderd_is -' -a healthcheck -d 'livez, readyz or leader, for exec probes'
complete -c leaderd -n '__leaderd_is -' -a completion -d 'print a completion script for bash, zsh or fish'
complete -c leaderd -n '__leaderd_is -' -a version -d 'print the version'

complete -c leaderd -n "__leaderd_wants $named" -a '(__leaderd_elections)' -d election
complete -c leaderd -n '__leaderd_wants check-config' -F
complete -c leaderd -n '__leaderd_wants diagnose' -a 'redis clock network options all'
complete -c leaderd -n '__leaderd_wants healthcheck' -a 'livez readyz leader'
complete -c leaderd -n '__leaderd_wants completion' -a 'bash zsh fish'

complete -c leaderd -n 'not __leaderd_behind' -l help -d 'print this'
complete -c leaderd -n '__leaderd_is -' -l version -d 'print the version'
complete -c leaderd -n "__leaderd_is $clients" -l url -x -a '(__leaderd_urls http:// unix:/)' -d 'the daemon: http://HOST:PORT or unix:/PATH'
complete -c leaderd -n "__leaderd_is $clients" -l token-file -rF -d 'bearer token, sent over TCP'

complete -c leaderd -n '__leaderd_is - serve' -l config -rF -d configuration
complete -c leaderd -n '__leaderd_is - serve' -l store -x -a '(__leaderd_urls $__leaderd_stores)' -d 'where leases are kept'
complete -c leaderd -n '__leaderd_is - serve' -l election -x -d 'take part (repeatable)'
complete -c leaderd -n '__leaderd_is - serve' -l participant -x -d 'our name'
complete -c leaderd -n '__leaderd_is - serve' -l listen -x -d 'listen, role read (repeatable)'
complete -c leaderd -n '__leaderd_is - serve' -l log-level -x -a 'debug info warn error' -d 'debug, info, warn, error'
complete -c leaderd -n '__leaderd_is - serve' -l log-format -x -a 'auto text logfmt json journal' -d 'auto, text, logfmt, json, journal'
complete -c leaderd -n '__leaderd_is check-config' -l print -d 'print the effective values as YAML'
complete -c leaderd -n '__leaderd_is status' -l json -d 'print JSON'
complete -c leaderd -n '__leaderd_is status' -l field -x -d 'print one value, such as lease.remaining_ms'
complete -c leaderd -n '__leaderd_is status' -l performance -d 'print how long the last operations took'
complete -c leaderd -n '__leaderd_is is-leader' -l min-remaining -x -d 'ask for at least this much time left'
complete -c leaderd -n '__leaderd_is watch' -l json -d 'print election objects as JSON'
complete -c leaderd -n '__leaderd_is watch' -l until -x -a 'leader follower changed' -d 'end at leader, follower or changed'
complete -c leaderd -n '__leaderd_is watch' -l timeout -x -d 'end after this time with exit code 1'
complete -c leaderd -n '__leaderd_is watch' -l exec -d 'run a command for each line; must come last'
complete -c leaderd -n '__leaderd_is run' -l wait -x -d 'give up when not leader within this time'
complete -c leaderd -n '__leaderd_is run' -l restart -d 'after leadership was lost wait for it again, and start CMD anew'
complete -c leaderd -n '__leaderd_is run' -a -- -d 'CMD follows'
complete -c leaderd -n '__leaderd_is step-down' -l all -d 'every election that is led here'
complete -c leaderd -n '__leaderd_is step-down' -l hold-off -x -d 'do not campaign for so long (default: two leases)'
complete -c leaderd -n '__leaderd_is step-down' -l drain -x -d 'time for the workload to stop (default: the election\'s)'
complete -c leaderd -n '__leaderd_is step-down' -l reason -x -d 'shown in the status'
complete -c leaderd -n '__leaderd_is step-down' -l wait -x -d 'wait so long for the release'
complete -c leaderd -n '__leaderd_is pause resume' -l all -d 'every election'
complete -c leaderd -n '__leaderd_is pause' -l for -x -d 'resume after this time (default: never)'
complete -c leaderd -n '__leaderd_is diagnose' -l json -d 'print JSON'
complete -c leaderd -n '__leaderd_is diagnose' -l config -rF -d 'examine what this configuration names, without a daemon'
complete -c leaderd -n '__leaderd_is diagnose' -l store -x -a '(__leaderd_urls $__leaderd_stores)' -d 'examine this store, without a daemon'
complete -c leaderd -n '__leaderd_is version' -l json -d 'print JSON'
