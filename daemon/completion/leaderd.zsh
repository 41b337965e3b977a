#compdef leaderd
# Completion of leaderd for zsh.
# `leaderd completion zsh` prints it; `leaderd completion --help` says where to put it.

_leaderd_commands() {
    local -a commands=(
        'serve:run the daemon (what `leaderd` alone does)'
        'check-config:check a configuration file'
        'status:print the status of the elections'
        'is-leader:exit 0 if this participant leads, 1 if not'
        'watch:print a line for every change'
        'run:run a command only while this participant leads'
        'hold:block while this participant leads'
        'step-down:give up leadership, let the others go first'
        'pause:stop taking part'
        'resume:take part again'
        'bootstrap:vouch that nobody leads, skip the wait for lost data'
        'vacate:take the lease from whoever holds it'
        'diagnose:examine store, clock and network, and say what to do'
        'reload:read the configuration again'
        'healthcheck:livez, readyz or leader, for exec probes'
        'completion:print a completion script for bash, zsh or fish'
        'version:print the version'
    )
    _describe -t commands 'leaderd command' commands
}

# The elections of the daemon that runs; a daemon that does not answer is none.
_leaderd_elections() {
    local -a limit place names expl
    local option
    (( ! $+commands[timeout] )) || limit=(timeout 1)
    for option in --url --token-file; do
        [[ -z $opt_args[$option] ]] || place+=($option ${(Q)opt_args[$option]})
    done
    names=(${(f)"$($limit ${(Q)program} status $place 2>/dev/null </dev/null |
        sed -n 's/^Election:  *\([A-Za-z0-9][A-Za-z0-9._:-]*\)$/\1/p')"})
    _wanted elections expl election compadd -a names
}

_leaderd_election_or_dashes() {
    _alternative 'elections:election:_leaderd_elections' 'dashes:command follows:(--)'
}

_leaderd_urls() {
    if compset -P 'unix:'; then
        _files
    else
        _wanted urls expl 'URL of the daemon' compadd -S '' http:// unix:/
    fi
}

_leaderd_stores() {
    if compset -P 'unix:' || compset -P 'local:'; then
        _files
    else
        _wanted stores expl 'URL of the store' compadd -S '' local: unix:/ redis:// \
            redis+sentinel:// redis+cluster:// rediss:// rediss+sentinel:// rediss+cluster://
    fi
}

# The command behind the first $1 of the line.
_leaderd_command_behind() {
    local -i behind=${words[(i)$1]}
    shift $behind words
    (( CURRENT -= behind ))
    _normal
}

_leaderd() {
    local program=$words[1] curcontext=$curcontext command
    local -A opt_args
    local -a expl
    local -a help=('(- *)--help[print this]')
    local -a client=(
        $help
        '--url=[the daemon: http://HOST:PORT or unix:/PATH]:URL:_leaderd_urls'
        '--token-file=[bearer token, sent over TCP]:file:_files'
    )

    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        _leaderd_commands
        return
    fi
    if [[ $words[2] == -* ]]; then
        command=serve
        help+=('(- *)--version[print the version]')
    else
        command=$words[2]
        shift words
        (( CURRENT-- ))
    fi
    curcontext=${curcontext%:*:*}:leaderd-$command:

    case $command in
    serve)
        _arguments -S $help \
            '--config=[configuration]:file:_files' \
            '--store=[where leases are kept]:URL:_leaderd_stores' \
            '*--election=[take part (repeatable)]:name: ' \
            '--participant=[our name]:name: ' \
            '*--listen=[listen, role read (repeatable)]:address: ' \
            '--log-level=[debug, info, warn, error]:level:(debug info warn error)' \
            '--log-format=[auto, text, logfmt, json, journal]:format:(auto text logfmt json journal)'
        ;;
    check-config)
        _arguments -S $help '--print[print the effective values as YAML]' '1:file:_files'
        ;;
    status)
        _arguments -S $client \
            '(--field)--json[print JSON]' \
            '(--json --performance)--field=[print one value, such as lease.remaining_ms]:field: ' \
            '(--field)--performance[print how long the last operations took]' \
            '1:election:_leaderd_elections'
        ;;
    is-leader)
        _arguments -S $client \
            '--min-remaining=[ask for at least this much time left]:duration: ' \
            '1:election:_leaderd_elections'
        ;;
    watch)
        if (( $words[(i)--exec] < CURRENT )); then
            _leaderd_command_behind --exec
            return
        fi
        _arguments -S $client \
            '--json[print election objects as JSON]' \
            '--until=[end at leader, follower or changed]:what:(leader follower changed)' \
            '--timeout=[end after this time with exit code 1]:duration: ' \
            '--exec[run a command for each line; must come last]:command: ' \
            '1:election:_leaderd_elections'
        ;;
    run)
        if (( $words[(i)--] < CURRENT )); then
            _leaderd_command_behind --
            return
        fi
        _arguments -S $client \
            '--wait=[give up when not leader within this time]:duration: ' \
            '--restart[after leadership was lost wait for it again, and start CMD anew]' \
            '1:election:_leaderd_election_or_dashes' \
            '2:command follows:(--)'
        ;;
    hold | bootstrap | vacate)
        _arguments -S $client '1:election:_leaderd_elections'
        ;;
    step-down)
        _arguments -S $client \
            '(1)--all[every election that is led here]' \
            '--hold-off=[do not campaign for so long (default\: two leases)]:duration: ' \
            "--drain=[time for the workload to stop (default\\: the election's)]:duration: " \
            '--reason=[shown in the status]:reason: ' \
            '--wait=[wait so long for the release]:duration: ' \
            '(--all)1:election:_leaderd_elections'
        ;;
    pause)
        _arguments -S $client \
            '(1)--all[every election]' \
            '--for=[resume after this time (default\: never)]:duration: ' \
            '(--all)1:election:_leaderd_elections'
        ;;
    resume)
        _arguments -S $client \
            '(1)--all[every election]' \
            '(--all)1:election:_leaderd_elections'
        ;;
    diagnose)
        _arguments -S $client \
            '--json[print JSON]' \
            '--config=[examine what this configuration names, without a daemon]:file:_files' \
            '--store=[examine this store, without a daemon]:URL:_leaderd_stores' \
            '1:section:(redis clock network options all)'
        ;;
    reload)
        _arguments -S $client
        ;;
    healthcheck)
        _arguments -S $client '1:check:(livez readyz leader)'
        ;;
    completion)
        _arguments -S $help '1:shell:(bash zsh fish)'
        ;;
    version)
        _arguments -S $help '--json[print JSON]'
        ;;
    esac
}

if [[ $funcstack[1] == _leaderd ]]; then
    _leaderd "$@"
else
    compdef _leaderd leaderd
fi
