#include "lib/diagnostics/sntp_packet.h"

#include <string.h>

/* Seconds from 1900 to 1970. */
static const int64_t epoch_s = INT64_C(2208988800);

enum {
    AT_STRATUM = 1,
    AT_ROOT_DELAY = 4,
    AT_ROOT_DISPERSION = 8,
    AT_REFERENCE_ID = 12,
    AT_ORIGINATE = 24,
    AT_RECEIVE = 32,
    AT_TRANSMIT = 40,
    MODE_CLIENT = 3,
    MODE_SERVER = 4,
    VERSION = 4,
    STRATUM_MOST = 15,
    DISTANCE_MOST_US = 1500000,
    DELAY_MOST_US = 5000000,
};

static uint64_t read_big(const uint8_t *bytes, size_t count)
{
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

void sntp_request(uint8_t packet[SNTP_PACKET_SIZE], uint64_t nonce)
{
    memset(packet, 0, SNTP_PACKET_SIZE);
    packet[0] = VERSION << 3 | MODE_CLIENT;
    for (int i = 0; i < 8; i++) {
        packet[AT_TRANSMIT + i] = (uint8_t)(nonce >> (56 - 8 * i));
    }
}

/* An NTP timestamp as microseconds since 1970, in the era that is nearest to `near_us` (2036). */
static int64_t read_time(const uint8_t *bytes, int64_t near_us)
{
    const int64_t era_s = INT64_C(1) << 32;
    int64_t seconds = (int64_t)read_big(bytes, 4) - epoch_s;
    int64_t near_s = near_us / 1000000;
    while (seconds < near_s - era_s / 2) {
        seconds += era_s;
    }
    return seconds * 1000000 + (int64_t)(read_big(bytes + 4, 4) * 1000000 >> 32);
}

/* 16.16 fixed point seconds. */
static int64_t read_short_us(const uint8_t *bytes)
{
    return (int64_t)(read_big(bytes, 4) * 1000000 >> 16);
}

static enum sntp_verdict read_kiss(const uint8_t *packet, struct sntp_result *result,
                                   struct problem *problem)
{
    for (int i = 0; i < 4; i++) {
        uint8_t byte = packet[AT_REFERENCE_ID + i];
        result->kiss[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte : '?');
    }
    result->kiss[4] = '\0';
    (void)problem_set(problem, "the server asks to be left alone (kiss-o'-death %s)", result->kiss);
    return SNTP_KISS;
}

static bool is_sane(const uint8_t *packet, struct problem *problem)
{
    int64_t distance_us =
        read_short_us(packet + AT_ROOT_DELAY) / 2 + read_short_us(packet + AT_ROOT_DISPERSION);
    if (packet[0] >> 6 == 3) {
        return problem_set(problem, "the server says that its own clock is not synchronized");
    }
    if (packet[AT_STRATUM] > STRATUM_MOST) {
        return problem_set(problem, "the server's stratum is %d, which is none",
                           packet[AT_STRATUM]);
    }
    if (read_big(packet + AT_TRANSMIT, 8) == 0 || read_big(packet + AT_RECEIVE, 8) == 0) {
        return problem_set(problem, "the server's answer holds no time");
    }
    if (distance_us >= DISTANCE_MOST_US) {
        return problem_set(problem, "the server itself is uncertain by %d ms",
                           (int)(distance_us / 1000));
    }
    return true;
}

static enum sntp_verdict read_times(const uint8_t *packet, int64_t sent_us, int64_t received_us,
                                    struct sntp_result *result, struct problem *problem)
{
    int64_t there_us = read_time(packet + AT_RECEIVE, received_us);
    int64_t back_us = read_time(packet + AT_TRANSMIT, received_us);
    int64_t delay_us = (received_us - sent_us) - (back_us - there_us);
    if (back_us < there_us) {
        (void)problem_set(problem, "the server answered before it was asked");
        return SNTP_BAD;
    }
    /* Clocks tick in steps: a delay of a few microseconds below zero is one of zero. */
    delay_us = delay_us < 0 && delay_us > -1000 ? 0 : delay_us;
    if (delay_us < 0 || delay_us > DELAY_MOST_US) {
        (void)problem_set(problem, "the times of the exchange contradict each other");
        return SNTP_BAD;
    }
    result->offset_us = ((there_us - sent_us) + (back_us - received_us)) / 2;
    result->round_trip_us = delay_us;
    result->stratum = packet[AT_STRATUM];
    result->bound_us = delay_us / 2 + read_short_us(packet + AT_ROOT_DELAY) / 2 +
                       read_short_us(packet + AT_ROOT_DISPERSION);
    return SNTP_GOOD;
}

enum sntp_verdict sntp_read(const uint8_t *packet, size_t length, uint64_t nonce, int64_t sent_us,
                            int64_t received_us, struct sntp_result *result,
                            struct problem *problem)
{
    *result = (struct sntp_result){0};
    if (length < SNTP_PACKET_SIZE || read_big(packet + AT_ORIGINATE, 8) != nonce) {
        return SNTP_FOREIGN;
    }
    int version = packet[0] >> 3 & 7;
    if ((packet[0] & 7) != MODE_SERVER || version < 1 || version > VERSION) {
        (void)problem_set(problem, "the answer is not one of a time server");
        return SNTP_BAD;
    }
    if (packet[AT_STRATUM] == 0) {
        return read_kiss(packet, result, problem);
    }
    if (!is_sane(packet, problem)) {
        return SNTP_BAD;
    }
    return read_times(packet, sent_us, received_us, result, problem);
}
