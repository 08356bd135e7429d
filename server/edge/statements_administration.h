/* statements_administration.h - the SQL of administration. For administration.c only. */
#ifndef SLUICE_SERVER_EDGE_STATEMENTS_ADMINISTRATION_H
#define SLUICE_SERVER_EDGE_STATEMENTS_ADMINISTRATION_H

extern const char administration_team[];    /* $1 team, for this connection */
extern const char administration_members[]; /* $1 team -> id, name, role, gone, has a device */
extern const char administration_counts[];  /* $1 team -> name, seq, members, devices, deals */

#endif
