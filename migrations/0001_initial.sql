-- 0001_initial - the whole schema of the first version: tables, the wall between teams, rights.
--
-- Every table begins its key with team_id. Text that is absent is NULL, a reference to nobody is
-- NULL, an empty set is NULL. What a number of a choice means is said in the column's comment.
-- There are no foreign keys between synced rows: the rules are checked by the program before it
-- writes, rows are never deleted, and a batch must not fail on the order of its rows.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_app') THEN
        CREATE ROLE sluice_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this cluster is being migrated at the same moment
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The team this transaction works for; NULL when none was named.
CREATE FUNCTION sluice_team() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('sluice.team', true), '')::uuid;
COMMENT ON FUNCTION sluice_team() IS
    'The team set for this transaction by set_config(''sluice.team'', ...); row-level security '
    'shows its rows only.';

CREATE TABLE team (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    name text,
    zone_name text,
    zone bytea,
    currency text,
    head_seq bigint NOT NULL DEFAULT 0,
    head_mark bytea CHECK (octet_length(head_mark) = 16),
    recorded_last timestamptz,
    inbox_last bigint NOT NULL DEFAULT 0,
    definition_version bigint NOT NULL DEFAULT 0,
    access_version bigint NOT NULL DEFAULT 0,
    CHECK (id = team_id),
    PRIMARY KEY (team_id, id)
);
COMMENT ON TABLE team IS 'A team; also where its history stands now.';
COMMENT ON COLUMN team.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN team.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN team.id IS 'Same as team_id.';
COMMENT ON COLUMN team.zone_name IS 'Name of the time zone, as in the tz database.';
COMMENT ON COLUMN team.zone IS 'The zone as a packed transition table.';
COMMENT ON COLUMN team.currency IS 'ISO 4217; the default of new deals.';
COMMENT ON COLUMN team.head_seq IS 'Number of changes so far: where the team''s history stands.';
COMMENT ON COLUMN team.head_mark IS 'Random mark of the last commit; tells a restored history from this one.';
COMMENT ON COLUMN team.recorded_last IS 'Latest recorded_at given; time never runs backwards in a team.';
COMMENT ON COLUMN team.inbox_last IS 'Highest inbox.number given.';
COMMENT ON COLUMN team.definition_version IS 'Version of the definition in force.';
COMMENT ON COLUMN team.access_version IS 'Counts the changes to members and their roles.';

CREATE TABLE member (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    name text,
    role smallint,
    imported boolean NOT NULL DEFAULT false,
    removed boolean NOT NULL DEFAULT false,
    sight_seq bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (team_id, id)
);
CREATE INDEX member_seq ON member (team_id, seq);
COMMENT ON TABLE member IS 'A person of the team, with a role.';
COMMENT ON COLUMN member.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN member.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN member.role IS '1 owner, 2 manager, 3 rep, 4 viewer.';
COMMENT ON COLUMN member.imported IS 'Came with an import; credited in reports, has no device.';
COMMENT ON COLUMN member.removed IS 'Left the team; kept for history.';
COMMENT ON COLUMN member.sight_seq IS 'When the role changed last: a copy with an older cursor gets everything anew, because it shows what the former role might see.';

CREATE TABLE organisation (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    name text,
    website text,
    phone text,
    address text,
    country text,
    industry text,
    note text,
    external_id text,
    created_by uuid,
    created_at timestamptz,
    PRIMARY KEY (team_id, id)
);
CREATE INDEX organisation_seq ON organisation (team_id, seq);
COMMENT ON TABLE organisation IS 'A customer or prospect.';
COMMENT ON COLUMN organisation.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN organisation.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN organisation.external_id IS 'Id in the system it was imported from.';
COMMENT ON COLUMN organisation.created_by IS 'Member.';

CREATE TABLE person (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    name text,
    email text,
    phone text,
    position text,
    org uuid,
    note text,
    external_id text,
    created_by uuid,
    created_at timestamptz,
    PRIMARY KEY (team_id, id)
);
CREATE INDEX person_seq ON person (team_id, seq);
CREATE INDEX person_org ON person (team_id, org) WHERE org IS NOT NULL;
COMMENT ON TABLE person IS 'Somebody at an organisation.';
COMMENT ON COLUMN person.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN person.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN person.position IS 'What they do there.';
COMMENT ON COLUMN person.org IS 'Organisation.';
COMMENT ON COLUMN person.external_id IS 'Id in the system it was imported from.';
COMMENT ON COLUMN person.created_by IS 'Member.';

CREATE TABLE deal (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    title text,
    org uuid,
    contact uuid,
    pipeline text,
    stage text,
    status smallint,
    lost_reason text,
    wake_date date,
    value bigint,
    currency text,
    owner uuid,
    expected_close date,
    source text,
    next_step text,
    due date,
    tags text[],
    category text,
    probability bigint,
    probability_by_hand boolean NOT NULL DEFAULT false,
    checks text[],
    external_id text,
    attention boolean NOT NULL DEFAULT false,
    created_by uuid,
    created_at timestamptz,
    stage_entered_at timestamptz,
    stage_changed_at timestamptz,
    closed_at timestamptz,
    push_count bigint,
    PRIMARY KEY (team_id, id)
);
CREATE INDEX deal_seq ON deal (team_id, seq);
CREATE INDEX deal_org ON deal (team_id, org) WHERE org IS NOT NULL;
CREATE INDEX deal_contact ON deal (team_id, contact) WHERE contact IS NOT NULL;
COMMENT ON TABLE deal IS 'A deal in a pipeline.';
COMMENT ON COLUMN deal.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN deal.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN deal.org IS 'Organisation.';
COMMENT ON COLUMN deal.contact IS 'Person.';
COMMENT ON COLUMN deal.pipeline IS 'Key of the pipeline in the definition.';
COMMENT ON COLUMN deal.stage IS 'Key of the stage in the definition.';
COMMENT ON COLUMN deal.status IS '1 open, 2 won, 3 lost, 4 iced, 5 discarded.';
COMMENT ON COLUMN deal.wake_date IS 'On ice until then.';
COMMENT ON COLUMN deal.value IS 'Minor units of currency.';
COMMENT ON COLUMN deal.currency IS 'ISO 4217.';
COMMENT ON COLUMN deal.owner IS 'Member.';
COMMENT ON COLUMN deal.due IS 'When the next step is due.';
COMMENT ON COLUMN deal.category IS 'Forecast: commit, best-case, pipeline, omitted.';
COMMENT ON COLUMN deal.probability IS 'Percent, when given by hand.';
COMMENT ON COLUMN deal.probability_by_hand IS 'Otherwise the probability is the stages.';
COMMENT ON COLUMN deal.checks IS 'Keys of the checks that hold.';
COMMENT ON COLUMN deal.external_id IS 'Id in the system it was imported from.';
COMMENT ON COLUMN deal.attention IS 'Stands where the gates would not have let it in.';
COMMENT ON COLUMN deal.created_by IS 'Member.';
COMMENT ON COLUMN deal.stage_entered_at IS 'Of the running visit to the stage.';
COMMENT ON COLUMN deal.stage_changed_at IS 'When the last stage event happened.';
COMMENT ON COLUMN deal.push_count IS 'How often the expected close moved to a later month.';

CREATE TABLE activity (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    type smallint,
    deal uuid,
    org uuid,
    person uuid,
    member uuid,
    text text,
    happened_at timestamptz,
    created_at timestamptz,
    PRIMARY KEY (team_id, id)
);
CREATE INDEX activity_seq ON activity (team_id, seq);
CREATE INDEX activity_deal ON activity (team_id, deal) WHERE deal IS NOT NULL;
CREATE INDEX activity_org ON activity (team_id, org) WHERE org IS NOT NULL;
CREATE INDEX activity_person ON activity (team_id, person) WHERE person IS NOT NULL;
COMMENT ON TABLE activity IS 'A call, mail, meeting or note.';
COMMENT ON COLUMN activity.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN activity.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN activity.type IS '1 call, 2 mail out, 3 mail in, 4 meeting, 5 note.';
COMMENT ON COLUMN activity.org IS 'Organisation.';

CREATE TABLE event (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    n bigint NOT NULL CHECK (n >= 0),
    subject uuid NOT NULL,
    subject_kind smallint,
    what smallint,
    field text,
    from_value text,
    to_value text,
    pipeline text,
    from_stage text,
    to_stage text,
    from_status smallint,
    to_status smallint,
    owner uuid,
    value bigint,
    currency text,
    who uuid,
    happened_at timestamptz,
    recorded_at timestamptz,
    claimed_at timestamptz,
    mutation uuid,
    undoes uuid,
    batch uuid,
    PRIMARY KEY (team_id, subject, seq, n)
);
CREATE INDEX event_seq ON event (team_id, seq);
COMMENT ON TABLE event IS 'History: what happened to a thing, append-only.';
COMMENT ON COLUMN event.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN event.n IS 'Numbers the events of one subject within one seq.';
COMMENT ON COLUMN event.subject IS 'The thing it happened to.';
COMMENT ON COLUMN event.subject_kind IS '1 team, 2 member, 3 definition, 4 organisation, 5 person, 6 deal, 7 activity, 9 inbox.';
COMMENT ON COLUMN event.what IS '1 created, 2 stage, 3 field, 4 deleted, 5 imported.';
COMMENT ON COLUMN event.from_value IS 'Canonical text.';
COMMENT ON COLUMN event.to_value IS 'Canonical text.';
COMMENT ON COLUMN event.from_status IS 'As deal.status.';
COMMENT ON COLUMN event.to_status IS 'As deal.status.';
COMMENT ON COLUMN event.owner IS 'Member who owned the deal after it.';
COMMENT ON COLUMN event.value IS 'Of the deal after it, minor units.';
COMMENT ON COLUMN event.currency IS 'ISO 4217.';
COMMENT ON COLUMN event.who IS 'Member who did it.';
COMMENT ON COLUMN event.happened_at IS 'NULL: unknown (imports).';
COMMENT ON COLUMN event.recorded_at IS 'When the server wrote it down.';
COMMENT ON COLUMN event.claimed_at IS 'When the device said it happened.';
COMMENT ON COLUMN event.mutation IS 'The change that caused it.';
COMMENT ON COLUMN event.undoes IS 'The change it takes back.';

CREATE TABLE inbox (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    number bigint,
    kind smallint,
    state smallint,
    subject_kind smallint,
    subject uuid,
    field text,
    base text,
    mine text,
    theirs text,
    reasons text,
    payload bytea,
    mutation uuid,
    author uuid,
    concerned uuid,
    group_id uuid,
    acted_at timestamptz,
    recorded_at timestamptz,
    closed_at timestamptz,
    closed_by uuid,
    PRIMARY KEY (team_id, id)
);
CREATE INDEX inbox_seq ON inbox (team_id, seq);
COMMENT ON TABLE inbox IS 'Conflicts, refused changes and notices, for the people concerned.';
COMMENT ON COLUMN inbox.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN inbox.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN inbox.number IS 'Within the team; never recurs.';
COMMENT ON COLUMN inbox.kind IS '1 conflict, 2 parked, 3 notice.';
COMMENT ON COLUMN inbox.state IS '1 open, 2 mine, 3 theirs, 4 value, 5 discarded, 6 resent.';
COMMENT ON COLUMN inbox.subject_kind IS 'As event.subject_kind.';
COMMENT ON COLUMN inbox.base IS 'What the author saw.';
COMMENT ON COLUMN inbox.mine IS 'What the author wanted.';
COMMENT ON COLUMN inbox.theirs IS 'What stood.';
COMMENT ON COLUMN inbox.reasons IS 'Why it was refused, one a line.';
COMMENT ON COLUMN inbox.payload IS 'The change as received.';
COMMENT ON COLUMN inbox.mutation IS 'The change.';
COMMENT ON COLUMN inbox.author IS 'Member.';
COMMENT ON COLUMN inbox.concerned IS 'Member.';
COMMENT ON COLUMN inbox.group_id IS 'The refused creation it hangs on.';
COMMENT ON COLUMN inbox.closed_by IS 'Member.';

CREATE TABLE outcome (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    replica uuid NOT NULL,
    number bigint NOT NULL,
    kind smallint,
    mutation uuid,
    member uuid,
    payload_hash bytea,
    reasons text,
    recorded_at timestamptz,
    PRIMARY KEY (team_id, replica, number)
);
CREATE INDEX outcome_seq ON outcome (team_id, replica, seq);
CREATE INDEX outcome_mutation ON outcome (team_id, mutation);
COMMENT ON TABLE outcome IS 'The answer to one change, kept for ever: it makes sending again harmless.';
COMMENT ON COLUMN outcome.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN outcome.replica IS 'The copy that sent it.';
COMMENT ON COLUMN outcome.number IS 'Its number there.';
COMMENT ON COLUMN outcome.kind IS '1 applied, 2 merged, 3 conflict, 4 parked.';
COMMENT ON COLUMN outcome.mutation IS 'The change.';
COMMENT ON COLUMN outcome.payload_hash IS 'BLAKE2b-256 of the change as received.';

CREATE TABLE invitation (
    team_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    member uuid,
    invited_by uuid,
    code_hash bytea,
    expires_at timestamptz,
    created_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid,
    revoked boolean NOT NULL DEFAULT false,
    used_at timestamptz,
    used_by bytea,
    PRIMARY KEY (team_id, id)
);
CREATE UNIQUE INDEX invitation_code ON invitation (code_hash);
CREATE INDEX invitation_seq ON invitation (team_id, seq);
COMMENT ON TABLE invitation IS 'A one-time code with which a device joins.';
COMMENT ON COLUMN invitation.seq IS 'The change of the team that wrote this row last.';
COMMENT ON COLUMN invitation.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN invitation.member IS 'Who will have joined.';
COMMENT ON COLUMN invitation.invited_by IS 'Member.';
COMMENT ON COLUMN invitation.code_hash IS 'BLAKE2b-256; the code itself is stored nowhere.';
COMMENT ON COLUMN invitation.revoked_at IS 'When it was taken back.';
COMMENT ON COLUMN invitation.revoked_by IS 'Member.';
COMMENT ON COLUMN invitation.revoked IS 'It lets nobody in any more; who joined with it before stays.';
COMMENT ON COLUMN invitation.used_at IS 'When a device joined with it.';
COMMENT ON COLUMN invitation.used_by IS 'Public key of that device; it alone may try again.';

CREATE TABLE definition (
    team_id uuid NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    seq bigint NOT NULL,
    PRIMARY KEY (team_id, version)
);
COMMENT ON TABLE definition IS 'Versions of the team''s stage definition; the highest is in force.';
COMMENT ON COLUMN definition.seq IS 'The change of the team that brought this version.';

CREATE TABLE pipeline (
    team_id uuid NOT NULL,
    version bigint NOT NULL,
    position integer NOT NULL,
    key text NOT NULL,
    name text,
    PRIMARY KEY (team_id, version, position),
    UNIQUE (team_id, version, key)
);
COMMENT ON TABLE pipeline IS 'The pipelines of one version of the definition, in order of position.';

CREATE TABLE stage (
    team_id uuid NOT NULL,
    version bigint NOT NULL,
    pipeline integer NOT NULL,
    position integer NOT NULL,
    key text NOT NULL,
    name text,
    text text,
    kind smallint NOT NULL,
    probability smallint NOT NULL,
    expected_days integer NOT NULL,
    quiet_days integer NOT NULL,
    slow_days integer NOT NULL,
    skip_forbidden boolean NOT NULL,
    back smallint NOT NULL,
    removed boolean NOT NULL,
    successor text,
    gates text[],
    PRIMARY KEY (team_id, version, pipeline, position)
);
COMMENT ON TABLE stage IS 'The stages of a pipeline, left to right.';
COMMENT ON COLUMN stage.pipeline IS 'Position of the pipeline.';
COMMENT ON COLUMN stage.text IS 'What must be true of a deal to be in it.';
COMMENT ON COLUMN stage.kind IS '1 lead, 2 open, 3 won, 4 lost.';
COMMENT ON COLUMN stage.back IS 'Leaving it backwards: 0 allowed, 1 for managers, 2 never.';
COMMENT ON COLUMN stage.successor IS 'Where deals of a removed stage are shown.';
COMMENT ON COLUMN stage.gates IS 'What a deal needs to enter: "value", "org|contact", "check:budget".';

CREATE TABLE stage_check (
    team_id uuid NOT NULL,
    version bigint NOT NULL,
    pipeline integer NOT NULL,
    position integer NOT NULL,
    key text NOT NULL,
    name text,
    PRIMARY KEY (team_id, version, pipeline, position)
);
COMMENT ON TABLE stage_check IS 'Questions answered by hand that gates may ask for.';

CREATE TABLE device (
    team_id uuid NOT NULL,
    seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    row_removed boolean NOT NULL DEFAULT false,
    id uuid NOT NULL,
    member uuid,
    name text,
    created_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid,
    revoked boolean NOT NULL DEFAULT false,
    invitation uuid,
    public_key bytea UNIQUE CHECK (octet_length(public_key) = 32),
    PRIMARY KEY (team_id, id)
);
CREATE INDEX device_seq ON device (team_id, seq);
CREATE INDEX device_member ON device (team_id, member);
COMMENT ON TABLE device IS 'A member''s device, known by its X25519 key.';
COMMENT ON COLUMN device.seq IS 'The change of the team that wrote this row last; 0 until the device is announced.';
COMMENT ON COLUMN device.row_removed IS 'Gone; only key and seq remain.';
COMMENT ON COLUMN device.revoked_at IS 'When it was revoked.';
COMMENT ON COLUMN device.revoked_by IS 'Member.';
COMMENT ON COLUMN device.revoked IS 'It may deliver what it has, for managers to decide on, and is told to erase itself.';
COMMENT ON COLUMN device.invitation IS 'The one it joined with.';
COMMENT ON COLUMN device.public_key IS 'Written by device_enrol only.';

CREATE TABLE replica (
    team_id uuid NOT NULL,
    id uuid NOT NULL,
    device uuid NOT NULL,
    last_number bigint NOT NULL DEFAULT 0,
    token bytea CHECK (octet_length(token) = 16),
    next_token bytea CHECK (octet_length(next_token) = 16),
    deliver_to bigint,
    copy boolean NOT NULL DEFAULT false,
    PRIMARY KEY (team_id, id)
);
CREATE INDEX replica_device ON replica (team_id, device);
COMMENT ON TABLE replica IS 'One copy of the team''s data on a device; its changes are numbered without gaps.';
COMMENT ON COLUMN replica.last_number IS 'Number of its last answered change.';
COMMENT ON COLUMN replica.token IS 'Shows a copy that was cloned or restored; rotates with each session.';
COMMENT ON COLUMN replica.deliver_to IS 'Of a revoked device: the last number it may still deliver.';
COMMENT ON COLUMN replica.copy IS 'Its device had another copy before: cloned, restored, or made anew.';
COMMENT ON COLUMN replica.next_token IS 'Announced; the copy holds this one or the one before.';

CREATE TABLE commit_mark (
    team_id uuid NOT NULL,
    seq bigint NOT NULL,
    mark bytea NOT NULL CHECK (octet_length(mark) = 16),
    PRIMARY KEY (team_id, seq)
);
COMMENT ON TABLE commit_mark IS 'The mark of every commit, by the seq it ended with: a cursor that is not here belongs to another history.';

-- What the columns that speak for themselves say to who meets them in \d+.
COMMENT ON COLUMN team.team_id IS 'UUID of the team; every key begins with it.';
COMMENT ON COLUMN team.name IS 'As people call it.';
COMMENT ON COLUMN member.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN member.id IS 'UUID of the member.';
COMMENT ON COLUMN member.name IS 'As people call it.';
COMMENT ON COLUMN organisation.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN organisation.id IS 'UUID, given by the device that made it.';
COMMENT ON COLUMN organisation.name IS 'As people call it.';
COMMENT ON COLUMN organisation.website IS 'Address of its web site.';
COMMENT ON COLUMN organisation.phone IS 'Telephone number, as written.';
COMMENT ON COLUMN organisation.address IS 'Postal address, may have several lines.';
COMMENT ON COLUMN organisation.country IS 'Country, as written.';
COMMENT ON COLUMN organisation.industry IS 'Line of business, as written.';
COMMENT ON COLUMN organisation.note IS 'Free text, may have several lines.';
COMMENT ON COLUMN organisation.created_at IS 'When it was made, as far as known.';
COMMENT ON COLUMN person.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN person.id IS 'UUID, given by the device that made it.';
COMMENT ON COLUMN person.name IS 'As people call it.';
COMMENT ON COLUMN person.email IS 'E-mail address, as written.';
COMMENT ON COLUMN person.phone IS 'Telephone number, as written.';
COMMENT ON COLUMN person.note IS 'Free text, may have several lines.';
COMMENT ON COLUMN person.created_at IS 'When it was made, as far as known.';
COMMENT ON COLUMN deal.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN deal.id IS 'UUID, given by the device that made it.';
COMMENT ON COLUMN deal.title IS 'What it is about.';
COMMENT ON COLUMN deal.lost_reason IS 'Why it was lost or discarded, in words.';
COMMENT ON COLUMN deal.expected_close IS 'Day on which it is expected to be won or lost.';
COMMENT ON COLUMN deal.source IS 'Where it came from, in words.';
COMMENT ON COLUMN deal.next_step IS 'What is to be done next, in words.';
COMMENT ON COLUMN deal.tags IS 'Free labels.';
COMMENT ON COLUMN deal.created_at IS 'When it was made, as far as known.';
COMMENT ON COLUMN deal.closed_at IS 'When it was won or lost; NULL for all others.';
COMMENT ON COLUMN activity.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN activity.id IS 'UUID, given by the device that made it.';
COMMENT ON COLUMN activity.deal IS 'Deal it was about.';
COMMENT ON COLUMN activity.person IS 'Person it was with.';
COMMENT ON COLUMN activity.member IS 'Member who did it.';
COMMENT ON COLUMN activity.text IS 'What was said or done.';
COMMENT ON COLUMN activity.happened_at IS 'When it happened.';
COMMENT ON COLUMN activity.created_at IS 'When it was recorded.';
COMMENT ON COLUMN event.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN event.field IS
    'Name of the field that changed; with what = 2: "pipeline" when that changed too.';
COMMENT ON COLUMN event.pipeline IS 'Key of the deals pipeline after it.';
COMMENT ON COLUMN event.from_stage IS 'Key of the stage it left.';
COMMENT ON COLUMN event.to_stage IS 'Key of the stage it entered.';
COMMENT ON COLUMN event.batch IS 'Bulk work it was part of.';
COMMENT ON COLUMN inbox.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN inbox.id IS 'UUID, derived from what it is about.';
COMMENT ON COLUMN inbox.subject IS 'The thing it is about.';
COMMENT ON COLUMN inbox.field IS 'First field of what was changed on both sides.';
COMMENT ON COLUMN inbox.acted_at IS 'When the author acted, by the devices clock.';
COMMENT ON COLUMN inbox.recorded_at IS 'When the server wrote it down.';
COMMENT ON COLUMN inbox.closed_at IS 'When it was resolved.';
COMMENT ON COLUMN outcome.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN outcome.member IS 'Member whose change it was.';
COMMENT ON COLUMN outcome.reasons IS 'Why it was refused or became a conflict, one a line.';
COMMENT ON COLUMN outcome.recorded_at IS 'When the server wrote it down.';
COMMENT ON COLUMN invitation.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN invitation.id IS 'UUID, given by the device that made it.';
COMMENT ON COLUMN invitation.expires_at IS 'Until when it can be used.';
COMMENT ON COLUMN invitation.created_at IS 'When it was made, as far as known.';
COMMENT ON COLUMN definition.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN definition.version IS 'Version of the definition.';
COMMENT ON COLUMN pipeline.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN pipeline.version IS 'Version of the definition.';
COMMENT ON COLUMN pipeline.position IS 'Order on the board, from 0.';
COMMENT ON COLUMN pipeline.key IS 'Stable name, used by deals, filters and imports.';
COMMENT ON COLUMN pipeline.name IS 'As people call it.';
COMMENT ON COLUMN stage.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN stage.version IS 'Version of the definition.';
COMMENT ON COLUMN stage.position IS 'Order in its pipeline, from 0.';
COMMENT ON COLUMN stage.key IS 'Stable name, used by deals, filters and imports.';
COMMENT ON COLUMN stage.name IS 'As people call it.';
COMMENT ON COLUMN stage.probability IS 'Percent of such deals that are won, for the forecast.';
COMMENT ON COLUMN stage.expected_days IS 'How long a deal should stay; 0: not said.';
COMMENT ON COLUMN stage.quiet_days IS
    'Days without an activity after which a deal counts as quiet; 0: not said.';
COMMENT ON COLUMN stage.slow_days IS
    'Days in the stage after which a deal counts as slow; 0: not said.';
COMMENT ON COLUMN stage.skip_forbidden IS 'A deal may not pass it by.';
COMMENT ON COLUMN stage.removed IS 'No longer in use; kept because history names it.';
COMMENT ON COLUMN stage_check.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN stage_check.version IS 'Version of the definition.';
COMMENT ON COLUMN stage_check.pipeline IS 'Position of the pipeline.';
COMMENT ON COLUMN stage_check.position IS 'Order, from 0.';
COMMENT ON COLUMN stage_check.key IS 'Stable name, used by deals, filters and imports.';
COMMENT ON COLUMN stage_check.name IS 'The question.';
COMMENT ON COLUMN device.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN device.id IS 'UUID of the device.';
COMMENT ON COLUMN device.member IS 'Member whose device it is.';
COMMENT ON COLUMN device.name IS 'As its member calls it.';
COMMENT ON COLUMN device.created_at IS 'When it joined.';
COMMENT ON COLUMN replica.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN replica.id IS 'UUID, random, in the copys file.';
COMMENT ON COLUMN replica.device IS 'Device it is on.';
COMMENT ON COLUMN commit_mark.team_id IS 'The team whose row it is.';
COMMENT ON COLUMN commit_mark.seq IS 'Seq the commit ended with.';
COMMENT ON COLUMN commit_mark.mark IS '16 random bytes.';

-- For reports with other tools. They show one team, like everything else: whoever reads them needs
-- SELECT on them and on the tables below, and sluice.team set, for a role that only reads best once:
-- ALTER ROLE reports SET sluice.team = 'the team''s id'. A report's figures are the program's own
-- (sluice report); these are the rows behind them.
CREATE VIEW report_deal WITH (security_invoker = true) AS
SELECT d.team_id, d.id, d.title, o.name AS organisation, p.name AS contact, d.pipeline,
    pl.name AS pipeline_name, d.stage, st.name AS stage_name,
    (ARRAY['open', 'won', 'lost', 'iced', 'discarded'])[d.status] AS status,
    d.value, d.currency, m.name AS owner, d.expected_close, d.source, d.next_step, d.due, d.tags,
    d.category, CASE WHEN d.probability_by_hand THEN d.probability ELSE st.probability END
        AS probability,
    d.lost_reason, d.created_at, d.stage_entered_at, d.closed_at, d.attention
FROM deal d
LEFT JOIN organisation o ON o.team_id = d.team_id AND o.id = d.org
LEFT JOIN person p ON p.team_id = d.team_id AND p.id = d.contact
LEFT JOIN member m ON m.team_id = d.team_id AND m.id = d.owner
LEFT JOIN team t ON t.team_id = d.team_id AND t.id = d.team_id
LEFT JOIN pipeline pl ON pl.team_id = d.team_id AND pl.version = t.definition_version
    AND pl.key = d.pipeline
LEFT JOIN stage st ON st.team_id = d.team_id AND st.version = t.definition_version
    AND st.pipeline = pl.position AND st.key = d.stage
WHERE NOT d.row_removed;
COMMENT ON VIEW report_deal IS
    'Deals with the names of what they refer to. value is in minor units of currency. Needs '
    'sluice.team set, as all tables do.';

CREATE VIEW report_stage_history WITH (security_invoker = true) AS
SELECT e.team_id, e.subject AS deal, d.title, e.seq, e.n, e.pipeline, e.from_stage, e.to_stage,
    (ARRAY['open', 'won', 'lost', 'iced', 'discarded'])[e.from_status] AS from_status,
    (ARRAY['open', 'won', 'lost', 'iced', 'discarded'])[e.to_status] AS to_status,
    w.name AS who, o.name AS owner, e.value, e.currency, e.happened_at, e.recorded_at,
    e.what = 5 AS imported, e.undoes IS NOT NULL AS is_undo
FROM event e
LEFT JOIN deal d ON d.team_id = e.team_id AND d.id = e.subject
LEFT JOIN member w ON w.team_id = e.team_id AND w.id = e.who
LEFT JOIN member o ON o.team_id = e.team_id AND o.id = e.owner
WHERE e.subject_kind = 6 AND e.what IN (1, 2, 4, 5);
COMMENT ON VIEW report_stage_history IS
    'How deals went through their stages, in order of seq and n: created, moved, closed, imported, '
    'deleted. happened_at is NULL where it is not known.';

CREATE VIEW report_activity WITH (security_invoker = true) AS
SELECT a.team_id, a.id,
    (ARRAY['call', 'mail-out', 'mail-in', 'meeting', 'note'])[a.type] AS type,
    a.deal, d.title AS deal_title, o.name AS organisation, p.name AS person, m.name AS member,
    a.text, a.happened_at, a.created_at
FROM activity a
LEFT JOIN deal d ON d.team_id = a.team_id AND d.id = a.deal
LEFT JOIN organisation o ON o.team_id = a.team_id AND o.id = coalesce(a.org, d.org)
LEFT JOIN person p ON p.team_id = a.team_id AND p.id = a.person
LEFT JOIN member m ON m.team_id = a.team_id AND m.id = a.member
WHERE NOT a.row_removed;
COMMENT ON VIEW report_activity IS
    'Calls, mails, meetings and notes with the names of what they refer to.';

-- The second wall between teams: without the team set, and outside it, there are no rows, for the
-- owner of the tables too.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['team', 'member', 'organisation', 'person', 'deal', 'activity',
        'event', 'inbox', 'outcome', 'invitation', 'definition', 'pipeline', 'stage',
        'stage_check', 'device', 'replica', 'commit_mark'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$
            CREATE POLICY team_wall ON %I
                USING (team_id = nullif(current_setting('sluice.team', true), '')::uuid)
                WITH CHECK (team_id = nullif(current_setting('sluice.team', true), '')::uuid)
            $policy$, name);
    END LOOP;
END
$$;

-- A key or a code says which team it belongs to. Only the owner may look across teams for that, and
-- does in the two functions below.
CREATE POLICY owner_finds_team ON device FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY owner_finds_team ON invitation FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY owner_finds_team ON member FOR SELECT TO CURRENT_USER USING (true);

GRANT SELECT, INSERT, UPDATE ON team, member, organisation, person, deal, activity, inbox, replica
    TO sluice_app;
GRANT SELECT, INSERT ON event, outcome, definition, pipeline, stage, stage_check, commit_mark
    TO sluice_app;
-- Everything but who used it: that is written by device_enrol only.
GRANT SELECT, INSERT (team_id, seq, row_removed, id, member, invited_by, code_hash, expires_at,
    created_at, revoked_at, revoked_by, revoked), UPDATE (seq, row_removed, member, invited_by,
    code_hash, expires_at, created_at, revoked_at, revoked_by, revoked) ON invitation TO sluice_app;
-- Everything but the key, which device_enrol alone writes.
GRANT SELECT, INSERT (team_id, seq, row_removed, id, member, name, created_at, revoked_at,
    revoked_by, revoked, invitation), UPDATE (seq, row_removed, member, name, created_at, revoked_at,
    revoked_by, revoked, invitation) ON device TO sluice_app;

CREATE FUNCTION team_advance(team uuid, expected_seq bigint, new_seq bigint, mark bytea,
                             recorded timestamptz, inbox bigint, definition_version bigint,
                             access_changes bigint, expected_mark bytea, unanswered uuid[])
    RETURNS void
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    changed bigint;
BEGIN
    PERFORM set_config('sluice.team', team_advance.team::text, true);
    IF team_advance.expected_seq = 0 THEN
        INSERT INTO team (team_id, id, seq) VALUES (team_advance.team, team_advance.team, 0)
            ON CONFLICT DO NOTHING;
    END IF;
    -- A commit that takes no seq leaves no mark: copies would ask for it in vain.
    UPDATE team SET head_seq = team_advance.new_seq,
            head_mark = CASE WHEN team_advance.new_seq > team_advance.expected_seq
                             THEN team_advance.mark ELSE team.head_mark END,
            recorded_last = team_advance.recorded, inbox_last = team_advance.inbox,
            definition_version = coalesce(team_advance.definition_version,
                                          team.definition_version),
            access_version = team.access_version + team_advance.access_changes
        WHERE team_id = team_advance.team AND head_seq = team_advance.expected_seq
            AND (team_advance.expected_mark IS NULL OR head_mark = team_advance.expected_mark);
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed = 0 OR team_advance.new_seq < team_advance.expected_seq THEN
        RAISE EXCEPTION 'team is not at the expected seq' USING ERRCODE = '40001';
    END IF;
    -- Each looked up by itself: see statements_fields.c.
    IF EXISTS (SELECT FROM unnest(team_advance.unanswered) AS u(of) CROSS JOIN LATERAL
               (SELECT FROM outcome WHERE outcome.team_id = team_advance.team
                    AND outcome.mutation = u.of OFFSET 0) AS answered) THEN
        RAISE EXCEPTION 'one of these changes has an answer' USING ERRCODE = '40001';
    END IF;
    IF team_advance.new_seq > team_advance.expected_seq THEN
        INSERT INTO commit_mark (team_id, seq, mark)
            VALUES (team_advance.team, team_advance.new_seq, team_advance.mark);
    END IF;
END
$$;
COMMENT ON FUNCTION team_advance(uuid, bigint, bigint, bytea, timestamptz, bigint, bigint, bigint, bytea, uuid[]) IS
    'First statement of every commit: moves the team on from the expected seq, or raises 40001 so '
    'that everything behind it in the same transaction is undone; so too when one of the changes said '
    'to be unanswered has an answer. Makes the team when expected is 0.';

CREATE FUNCTION device_find(key bytea)
    RETURNS TABLE (team_id uuid, device uuid, member uuid, revoked boolean, announced boolean,
                   others boolean, sight_seq bigint, revoked_at timestamptz, revoked_by text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
#variable_conflict use_column
BEGIN
    SELECT d.team_id, d.id, d.member, d.revoked, d.seq > 0, d.revoked_at
        INTO team_id, device, member, revoked, announced, revoked_at
        FROM device d WHERE d.public_key = device_find.key;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM set_config('sluice.team', device_find.team_id::text, true);
    SELECT device_find.revoked OR m.removed OR m.row_removed, m.sight_seq INTO revoked, sight_seq
        FROM member m WHERE m.team_id = device_find.team_id AND m.id = device_find.member;
    SELECT EXISTS (SELECT FROM device d WHERE d.team_id = device_find.team_id
        AND d.member = device_find.member AND d.id <> device_find.device AND NOT d.revoked)
        INTO others;
    SELECT m.name INTO revoked_by FROM device d JOIN member m ON m.team_id = d.team_id
        AND m.id = d.revoked_by WHERE d.team_id = device_find.team_id AND d.id = device_find.device;
    revoked := revoked IS NOT FALSE; -- without a member too
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION device_find(bytea) IS
    'Whose device is this? Sets the team of the transaction. No row: unknown.';

CREATE FUNCTION device_enrol(code bytea, key bytea, device uuid, name text, at timestamptz)
    RETURNS TABLE (status text, team_id uuid, enrolled uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    wanted invitation%ROWTYPE;
    found_device device%ROWTYPE;
    active boolean;
BEGIN
    SELECT i.team_id INTO team_id FROM invitation i
        WHERE i.code_hash = device_enrol.code AND NOT i.row_removed;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'not_found', NULL::uuid, NULL::uuid;
        RETURN;
    END IF;
    PERFORM set_config('sluice.team', device_enrol.team_id::text, true);
    SELECT i.* INTO wanted FROM invitation i
        WHERE i.team_id = device_enrol.team_id AND i.code_hash = device_enrol.code FOR UPDATE;
    IF wanted.used_by <> device_enrol.key THEN
        RETURN QUERY SELECT 'used', NULL::uuid, NULL::uuid;
        RETURN;
    END IF;
    SELECT NOT (m.removed OR m.row_removed) INTO active FROM member m
        WHERE m.team_id = device_enrol.team_id AND m.id = wanted.member;
    SELECT d.* INTO found_device FROM device d WHERE d.public_key = device_enrol.key;
    IF active IS NOT TRUE OR found_device.revoked THEN
        RETURN QUERY SELECT 'revoked', NULL::uuid, NULL::uuid;
        RETURN;
    END IF;
    IF wanted.used_by IS NOT NULL THEN -- the same device tries again
        RETURN QUERY SELECT 'ok', wanted.team_id, found_device.id;
        RETURN;
    END IF;
    IF wanted.revoked THEN
        RETURN QUERY SELECT 'not_found', NULL::uuid, NULL::uuid;
        RETURN;
    END IF;
    IF wanted.expires_at <= device_enrol.at THEN
        RETURN QUERY SELECT 'expired', NULL::uuid, NULL::uuid;
        RETURN;
    END IF;
    -- A key belongs to one member of one team.
    IF found_device.id IS NOT NULL THEN
        RETURN QUERY SELECT 'used', NULL::uuid, NULL::uuid;
        RETURN;
    END IF;
    INSERT INTO device (team_id, id, member, public_key, name, created_at, invitation)
        VALUES (wanted.team_id, device_enrol.device, wanted.member, device_enrol.key,
                device_enrol.name, device_enrol.at, wanted.id);
    UPDATE invitation i SET used_at = device_enrol.at, used_by = device_enrol.key
        WHERE i.team_id = wanted.team_id AND i.id = wanted.id;
    RETURN QUERY SELECT 'ok', wanted.team_id, device_enrol.device;
END
$$;
COMMENT ON FUNCTION device_enrol(bytea, bytea, uuid, text, timestamptz) IS
    'Consumes an invitation for a device key, once; the same key may retry. Sets the team.';

-- Where a page of at most `row_limit` rows after the cursor ends: between two seqs, and past a
-- whole seq even when that has more rows. Remembered for the statements that read the rows.
CREATE FUNCTION page_end(team uuid, cursor_seq bigint, replica uuid, row_limit bigint)
    RETURNS bigint
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    first_seq bigint;
    last_seq bigint;
    total bigint;
    result bigint;
    commit_end bigint;
BEGIN
    SELECT min(found.seq), max(found.seq), count(*) INTO first_seq, last_seq, total
    FROM (
        (SELECT x.seq FROM team x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM member x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM organisation x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM person x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM deal x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM activity x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM event x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        -- One with a large payload counts as many: a page must fit the server's memory.
        (SELECT x.seq FROM inbox x, generate_series(0, coalesce(octet_length(x.payload), 0) / 1024)
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM device x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM invitation x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT x.seq FROM outcome x
            WHERE x.team_id = page_end.team AND x.seq > page_end.cursor_seq AND x.replica = page_end.replica
            ORDER BY x.seq LIMIT page_end.row_limit + 1)
        UNION ALL
        (SELECT max(x.seq) AS seq FROM definition x WHERE x.team_id = page_end.team
            HAVING max(x.seq) > page_end.cursor_seq)
        ORDER BY seq LIMIT page_end.row_limit + 1
    ) AS found;
    IF total <= page_end.row_limit THEN
        SELECT t.head_seq INTO result FROM team t WHERE t.team_id = page_end.team;
    ELSIF first_seq = last_seq THEN
        result := last_seq;
    ELSE
        result := last_seq - 1;
    END IF;
    -- A commit's end near by: whoever is cut off there can go on from it, for it has a mark.
    IF total > page_end.row_limit THEN
        SELECT max(m.seq) INTO commit_end FROM commit_mark m
            WHERE m.team_id = page_end.team AND m.seq > page_end.cursor_seq AND m.seq <= result;
        IF (commit_end - page_end.cursor_seq) * 4 >= (result - page_end.cursor_seq) * 3 THEN
            result := commit_end;
        END IF;
    END IF;
    PERFORM set_config('sluice.page_end', coalesce(result, 0)::text, true);
    RETURN result;
END
$$;
COMMENT ON FUNCTION page_end(uuid, bigint, uuid, bigint) IS
    'The seq a page of rows after cursor_seq is cut at; outcomes only of that replica.';

REVOKE EXECUTE ON FUNCTION device_find(bytea) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION device_enrol(bytea, bytea, uuid, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_find(bytea) TO sluice_app;
GRANT EXECUTE ON FUNCTION device_enrol(bytea, bytea, uuid, text, timestamptz) TO sluice_app;
