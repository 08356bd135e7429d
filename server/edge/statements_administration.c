/* statements_administration.c - what administration reads by itself; it writes only through the
 * store. */
#include "server/edge/statements_administration.h"

const char administration_team[] = "SELECT set_config('sluice.team', $1, false)";

const char administration_members[] =
    "SELECT m.id, m.name, m.role, m.removed OR m.row_removed,"
    " EXISTS (SELECT FROM device d WHERE d.team_id = m.team_id AND d.member = m.id"
    " AND NOT d.revoked)"
    " FROM member m WHERE m.team_id = $1::uuid ORDER BY m.seq, m.id";

const char administration_counts[] =
    "SELECT t.name, t.head_seq,"
    " (SELECT count(*) FROM member m WHERE m.team_id = t.team_id"
    " AND NOT (m.removed OR m.row_removed)),"
    " (SELECT count(*) FROM device d WHERE d.team_id = t.team_id AND NOT d.revoked),"
    " (SELECT count(*) FROM deal x WHERE x.team_id = t.team_id AND NOT x.row_removed)"
    " FROM team t WHERE t.team_id = $1::uuid";
