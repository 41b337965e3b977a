/*
 * Memory for jansson that never fails.
 *
 * Its reader ignores that a token found no room (lex_save() in 2.14) and then writes beyond the end
 * of what it has: short of memory, a JSON text from elsewhere would damage the heap. So what
 * malloc() refuses comes from a reserve that is there from the start, enough for the worst record
 * that a store may hold (128 KiB of "{},{},…" take 10 MiB). When that is used up, too, the process
 * ends with a word: better than to go on with a broken heap.
 */
#ifndef LEADERD_DAEMON_JSON_MEMORY_H
#define LEADERD_DAEMON_JSON_MEMORY_H

/* Before jansson is used for the first time. */
void json_memory_init(void);

#endif
