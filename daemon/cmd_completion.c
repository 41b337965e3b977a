/* leaderd completion: what a shell runs to complete command lines of leaderd. */
#include "daemon/cli.h"
#include "daemon/commands.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command completion_command = {
    .name = "completion",
    .synopsis = "bash|zsh|fish",
    .what = "Prints a completion script for the shell. To have it in every shell, put it where\n"
            "that one looks for such scripts:\n"
            "  bash  ~/.local/share/bash-completion/completions/leaderd\n"
            "  zsh   _leaderd, in a directory of $fpath\n"
            "  fish  ~/.config/fish/completions/leaderd.fish\n",
    .examples = "  source <(leaderd completion bash)\n"
                "  leaderd completion fish > ~/.config/fish/completions/leaderd.fish\n",
    .exits = "  0   printed\n",
    .operands_max = 1,
};

static const char bash_script[] =
#include "daemon/completion/leaderd.bash.h"
    ;

static const char zsh_script[] =
#include "daemon/completion/leaderd.zsh.h"
    ;

static const char fish_script[] =
#include "daemon/completion/leaderd.fish.h"
    ;

static const struct {
    const char *shell, *script;
} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

int cmd_completion(int argc, char **argv)
{
    const struct cli_option table[] = {{0}};
    int first = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&completion_command, table, argc, argv, &first, &code)) {
        return code;
    }
    const char *shell = first < argc ? argv[first] : "";
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (strcmp(shell, scripts[i].shell) == 0) {
            (void)fputs(scripts[i].script, stdout);
            return CLI_YES;
        }
    }
    return first < argc ? cli_usage(&completion_command,
                                    "the shells are bash, zsh and fish, not '%s'", shell)
                        : cli_usage(&completion_command, "name a shell: bash, zsh or fish");
}
