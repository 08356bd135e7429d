/* scenarios.h - the scripts behind the table in scenarios.c. */
#ifndef SLUICE_TESTS_SIMULATION_SCENARIOS_H
#define SLUICE_TESTS_SIMULATION_SCENARIOS_H

#include "tests/simulation/scene.h"

/* number (0: a spare one), name, servers, what is required */
#define SCENARIOS(X)                                                                               \
    X(1, ack_lost_after_commit, 1, "resent after a lost answer: each mutation once")               \
    X(1, batch_at_two_servers_second_first, 2, "a batch at two servers: written once")             \
    X(1, batch_at_two_servers_first_first, 2, "a batch at two servers: written once")              \
    X(2, commit_unknown_and_written, 1, "the database dies at COMMIT, which was written")          \
    X(2, commit_unknown_and_lost, 1, "the database dies at COMMIT, which was not written")         \
    X(3, writers_cross, 2, "writers commit in the opposite order: contiguous, nobody misses any")  \
    X(7, copy_of_last_week, 1, "noticed; new edits arrive, none is taken for a resent one")        \
    X(8, folder_on_two_laptops, 1, "one takes a new replica id, both keep all")                    \
    X(9, server_of_five_hours_ago, 1, "noticed; what was answered is offered again")               \
    X(10, new_history_past_the_old_seq, 1, "the mark tells what the seq does not")                 \
    X(11, standby_without_the_last_moments, 1, "as 9, while everybody is connected")               \
    X(12, move_to_deleted_stage, 1, "parked with payload and allowed stages; the rest proceeds")   \
    X(13, creation_refused, 1, "one parked group in order; mended, all of it applies")             \
    X(14, different_fields, 1, "both survive, no conflict")                                        \
    X(15, same_amount, 1, "one value stands, the other is kept for both; one key swaps them")      \
    X(16, edit_of_deleted, 1, "stays deleted, the edit is kept")                                   \
    X(17, cursor_below_sight, 1, "an explicit snapshot; pending edits kept and replayed")          \
    X(18, snapshot_on_a_bad_line, 1, "goes on where it broke off, and gets there")                 \
    X(18, snapshot_broken_off, 1, "ends equal to the server, however often it breaks off")         \
    X(19, removed_with_forty_pending, 1, "turned away; forty kept for the managers, none applied") \
    X(21, deal_to_other_pipeline, 1, "one copy, newest; the edit applied or parked by its rules")  \
    X(22, stages_change_under_moves, 2, "each move judged by the definition at its seq")           \
    X(23, clock_years_wrong, 1, "the same log and winners as with right clocks")                   \
    X(27, old_client, 1, "applied or parked, nothing of others blanked")                           \
    X(27, newer_client, 1, "what is not known here is parked, the rest goes on")                   \
    X(28, bulk_edit_while_some_do_not_read, 1, "shown at once; who reads not is bounded, slows none") \
    X(29, stale_server_after_failover, 2, "a stale server cannot commit; the lost tail is back")   \
    X(30, row_corrupted, 1, "found and repaired by comparing, pending work untouched")             \
    X(0, older_deletion_taken_back, 1, "what was deleted last comes back, nothing older over it")     \
    X(0, two_called_alike, 1, "members are told apart by id; a stage's name is one stage's")        \
    X(0, stage_change_refused, 1, "parked, no longer shown, sent again on what stands")            \
    X(0, resent_and_taken_back, 1, "what was refused waits in the inbox again")                    \
    X(0, snapshot_across_restore, 1, "goes on only where the history it was read from stands")     \
    X(0, former_work_across_restore, 1, "is offered again under the new replica id")               \
    X(0, late_word_of_a_lost_commit, 2, "a server that slept does not mix two histories")           \
    X(0, notify_lost, 2, "the poll repairs a lost wake-up within two seconds")                     \
    X(0, two_devices_offline, 1, "one user on two devices: merged, or the own conflict told")      \
    X(0, discard_against_resend, 1, "discarded here, resent there: one of them holds")             \
    X(0, ten_thousand_queued, 1, "more than a frame holds: all arrive, in order, once")            \
    X(0, reconnect_storm, 1, "spread, bounded, all back")

#define SCENARIO(name) void scenario_##name(struct scene *scene)
#define SCENARIO_DECLARE(number, name, servers, claim) void scenario_##name(struct scene *scene);
SCENARIOS(SCENARIO_DECLARE)
#undef SCENARIO_DECLARE

#endif
