/* statements_administration.c - what administration reads by itself; it writes only through the
 * store. */
#include "server/edge/statements_administration.h"

const char administration_team[] = "SELECT set_config('sluice.team', $1, false)";

const char administration_members[] =
    "SELECT m.id, m.name, m.role, m.removed OR m.row_removed,"
    " m.imported FROM member m WHERE m.team_id = $1::uuid ORDER BY m.seq, m.id";

const char administration_counts[] =
    "SELECT t.name, t.head_seq,"
    " (SELECT count(*) FROM member m WHERE m.team_id = t.team_id"
    " AND NOT (m.removed OR m.row_removed)),"
    " (SELECT count(*) FROM device d WHERE d.team_id = t.team_id AND NOT d.revoked),"
    " (SELECT count(*) FROM deal x WHERE x.team_id = t.team_id AND NOT x.row_removed)"
    " FROM team t WHERE t.team_id = $1::uuid";

const char administration_device[] =
    "SELECT id FROM device WHERE team_id = $1::uuid AND id = $2::uuid";

const char administration_device_open[] =
    "SELECT id FROM device WHERE team_id = $1::uuid AND id = $2::uuid AND NOT revoked";

const char administration_invitation_open[] =
    "SELECT id FROM invitation WHERE team_id = $1::uuid AND id = $2::uuid"
    " AND NOT (revoked OR row_removed) AND used_by IS NULL";

const char administration_member_open[] =
    "SELECT id FROM member WHERE team_id = $1::uuid AND id = $2::uuid"
    " AND NOT (removed OR row_removed)";

const char administration_owner[] =
    "SELECT id FROM member WHERE team_id = $1::uuid AND id <> $2::uuid AND role = 1"
    " AND NOT (removed OR row_removed) ORDER BY seq, id LIMIT 1";

const char administration_enrolled[] =
    "SELECT d.team_id, d.id, (extract(epoch FROM i.used_at) * 1000)::bigint,"
    " encode(d.public_key, 'hex'), encode(i.code_hash, 'hex'), coalesce(d.name, '')"
    " FROM invitation i JOIN device d ON d.public_key = i.used_by"
    " WHERE i.used_at IS NOT NULL ORDER BY i.used_at, d.id";

const char administration_revoked[] =
    "SELECT team_id, id, coalesce((extract(epoch FROM revoked_at) * 1000)::bigint, 0), revoked_by"
    " FROM device WHERE revoked ORDER BY revoked_at, id";

const char administration_removed[] =
    "SELECT team_id, id, 0, NULL::uuid FROM member WHERE removed ORDER BY seq, id";

const char administration_invitations_open[] =
    "SELECT i.id, m.name, m.role, coalesce(b.name, '?'),"
    " to_char(i.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI UTC')"
    " FROM invitation i JOIN member m ON m.team_id = i.team_id AND m.id = i.member"
    " LEFT JOIN member b ON b.team_id = i.team_id AND b.id = i.invited_by"
    " WHERE i.team_id = $1::uuid AND NOT (i.revoked OR i.row_removed) AND i.used_by IS NULL"
    " AND i.expires_at > now() ORDER BY i.created_at, i.id";

const char administration_taken_back[] =
    "SELECT team_id, id, coalesce((extract(epoch FROM revoked_at) * 1000)::bigint, 0), revoked_by"
    " FROM invitation WHERE revoked ORDER BY revoked_at, id";

const char administration_replicas[] =
    "SELECT id, last_number FROM replica WHERE team_id = $1::uuid";

const char administration_devices[] =
    "SELECT d.id, m.name, d.name FROM device d"
    " JOIN member m ON m.team_id = d.team_id AND m.id = d.member WHERE d.team_id = $1::uuid";
