# shellcheck shell=bash
# Completion of leaderd for bash 4.4 or later, with or without the package bash-completion.
# `leaderd completion bash` prints it; `leaderd completion --help` says where to put it.

# Bash breaks words at `:`, `=` and `@`, too. Puts them together again, up to the cursor: `words`,
# where each begins in COMP_WORDS in `places`, and in `prefix` how much of the last one bash takes
# for words before it.
_leaderd_join() {
    local line=${COMP_LINE:0:COMP_POINT} breaks='^[:=@]+$' rest word last='' i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        rest=${line#"${line%%[![:space:]]*}"}
        if ((i == COMP_CWORD)) && [[ $COMP_LINE && $word == "$rest"* ]]; then
            word=$rest
        fi
        if ((i > 0)) && [[ $rest == "$line" && ($word =~ $breaks || $last =~ $breaks) ]]; then
            prefix=${words[-1]}
            words[-1]+=$word
        else
            prefix=''
            words+=("$word")
            places+=("$i")
        fi
        line=${rest#"$word"}
        last=$word
    done
    [[ ! $last =~ $breaks ]] || prefix=${words[-1]}
}

# Sets `options` to those of a subcommand.
_leaderd_options() {
    local client='--url --token-file'
    case $1 in
    serve) options='--config --store --election --participant --listen --log-level --log-format' ;;
    check-config) options='--print' ;;
    status) options="--json --field --performance $client" ;;
    is-leader) options="--min-remaining $client" ;;
    watch) options="--json --until --timeout --exec $client" ;;
    run) options="-- --wait --restart $client" ;;
    step-down) options="--all --hold-off --drain --reason --wait $client" ;;
    pause) options="--all --for $client" ;;
    resume) options="--all $client" ;;
    diagnose) options="--json --config --store $client" ;;
    hold | bootstrap | vacate | reload | healthcheck) options=$client ;;
    version) options='--json' ;;
    *) options='' ;;
    esac
    options+=' --help'
}

_leaderd_takes_value() {
    case $1 in
    --config | --store | --election | --participant | --listen | --log-level | --log-format | \
        --field | --min-remaining | --until | --timeout | --wait | --hold-off | --drain | \
        --reason | --for | --url | --token-file) return 0 ;;
    *) return 1 ;;
    esac
}

# Offers those of the words $2... that begin with $1.
_leaderd_offer() {
    local typed=$1
    shift
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$typed")
}

# Offers files; $1 is typed, and $2 stands before the path.
_leaderd_offer_files() {
    local typed=${1#"$2"}
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$typed")
    COMPREPLY=("${COMPREPLY[@]/#/"$2"}")
}

# Offers words that are not whole yet.
_leaderd_offer_beginnings() {
    compopt -o nospace 2>/dev/null
    _leaderd_offer "$@"
}

# Offers the elections of the daemon that runs; a daemon that does not answer is none.
_leaderd_offer_elections() {
    local names limit=()
    ! type -P timeout >/dev/null || limit=(timeout 1)
    names=$("${limit[@]}" "${words[0]/#\~\//$HOME/}" status "${place[@]}" 2>/dev/null </dev/null |
        sed -n 's/^Election:  *\([A-Za-z0-9][A-Za-z0-9._:-]*\)$/\1/p')
    _leaderd_offer "$1" "$names"
}

# Offers values of option $1; $2 is typed.
_leaderd_offer_values() {
    case $1 in
    --config | --token-file) _leaderd_offer_files "$2" '' ;;
    --log-level) _leaderd_offer "$2" debug info warn error ;;
    --log-format) _leaderd_offer "$2" auto text logfmt json journal ;;
    --until) _leaderd_offer "$2" leader follower changed ;;
    --store)
        case $2 in
        local:/* | unix:/*) _leaderd_offer_files "$2" "${2%%/*}" ;;
        *) _leaderd_offer_beginnings "$2" local: unix:/ redis:// redis+sentinel:// \
            redis+cluster:// rediss:// rediss+sentinel:// rediss+cluster:// ;;
        esac
        ;;
    --url)
        case $2 in
        unix:/*) _leaderd_offer_files "$2" unix: ;;
        *) _leaderd_offer_beginnings "$2" http:// unix:/ ;;
        esac
        ;;
    esac
}

_leaderd_offer_operands() {
    ((operands == 0)) || return
    case $1 in
    '') _leaderd_offer "$2" serve check-config status is-leader watch run hold step-down pause \
        resume bootstrap vacate diagnose reload healthcheck completion version ;;
    check-config) _leaderd_offer_files "$2" '' ;;
    status | is-leader | watch | run | hold | step-down | pause | resume | bootstrap | vacate)
        [[ $seen == *' --all '* ]] || _leaderd_offer_elections "$2"
        ;;
    diagnose) _leaderd_offer "$2" redis clock network options all ;;
    healthcheck) _leaderd_offer "$2" livez readyz leader ;;
    completion) _leaderd_offer "$2" bash zsh fish ;;
    esac
}

# Offers the options of subcommand $1 that are not there yet; $2 is typed.
_leaderd_offer_options() {
    local options option left=()
    _leaderd_options "${1:-serve}"
    [[ $1 ]] || options+=' --version'
    for option in $options; do
        case $option in
        --election | --listen) left+=("$option") ;;
        *) [[ $seen == *" $option "* ]] || left+=("$option") ;;
        esac
    done
    _leaderd_offer "$2" "${left[@]}"
}

# The command behind `run --` or `watch --exec`, which begins at word $1.
_leaderd_offer_command() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "${places[$1]}"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "${places[$1]}"
    elif (($1 == ${#words[@]} - 1)) && [[ $cur != */* ]]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur" | sort -u)
        COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
    else
        compopt -o default 2>/dev/null
    fi
}

_leaderd() {
    local words=() places=() prefix='' command='' wants='' seen=' ' place=() operands=0 cur word i
    COMPREPLY=()
    _leaderd_join
    cur=${words[-1]}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        if [[ $wants ]]; then
            [[ $wants != --url && $wants != --token-file ]] ||
                place+=("$wants" "${word/#\~\//$HOME/}")
            wants=''
            continue
        fi
        case $command:$word in
        run:-- | watch:--exec)
            _leaderd_offer_command $((i + 1))
            return
            ;;
        :--help | :-h | :--version) return ;;
        :-*) command=serve ;;
        :*) command=$word && continue ;;
        esac
        case $word in
        --url=* | --token-file=*) place+=("$word") ;;
        -*) ! _leaderd_takes_value "$word" || wants=$word ;;
        *) operands=$((operands + 1)) ;;
        esac
        seen+="${word%%=*} "
    done
    if [[ $wants ]]; then
        _leaderd_offer_values "$wants" "$cur"
    elif [[ $cur == --*=* ]]; then
        _leaderd_offer_values "${cur%%=*}" "${cur#*=}"
        COMPREPLY=("${COMPREPLY[@]/#/"${cur%%=*}="}")
    elif [[ $cur == -* ]]; then
        _leaderd_offer_options "$command" "$cur"
    else
        _leaderd_offer_operands "$command" "$cur"
        [[ $cur || ${COMPREPLY[*]} ]] || _leaderd_offer_options "$command" ''
    fi
    COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
}

complete -F _leaderd leaderd
