/*
 * The subcommands. Each takes its own name as argv[0] and returns the exit code.
 */
#ifndef LEADERD_DAEMON_COMMANDS_H
#define LEADERD_DAEMON_COMMANDS_H

int cmd_serve(int argc, char **argv);
int cmd_check_config(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_is_leader(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_hold(int argc, char **argv);
int cmd_step_down(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_bootstrap(int argc, char **argv);
int cmd_vacate(int argc, char **argv);
int cmd_diagnose(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_healthcheck(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
