/*
 * The Redis store from inside. redis_store.c knows which server a call belongs to and keeps the
 * listener informed; node.c keeps up the connection to one server; traffic.c takes each call on it
 * from its submit to its answer; sentinel.c and cluster.c find the servers.
 */
#ifndef LEADERD_STORE_REDIS_INTERNAL_H
#define LEADERD_STORE_REDIS_INTERNAL_H

#include "lib/store/redis/access.h"
#include "lib/store/redis/backoff.h"
#include "lib/store/redis/breaker.h"
#include "lib/store/redis/calls.h"
#include "lib/store/redis/link.h"
#include "lib/store/redis/subscriber.h"

struct cluster;
struct sentinel;

/* One server and the calls on it. */
struct node {
    struct redis_store *store;
    struct redis_endpoint endpoint; /* of the next connection */
    struct backoff backoff;
    struct breaker breaker;
    char reign[LEASE_REIGN_SIZE]; /* of this connection; see script_context */

    struct link *link; /* NULL between two attempts */
    bool ready;
    bool leaving;   /* no more calls on this link: drop it after the answers under way */
    bool moved;     /* the next link may lead to another server */
    bool down_told; /* the listener knows of this loss */
    bool closing;
    bool bare;              /* this server lets no script read INFO */
    enum script_form form;  /* in which this server takes the script */
    bool full_form_refused; /* it does not know the other one */
    struct redis_fault fault;
    bool has_fault;    /* `fault` is newer than the last good answer */
    bool unreplicated; /* `fault` is about WAIT, and only WAIT ends it */

    struct call_list held;     /* to be sent when the link is ready, or WAIT is answered */
    struct call_list sent;     /* in the order of their answers */
    struct call_list answered; /* and carried out; WAIT will tell whether they count */
    bool waits;                /* WAIT is under way, behind all of `sent` */

    uv_timer_t give_up; /* not later than the earliest deadline of a call */
    uv_timer_t reconnect;
    int open_handles;
};

struct redis_store {
    struct store base;
    uv_loop_t *loop;
    struct redis_access access;
    struct prng prng;
    int64_t last_ok_ms;
    bool closing;

    struct node *node;         /* NULL in a cluster */
    struct cluster *cluster;   /* NULL unless it is one */
    struct sentinel *sentinel; /* NULL without sentinels */
    struct subscriber *subscriber;
    struct redis_fault fault; /* there is no server to be asked */
    bool has_fault, down_told;

    struct call_list unsent; /* to be failed in the next turn */
    struct call_slots slots;
    uv_idle_t next_turn; /* answers `unsent` */
    int open_parts;
};

/* What happens at a node; in redis_store.c. */

/* It would like to connect: node_connect() follows, now or when an address is known. */
void redis_node_due(struct node *node);
void redis_node_up(struct node *node);
/* Once per loss. */
void redis_node_down(struct node *node, const struct redis_fault *fault);
void redis_node_circuit(struct node *node, bool open);
/* The node says that another one is to be asked: true when the call was taken over. */
bool redis_redirect(struct node *node, struct store_call *call, const struct redis_fault *fault,
                    const struct resp_value *error);

/* No server is known to be asked. */
void redis_unreachable(struct redis_store *store, const struct redis_fault *fault);

/* The listener, who may leave things out. */
void redis_tell_error(struct redis_store *store, const char *code);
void redis_tell_weaker(struct redis_store *store, const struct redis_fault *fault);
void redis_tell_connected(struct redis_store *store, bool success);
void redis_tell_up(struct redis_store *store, const char *endpoint);

/* A part of the store was closed; the last one ends it. */
void redis_part_closed(struct redis_store *store);

/* Nodes. */

/* Waits for the first node_connect(). NULL when memory is short. */
struct node *node_new(struct redis_store *store, const struct redis_endpoint *endpoint);

/* It is due in the next turn. */
void node_begin(struct node *node);

/* Connects to `endpoint` now, in place of any present connection. */
void node_connect(struct node *node, const struct redis_endpoint *endpoint);

/* There is nowhere to connect to: counts as an attempt that failed. */
void node_fail(struct node *node, const struct redis_fault *fault);

/* Ends the present link: what was under way on it has an unknown fate. */
void node_drop(struct node *node, const struct redis_fault *fault);

/* Shortens a wait for the next connection to at most about so long. */
void node_hasten(struct node *node, int64_t most_ms);

/* Its calls are answered, and it is freed later. */
void node_close(struct node *node);

/* Traffic. */

void traffic_submit(struct node *node, struct store_call *call, const struct lease_request *request,
                    int64_t timeout_ms);

/* Takes over a call that another node sent here; `asking`: only for this once. */
void traffic_forward(struct node *node, struct store_call *call, bool asking);

/* Answers a call that has nowhere to go. */
void traffic_refuse(struct redis_store *store, struct store_call *call,
                    const struct lease_request *request);

/* Takes the next value from the link. */
void traffic_receive(struct node *node, const struct resp_value *value);

/* The link is ready: what was held goes out. */
void traffic_resume(struct node *node);

/* Answers all calls of the node: those under way as unknown, the others as failed. */
void traffic_orphan(struct node *node, const struct redis_fault *fault);

/* Answers what was submitted and cannot be sent. */
void traffic_answer_unsent(struct redis_store *store);

/* Sentinels: the answer comes by node_connect() or node_fail() of the store's node. */

struct sentinel *sentinel_new(struct redis_store *store);
void sentinel_seek(struct sentinel *sentinel);
/* What it named last was no primary. */
void sentinel_doubt(struct sentinel *sentinel);
void sentinel_close(struct sentinel *sentinel);

/* Clusters. */

struct cluster *cluster_new(struct redis_store *store);
/* The node that has the key's slot, connected or not; NULL when nobody is known to. */
struct node *cluster_node_of(struct cluster *cluster, const char *key);
/* Learns the map anew, soon. */
void cluster_refresh(struct cluster *cluster);
bool cluster_redirect(struct cluster *cluster, struct node *from, struct store_call *call,
                      const struct resp_value *error);
size_t cluster_size(const struct cluster *cluster);
struct node *cluster_node(const struct cluster *cluster, size_t index);
void cluster_close(struct cluster *cluster);

#endif
