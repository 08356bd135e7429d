# record.sh - keeps every version of every row, for sluice-judge: on top of travel.sh. Sourced.
#
#   record_begin    from now on; what stands already is its first version
#   record_end      all servers have stopped: puts every version into the tables

record_tables="team member organisation person deal activity inbox device"

record_begin() {
    local each
    {
        cat <<'END'
CREATE SCHEMA recorded;
CREATE FUNCTION recorded.keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    EXECUTE format('INSERT INTO recorded.%I SELECT $1.*', TG_TABLE_NAME) USING NEW;
    RETURN NULL;
END $$;
END
        for each in $record_tables; do
            cat <<END
CREATE TABLE recorded.$each (LIKE public.$each);
INSERT INTO recorded.$each SELECT * FROM public.$each;
CREATE TRIGGER recorded_new AFTER INSERT ON public.$each FOR EACH ROW EXECUTE FUNCTION recorded.keep();
CREATE TRIGGER recorded_next AFTER UPDATE ON public.$each FOR EACH ROW
    WHEN (OLD.seq IS DISTINCT FROM NEW.seq) EXECUTE FUNCTION recorded.keep();
END
        done
    } | psql -X -q -v ON_ERROR_STOP=1 -h "$run" -U sluice -d pipeline >&9 2>&1
}

record_end() {
    local each
    for each in $record_tables; do
        cat <<END
ALTER TABLE public.$each RENAME TO ${each}_last;
CREATE TABLE public.$each (LIKE recorded.$each);
INSERT INTO public.$each SELECT * FROM recorded.$each;
GRANT SELECT ON public.$each TO PUBLIC;
END
        # Where the team is stands beside its row, and changes without it.
        [ $each = team ] && echo "UPDATE public.team t SET head_seq = l.head_seq, head_mark = l.head_mark,
            recorded_last = l.recorded_last, inbox_last = l.inbox_last,
            definition_version = l.definition_version, access_version = l.access_version
            FROM team_last l;"
    done | psql -X -q -v ON_ERROR_STOP=1 -h "$run" -U sluice -d pipeline >&9 2>&1
}
