/* statements_administration.h - the SQL of administration. For administration.c and access_restore.c only. */
#ifndef SLUICE_SERVER_EDGE_STATEMENTS_ADMINISTRATION_H
#define SLUICE_SERVER_EDGE_STATEMENTS_ADMINISTRATION_H

extern const char administration_team[];    /* $1 team, for this connection */
extern const char administration_members[]; /* $1 team -> id, name, role, gone, has a device */
extern const char administration_counts[];  /* $1 team -> name, seq, members, devices, deals */
extern const char administration_device[];      /* $1 team, $2 device -> id */
extern const char administration_device_open[]; /* the same, while it is not revoked */
extern const char administration_invitation_open[]; /* $1 team, $2 invitation -> id, while it may be used */
extern const char administration_invitations_open[]; /* $1 team -> id, name, role, by, until */
extern const char administration_taken_back[]; /* -> team, invitation, at, by */
extern const char administration_member_open[]; /* $1 team, $2 member -> id, while in the team */
extern const char administration_owner[];       /* $1 team, $2 not that one -> id of an owner */
extern const char administration_enrolled[];    /* -> team, device, ms, key, code hash, name */
extern const char administration_revoked[];
extern const char administration_removed[];     /* -> team, device, ms, by */
extern const char administration_replicas[];    /* $1 team -> id, number */
extern const char administration_devices[];     /* $1 team -> id, member, name */

#endif
