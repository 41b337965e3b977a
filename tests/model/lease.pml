/*
 * The lease protocol, for an exhaustive search by Spin.
 *
 * The script's rules (lib/lease/lease.c, lib/store/redis/lease.lua) are copied here rule by rule;
 * of the participant (lib/elector) only what safety rests on. All else is done by an adversary who
 * does whatever it likes, in any order: it carries out a request at any time after it was sent,
 * also after its sender gave up and after restarts; it withholds answers; it stops participants
 * for as long as it likes; it restarts the server with all, no or older data, and deletes the
 * record. tests/model/run runs it; README.md says what is left out.
 *
 * Time is the one thing that needs an abstraction. Real rates of clocks are not modelled; what they
 * and the margin are chosen for is taken as the axiom:
 *
 *     when a waiter has seen a version for a whole lease, every lease is over whose request was
 *     SENT before the waiter RECEIVED that version for the first time.
 *
 * (sent + d - margin on a clock that is 1 % slow comes before received + d on one that is 1 % fast,
 * if sent came before received.) Of all instants only that order matters, and it is kept exactly:
 * `cov` and `creq` tell for each waiter whose lease and whose request under way were sent before
 * its first sight. "The wait is over" is an event that may happen at any time after the first
 * sight, and it ends all the leases that it covers. Apart from that a lease may end at any time:
 * sooner than it would is no harm, and it is how a pause of the holder looks from inside. Reading
 * a clock and acting on it are apart: what is sent when the clock allows it is carried out later.
 * Hence no counter of time, and finitely many states.
 *
 * All leases have one duration. The brake on a take-over by the server's clock is left out, for it
 * only refuses. A leader believes from the answer to its request until it sends the release, which
 * is longer than real ones do: they read back first, and drain before they release.
 *
 * Parameters: -DINIT=situation -DMUTANT=name, and the bounds below.
 */

/* Situations in which a search begins; depth alone would not get there. */
#define nothing       1 /* no record, nobody knows anything */
#define held          2 /* participant 0 leads */
#define released      3 /* participant 0 led, and gave up */
#define late_renewals 4 /* of 0, which led before 1 does; the older copy is of 0 */
#define late_release  5 /* of 0, with a renewal before it; 1 leads; the older copy is of 0 */
#define late_acquire  6 /* two of 0, which leads by now */
#define clock_back    7 /* held; and the server's clock is no help to make terms grow */
#define cloned        8 /* 0 leads, and 1 is a copy of it, instance id and all; no faults */

/* Mutants: a rule left out. Each must fail; the word before the colon is the situation for it. */
#define correct                    0
#define released_without_fresh     1 /* released: an old "released" is believed */
#define mine_without_fresh         2 /* late_renewals: an old record that names me is believed */
#define mine_unconfirmed           3 /* late_renewals: so is one that a late renewal put back */
#define mine_unseen                4 /* late_acquire: mine is taken with an unknown term */
#define version_not_compared       5 /* held: having waited is enough to take it */
#define version_without_reign      6 /* held: a restored record looks like one seen before it */
#define missing_is_free            7 /* held: no record counts as released */
#define guards_look_alike          8 /* held: two guards have the same version */
#define term_not_raised            9 /* released: a new reign has the old token */
#define nothing_checked           10 /* late_renewals: renewing what anybody holds */
#define owner_not_checked         11 /* clock_back: renewing another's lease of the same term */
#define term_not_checked          12 /* late_release: a release of an earlier reign counts */
#define number_not_checked        13 /* cloned: two with one instance id renew side by side */
#define late_renewal_counts       14 /* held: an older renewal undoes a newer one */
#define reasserts_over_newer      15 /* late_renewals: an older claim wins over a newer record */
#define reassertion_is_confirmed  16 /* late_renewals: c is not set */
#define confirmed_by_any          17 /* late_renewals: c is cleared by one who has not seen it */
#define unconfirmed_release_frees 18 /* late_release: it makes the record released, not a guard */
#define release_of_nothing        19 /* late_release: no record: it is made, as released */
#define release_of_old            20 /* late_release: mine in old data is released */
#define deadline_from_reply       21 /* held: a lease counts from the answer */
#define late_reply_counts         22 /* nothing: an answer after the lease's end is believed */
#define unanswered_extends        23 /* held: a renewal without an answer prolongs the lease */
#define wait_not_restarted        24 /* held: a new version does not restart the wait */
#define wait_ends_at_reconnect    25 /* held: a lost connection counts as a wait */
#define wait_from_sending         26 /* held: first sight counts from the question */
#define leads_while_releasing     27 /* held: belief ends with the answer to the release */

#ifndef INIT
#define INIT held
#endif
#ifndef MUTANT
#define MUTANT correct
#endif
#define BUG(name) (MUTANT == name)

/* Bounds of the search. */
#ifndef P
#define P 2 /* participants (instance ids) */
#endif
#ifndef LATE
#define LATE 2 /* requests of one participant that may be under way at once */
#endif
#ifndef GRANTS
#define GRANTS 2 /* leases that are given after the beginning; with the last one the search ends */
#endif
#ifndef NUMBERS
#define NUMBERS 3 /* renewals and releases of one term are numbered up to this */
#endif
#ifndef RESTARTS
#define RESTARTS 1
#endif
#ifndef LOSSES
#define LOSSES (INIT != clock_back) /* of the record alone: FLUSHALL, DEL, eviction */
#endif
#ifndef VACATES
#define VACATES 0 /* by an operator */
#endif

#if INIT == nothing
#define TERMS GRANTS
#elif INIT >= late_renewals && INIT <= late_acquire
#define TERMS (GRANTS + 2)
#else
#define TERMS (GRANTS + 1)
#endif

/* The first sights that are tracked: one per waiter. The mutant needs those of questions, too. */
#if MUTANT == wait_from_sending
#define MARKS (P + P)
#else
#define MARKS P
#endif

/* No record; a record's states; verbs; outcomes. */
#define ABSENT 0
mtype = {
    HELD, RELEASED, GUARD, VACATED,
    ACQUIRE, RENEW, RELEASE,
    SEEN, ACQUIRED, RENEWED, GAVE_UP, GUARDED, LOST, CONFLICT
};

/* What a participant is. */
#define WAITS  0
#define LEADS  1
#define ENDING 2 /* believes no more; the release is under way, and repeated */

/* Its request. */
#define IDLE     0
#define SENT     1
#define ANSWERED 2

#define BIT(p) (1 << (p))
#define ID(p)  ((INIT == cloned) -> 0 : (p))

typedef record_of {
    byte s, t, n, i, g, c /* as in the script: state, term, number, instance, reign, unconfirmed */
};
typedef version_of {
    byte g, s, i, t, n
};
typedef request_of {
    byte op, t, n, n0; /* t of an acquire: the highest term ever seen */
    bit awaited;       /* its sender still wants the answer */
    version_of v       /* of an acquire: what was seen for a whole lease; s = 0: nothing */
};
typedef answer_of {
    byte out;
    version_of v
};

/* The server. */
record_of rec;
record_of copy; /* an older record, as a replica or a file may have it */
byte reign = 1;
byte restarts, losses, vacates, guards;

/* The network: the requests of each participant under way, oldest first. */
request_of net[P * LATE];
answer_of answer[P];

/* The participants. */
byte is[P], asks[P], term[P], n[P], n0[P], seen[P];
version_of sight[P]; /* version last seen; s = 0: none */
bit waited[P];       /* ... for a whole lease */
byte cov[MARKS];     /* of a waiter: whose leases were asked for before its first sight */
byte creq[MARKS];    /* ... and whose requests under way were sent before it */
bit over[P];         /* the lease that an awaited request may bring is over already */

byte top;     /* greatest term ever given */
bit anew;     /* data were lost */
byte renewed; /* cloned: who had a renewal granted */

/* Scratch of one step, cleared at its end: no part of a state. */
byte x, y, z, fresh, mine, go, out, who;
request_of call;

#define SAME(a, b) (a.g == b.g && a.s == b.s && a.i == b.i && a.t == b.t && a.n == b.n)

inline set_version(to, from)
{
    to.g = from.g; to.s = from.s; to.i = from.i; to.t = from.t; to.n = from.n
}
inline no_version(to)
{
    to.g = 0; to.s = 0; to.i = 0; to.t = 0; to.n = 0
}
inline set_record(to, from)
{
    to.s = from.s; to.t = from.t; to.n = from.n; to.i = from.i; to.g = from.g; to.c = from.c
}
inline no_record(to)
{
    to.s = ABSENT; to.t = 0; to.n = 0; to.i = 0; to.g = 0; to.c = 0
}
inline set_request(to, from)
{
    to.op = from.op; to.t = from.t; to.n = from.n; to.n0 = from.n0; to.awaited = from.awaited;
    set_version(to.v, from.v)
}
inline no_request(to)
{
    to.op = 0; to.t = 0; to.n = 0; to.n0 = 0; to.awaited = 0;
    no_version(to.v)
}

inline clear_scratch()
{
    x = 0; y = 0; z = 0; fresh = 0; mine = 0; go = 0; out = 0; who = 0;
    no_request(call)
}

/* ---- the script --------------------------------------------------------------------------- */

inline write_guard(state)
{
    guards++;
    rec.s = state; rec.n = (BUG(guards_look_alike) -> 0 : guards);
    rec.c = 0; rec.i = ID(who); rec.g = reign;
    out = GUARDED
}

/* The promise: no lease is given while anybody believes in one, and tokens grow. */
inline take()
{
    x = (rec.t > call.t -> rec.t : call.t) + 1;
    x = (INIT != clock_back && x <= top -> top + 1 : x);
    x = (BUG(term_not_raised) -> rec.t : x);
    for (y : 0 .. P - 1) {
        assert(is[y] != LEADS)
    }
    assert(x > top || (INIT == clock_back && anew));
    top = (x > top -> x : top);
    rec.s = HELD; rec.t = x; rec.n = 1; rec.i = ID(who); rec.g = reign; rec.c = 0;
    out = ACQUIRED
}

inline acquire()
{
    mine = rec.s == HELD && rec.i == ID(who) && (fresh || BUG(mine_without_fresh)) &&
           (rec.c == 0 || BUG(mine_unconfirmed)) && (call.t >= rec.t || BUG(mine_unseen));
    go = mine || (rec.s == RELEASED && (fresh || BUG(released_without_fresh))) ||
         rec.s == ABSENT ||
         (call.v.s != 0 &&
          (BUG(version_not_compared) ||
           ((call.v.g == reign || BUG(version_without_reign)) && call.v.s == rec.s &&
            call.v.i == rec.i && call.v.t == rec.t && call.v.n == rec.n)));
    if
    :: rec.s == ABSENT && !BUG(missing_is_free) -> write_guard(GUARD)
    :: else ->
        if
        :: go -> take()
        :: else -> out = SEEN
        fi
    fi
}

/* By the holder, in the reign in which it last wrote. */
inline go_on()
{
    go = call.n0 <= rec.n && rec.n < call.n;
    go = go || BUG(number_not_checked) || (BUG(late_renewal_counts) && call.n0 <= rec.n);
    if
    :: !go -> out = CONFLICT
    :: else ->
        /* The record never goes back while one instance holds it. */
        assert(INIT == cloned || call.n > rec.n);
        if
        :: call.n0 >= rec.c || BUG(confirmed_by_any) -> rec.c = 0
        :: else
        fi;
        rec.n = call.n; rec.g = reign;
        if
        :: call.op == RENEW -> rec.i = ID(who); rec.t = call.t; out = RENEWED
        :: call.op == RELEASE && (rec.c == 0 || BUG(unconfirmed_release_frees)) ->
            rec.s = RELEASED; rec.c = 0; out = GAVE_UP
        :: else -> write_guard(GUARD)
        fi
    fi
}

inline renew_or_release()
{
    mine = rec.s == HELD && (rec.i == ID(who) || BUG(nothing_checked) || BUG(owner_not_checked)) &&
           (rec.t == call.t || BUG(nothing_checked) || BUG(term_not_checked));
    go = rec.s == ABSENT || rec.s == GUARD ||
         (!fresh && (mine || call.t > rec.t || BUG(reasserts_over_newer)));
    if
    :: mine && (fresh || (BUG(release_of_old) && call.op == RELEASE)) -> go_on()
    :: else ->
        if
        :: call.op == RENEW && go ->
            /* A held record never gives way to an older claim. */
            assert(rec.s != HELD || call.t >= rec.t);
            rec.s = HELD; rec.t = call.t; rec.n = call.n; rec.i = ID(who); rec.g = reign;
            rec.c = (BUG(reassertion_is_confirmed) -> 0 : call.n);
            out = RENEWED
        :: call.op == RELEASE && rec.s == ABSENT && BUG(release_of_nothing) ->
            rec.s = RELEASED; rec.t = call.t; rec.i = ID(who); rec.g = reign;
            out = GAVE_UP
        :: else -> out = LOST
        fi
    fi
}

/* Carries out a request, and answers if an answer is still wanted. */
inline carry_out(p, k)
{
    who = p;
    set_request(call, net[p * LATE + k]);
    remove(p, k);
    fresh = rec.s != ABSENT && rec.g == reign;
    if
    :: call.op == ACQUIRE -> acquire()
    :: else -> renew_or_release()
    fi;
    printf("server: %e of %d, term %d n %d n0 %d: %e\n", call.op, p, call.t, call.n, call.n0, out);
    if
    :: call.v.s != 0 -> printf("        it has waited on: %e term %d n %d instance %d, reign %d\n",
                               call.v.s, call.v.t, call.v.n, call.v.i, call.v.g)
    :: else
    fi;
    show_record();
    if
    :: call.awaited ->
        asks[p] = ANSWERED;
        answer[p].out = out;
        answer[p].v.g = reign; answer[p].v.s = rec.s; answer[p].v.i = rec.i;
        answer[p].v.t = rec.t; answer[p].v.n = rec.n
    :: else
    fi
}

inline show_record()
{
    printf("        record: %e term %d n %d instance %d, reign %d, unconfirmed %d\n",
           rec.s, rec.t, rec.n, rec.i, rec.g, rec.c)
}

inline remove(p, k)
{
    for (y : k .. LATE - 2) {
        set_request(net[p * LATE + y], net[p * LATE + y + 1])
    }
    no_request(net[p * LATE + LATE - 1])
}

/* ---- the participant ---------------------------------------------------------------------- */

/* A lease is counted anew from the awaited request: what covered that one covers the lease. */
inline count_from_request(p)
{
    for (y : 0 .. MARKS - 1) {
        cov[y] = cov[y] & ~BIT(p);
        if
        :: (creq[y] & BIT(p)) && !BUG(deadline_from_reply) -> cov[y] = cov[y] | BIT(p)
        :: else
        fi
    }
}

/* No answer is awaited any more; a request that was not carried out yet may still be. */
inline stop_awaiting(p)
{
    asks[p] = IDLE;
    over[p] = 0;
    answer[p].out = 0;
    no_version(answer[p].v);
    for (y : 0 .. LATE - 1) {
        net[p * LATE + y].awaited = 0
    }
    for (y : 0 .. MARKS - 1) {
        creq[y] = creq[y] & ~BIT(p)
    }
}

inline end_lease(p)
{
    is[p] = WAITS;
    term[p] = 0; n[p] = 0; n0[p] = 0;
    for (y : 0 .. MARKS - 1) {
        cov[y] = cov[y] & ~BIT(p)
    }
}

inline begin_lease(p)
{
    for (y : 0 .. P - 1) {
        assert(is[y] != LEADS)
    }
    is[p] = LEADS;
    term[p] = answer[p].v.t; n[p] = 1; n0[p] = 1;
    seen[p] = term[p];
    count_from_request(p)
}

inline mark(at)
{
    cov[at] = 0; creq[at] = 0;
    for (y : 0 .. P - 1) {
        cov[at] = cov[at] | (is[y] != WAITS -> BIT(y) : 0);
        creq[at] = creq[at] | (asks[y] != IDLE -> BIT(y) : 0)
    }
}

inline forget_sight(p)
{
    no_version(sight[p]);
    waited[p] = 0;
    cov[p] = 0; creq[p] = 0
}

/* The first sight counts from the receipt of the answer. */
inline see(p)
{
    seen[p] = (answer[p].v.t > seen[p] -> answer[p].v.t : seen[p]);
    go = SAME(sight[p], answer[p].v);
    if
    :: go
    :: !go && BUG(wait_not_restarted) && sight[p].s != 0 -> set_version(sight[p], answer[p].v)
    :: else ->
        set_version(sight[p], answer[p].v);
        waited[p] = 0;
#if MUTANT == wait_from_sending
        cov[p] = cov[P + p]; creq[p] = creq[P + p]
#else
        mark(p)
#endif
    fi
}

inline send(p, verb)
{
    x = 0;
    for (y : 0 .. LATE - 1) {
        x = (net[p * LATE + y].op != 0 -> x + 1 : x)
    }
    net[p * LATE + x].op = verb;
    net[p * LATE + x].awaited = 1;
    if
    :: verb == ACQUIRE ->
        net[p * LATE + x].t = seen[p];
        if
        :: waited[p] -> set_version(net[p * LATE + x].v, sight[p])
        :: else
        fi
    :: else ->
        n[p]++;
        net[p * LATE + x].t = term[p]; net[p * LATE + x].n = n[p]; net[p * LATE + x].n0 = n0[p]
    fi;
    asks[p] = SENT;
#if MUTANT == wait_from_sending
    if
    :: verb == ACQUIRE -> mark(P + p)
    :: else
    fi;
#endif
    printf("%d: sends %e\n", p, verb)
}

inline receive(p)
{
    out = answer[p].out;
    if
    :: out == ACQUIRED ->
        forget_sight(p);
        if
        :: over[p] && !BUG(late_reply_counts) -> printf("%d: acquired, but too late\n", p)
        :: else -> begin_lease(p); printf("%d: LEADS with term %d\n", p, term[p])
        fi
    :: out == RENEWED ->
        n0[p] = n[p];
        count_from_request(p);
        renewed = renewed | (INIT == cloned -> BIT(p) : 0);
        assert(renewed != 3 || is[0] != LEADS || is[1] != LEADS);
        printf("%d: renewed\n", p)
    :: else ->
        if
        :: is[p] != WAITS -> end_lease(p); printf("%d: leads no more: %e\n", p, out)
        :: else
        fi;
        if
        :: out == CONFLICT -> forget_sight(p) /* it goes on under a new instance id */
        :: else -> see(p); printf("%d: sees %e term %d n %d\n", p, sight[p].s, sight[p].t, sight[p].n)
        fi
    fi;
    stop_awaiting(p)
}

/* The wait is over: so is every lease that was asked for before the first sight. */
inline end_wait(p)
{
    waited[p] = 1;
    z = cov[p];
    who = creq[p];
    for (x : 0 .. P - 1) {
        if
        :: z & BIT(x) -> stop_awaiting(x); end_lease(x)
        :: else ->
            over[x] = over[x] || (who & BIT(x))
        fi
    }
    cov[p] = 0; creq[p] = 0;
    printf("%d: has waited\n", p)
}

/* ---- the world ---------------------------------------------------------------------------- */

#define room(p)     (net[(p) * LATE + LATE - 1].op == 0)
#define may_look(p) (is[p] == WAITS && asks[p] == IDLE && room(p) && top < TERMS && INIT != cloned)
#define may_use(p)  (is[p] != WAITS && asks[p] == IDLE && room(p) && n[p] < NUMBERS)

inline begin_release(p)
{
    is[p] = (BUG(leads_while_releasing) -> is[p] : ENDING)
}

inline give_up_waiting(p)
{
    if
    :: BUG(unanswered_extends) && is[p] == LEADS -> count_from_request(p)
    :: else
    fi;
    if
    :: BUG(wait_ends_at_reconnect) && sight[p].s != 0 -> waited[p] = 1; cov[p] = 0; creq[p] = 0
    :: else
    fi;
    stop_awaiting(p);
    printf("%d: no answer\n", p)
}

/* A request that will never be carried out is as good as lost at once. */
inline lose(p)
{
    for (z : 0 .. LATE - 1) {
        if
        :: net[p * LATE + z].awaited -> remove(p, z)
        :: else
        fi
    }
    printf("the request of %d is lost\n", p)
}

inline run_out(p)
{
    stop_awaiting(p);
    end_lease(p);
    printf("%d: the lease runs out\n", p)
}

inline restart()
{
    restarts++; reign++;
    printf("server: restarts\n")
}

/* When no restart is left the copy cannot matter: forgetting it saves states. */
inline forget_copy()
{
    if
    :: restarts >= RESTARTS -> no_record(copy)
    :: else
    fi
}

inline make_copy()
{
    set_record(copy, rec);
    printf("a copy is made\n")
}

inline vacate()
{
    vacates++;
    who = P;
    write_guard(VACATED);
    printf("server: vacated\n")
}

inline lose_record()
{
    no_record(rec);
    anew = INIT == clock_back;
    printf("server: the record is gone\n")
}

inline restore()
{
    set_record(rec, copy);
    anew = INIT == clock_back;
    printf("server: older data\n");
    show_record()
}

inline holds(p, of_term)
{
    is[p] = LEADS; term[p] = of_term; n[p] = 1; n0[p] = 1; seen[p] = of_term; top = of_term;
    rec.s = HELD; rec.t = of_term; rec.n = 1; rec.i = ID(p); rec.g = 1
}

inline under_way(p, k, verb, of_term, number)
{
    net[p * LATE + k].op = verb; net[p * LATE + k].t = of_term;
    net[p * LATE + k].n = number; net[p * LATE + k].n0 = (verb == ACQUIRE -> 0 : 1)
}

inline old_copy_of_0()
{
    copy.s = HELD; copy.t = 1; copy.n = 1; copy.i = 0; copy.g = 1; seen[0] = 1
}

inline begin()
{
    if
    :: INIT == nothing
    :: INIT == held || INIT == clock_back -> holds(0, 1)
    :: INIT == released ->
        holds(0, 1); end_lease(0);
        rec.s = RELEASED; rec.n = 2
    :: INIT == late_renewals ->
        holds(1, 2); old_copy_of_0();
        under_way(0, 0, RENEW, 1, 2); under_way(0, 1, RENEW, 1, 3)
    :: INIT == late_release ->
        holds(1, 2); old_copy_of_0();
        under_way(0, 0, RENEW, 1, 2); under_way(0, 1, RELEASE, 1, 3)
    :: INIT == late_acquire ->
        holds(0, 2);
        under_way(0, 0, ACQUIRE, 0, 0); under_way(0, 1, ACQUIRE, 1, 0)
    :: INIT == cloned -> holds(0, 1); holds(1, 1)
    fi;
    printf("begins: 0 leads: %d, 1 leads: %d\n", is[0], is[1]);
    show_record()
}

#define FAULTS      (INIT != cloned)
#define MAY_RESTART (FAULTS && restarts < RESTARTS)

/* Once the last term was given only answers to acquires that are awaited can matter. */
#define asking(p) (is[p] == WAITS && asks[p] != IDLE)
#if P > 2
#define GOING (top < TERMS || asking(0) || asking(1) || asking(2))
#else
#define GOING (top < TERMS || asking(0) || asking(1))
#endif

/* All that may happen; each line is one step. */
#define WHEN(condition) d_step { GOING && (condition) ->
#define DONE            clear_scratch() }

#define PARTICIPANT(p)                                                                           \
    :: WHEN(may_look(p)) send(p, ACQUIRE); DONE                                                  \
    :: WHEN(is[p] == WAITS && sight[p].s != 0 && !waited[p]) end_wait(p); DONE                   \
    :: WHEN(is[p] == LEADS && may_use(p)) send(p, RENEW); DONE                                   \
    :: WHEN(FAULTS && is[p] != WAITS && may_use(p)) begin_release(p); send(p, RELEASE); DONE     \
    :: WHEN(asks[p] == ANSWERED) receive(p); DONE                                                \
    :: WHEN(FAULTS && asks[p] != IDLE) give_up_waiting(p); DONE                                  \
    :: WHEN(FAULTS && asks[p] == SENT) lose(p); give_up_waiting(p); DONE                         \
    :: WHEN(FAULTS && is[p] != WAITS) run_out(p); DONE

#define REQUEST(p, k) :: WHEN(net[p * LATE + k].op != 0) carry_out(p, k); DONE
#if LATE > 2
#define REQUESTS(p) REQUEST(p, 0) REQUEST(p, 1) REQUEST(p, 2)
#else
#define REQUESTS(p) REQUEST(p, 0) REQUEST(p, 1)
#endif

active proctype world()
{
    d_step { begin(); clear_scratch() };
end:
    do
    PARTICIPANT(0) REQUESTS(0)
    PARTICIPANT(1) REQUESTS(1)
#if P > 2
    PARTICIPANT(2) REQUESTS(2)
#endif
    :: WHEN(MAY_RESTART) restart(); forget_copy(); DONE
    :: WHEN(MAY_RESTART) restart(); forget_copy(); lose_record(); DONE
    :: WHEN(MAY_RESTART && copy.s != ABSENT) restart(); restore(); forget_copy(); DONE
    :: WHEN(MAY_RESTART && rec.s != ABSENT && (copy.s == ABSENT || copy.g < reign)) make_copy(); DONE
    :: WHEN(FAULTS && losses < LOSSES && rec.s != ABSENT) losses++; lose_record(); DONE
    :: WHEN(FAULTS && vacates < VACATES && rec.s == HELD) vacate(); DONE
    od
}
