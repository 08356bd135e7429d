-- 0002_keys_last - the primary keys are made after the other indexes of their tables.
--
-- Between indexes that look equally good PostgreSQL takes the one that was made last. While a team is
-- new its tables are empty and all indexes that begin with team_id look equal; a lookup by key must
-- not be planned to lead through the whole team.

ALTER TABLE member DROP CONSTRAINT member_pkey, ADD PRIMARY KEY (team_id, id);
ALTER TABLE organisation DROP CONSTRAINT organisation_pkey, ADD PRIMARY KEY (team_id, id);
ALTER TABLE person DROP CONSTRAINT person_pkey, ADD PRIMARY KEY (team_id, id);
ALTER TABLE deal DROP CONSTRAINT deal_pkey, ADD PRIMARY KEY (team_id, id);
ALTER TABLE activity DROP CONSTRAINT activity_pkey, ADD PRIMARY KEY (team_id, id);
ALTER TABLE inbox DROP CONSTRAINT inbox_pkey, ADD PRIMARY KEY (team_id, id);
ALTER TABLE outcome DROP CONSTRAINT outcome_pkey, ADD PRIMARY KEY (team_id, replica, number);
ALTER TABLE device DROP CONSTRAINT device_pkey, ADD PRIMARY KEY (team_id, id);
ALTER TABLE replica DROP CONSTRAINT replica_pkey, ADD PRIMARY KEY (team_id, id);
