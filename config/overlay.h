/*
 * Command line and environment laid over the tree of the file, before it is read.
 *
 * So every value goes through the same checks, and its issue names the flag or variable it came
 * from. A variable that is empty counts as not set.
 */
#ifndef LEADERD_CONFIG_OVERLAY_H
#define LEADERD_CONFIG_OVERLAY_H

#include "config/config.h"
#include "config/yaml_tree.h"

/* False when memory ran out. The new nodes borrow nothing from the source. */
bool overlay(struct yaml_node *root, const struct config_source *source,
             struct config_issues *issues) must_use;

#endif
