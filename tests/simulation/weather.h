/* weather.h - what a seed makes likely. Each seed switches a random part of the features and faults
 * off, and draws how often the others strike. */
#ifndef SLUICE_TESTS_SIMULATION_WEATHER_H
#define SLUICE_TESTS_SIMULATION_WEATHER_H

#include <stdbool.h>
#include <stdint.h>

struct world;

struct weather {
    uint64_t pace; /* human spans are divided by it: 1 is real time */
    uint64_t delay_ms_max;
    uint64_t cut, half_open, split, tampered, replayed; /* per thousand writes */
    uint64_t store_failed, store_stale, store_unknown;  /* per thousand commits and loads */
    uint64_t store_delay_ms_max;
    uint64_t page_rows; /* most rows the store gives in one page; 0: as asked for */
    uint64_t hint_lost;
    /* per thousand of WORLD_FAULT */
    uint64_t server_crash, server_stop, server_graceful, restore_database, failover;
    uint64_t laptop_crash, laptop_torn, laptop_away, copy, restore, disk, clock_jump;
    uint64_t sync_stop, sync_once;
    uint64_t administration, definition, role, removal, revoke;
    bool clocks_wrong;
    /* what people do beside the usual */
    bool imports, invites, corrects, large_texts, bursts;
    /* drawn from a stream of their own */
    uint64_t lead; /* per thousand of acts: what owners and managers do */
    bool deletions, renames;
};

void weather_draw(struct world *world);
/* Nothing strikes any more. */
void weather_clear(struct weather *weather);

#endif
