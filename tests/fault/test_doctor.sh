#!/usr/bin/env bash
# ctest: timeout=600
# `sluice doctor` compares the copy with the server by digests, and puts right what differs: a row that
# somebody with the key altered, one that is missing, one that the server has not. Changes that were not
# sent stay. Without a server it says that it did not compare.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
command -v sqlcipher >/dev/null || { echo "no sqlcipher"; exit 77; }

copy_sql() { # copy_sql NAME STATEMENT: done to that home's copy, with its key
    local key
    key=$(od -An -tx1 -v "$folder/$1/key" | tr -d ' \n')
    printf "PRAGMA key = \"x'%s'\";\nPRAGMA cipher_page_size = 4096;\n%s;\n" "$key" "$2" |
        sqlcipher -batch "$folder/$1/copy.db" 2>&1 | grep -v '^ok$'
}
# The row of one deal, in the generation that is shown.
deal_row="layer = (SELECT generation FROM identity) AND kind = 6"

claim "a server and two reps" stage_init
for each in 1 2 3; do ada --offline deal add "Alder $each" --value "${each}00" >/dev/null 2>&1; done
ada sync 2>/dev/null
bob sync 2>/dev/null
claim "a whole copy is the server's" says 0 "rows are the server's" bob doctor
claim "and --offline compares nothing" says 0 "is whole" bob --offline doctor

# Another title, key and seq as they were; in the row, and in the index that lists are read from.
forged() {
    local at="instr(body, CAST('Alder 2' AS BLOB))"
    echo "UPDATE $1 SET body = CAST(substr(body, 1, $at - 1) || CAST('Forge 2' AS BLOB) ||
        substr(body, $at + 7) AS BLOB) WHERE $at > 0;"
}
shown() { titles bob 2>/dev/null | grep -c "$1"; }
claim "one alters a row" test -z "$(copy_sql bob "$(forged entity_row) $(forged deal_index)")"
claim "which is shown" test "$(shown "Forge 2")$(shown Alder)" = 12
bob --offline deal edit "Alder 1" --value 111 >/dev/null 2>&1 # not sent yet
claim "offline nobody knows" says 0 "is whole; 1 change waits" bob --offline doctor
claim "doctor finds it and fetches it again" says 0 "1 of its .* rows was not the server" bob doctor
claim "the title is right again" test "$(shown "Alder")$(shown Forge)" = 30
ada sync 2>/dev/null
claim "the change that was not sent has arrived" \
    says 0 "Alder 1.*111" ada --offline deal list --plain --columns title,value
claim "now it is the server's" says 0 "All its .* rows are the server's" bob doctor

claim "one takes rows out" test -z "$(copy_sql bob "DELETE FROM entity_row WHERE $deal_row;
    DELETE FROM deal_index; DELETE FROM entity_index WHERE kind = 6;
    DELETE FROM event")"
claim "they are gone" test "$(shown Alder)" = 0
claim "doctor fetches them" says 0 "rows were not the server's; they were put right" bob doctor
claim "they are back" test "$(shown Alder)" = 3
claim "with their history" says 0 "" bob --offline deal history "Alder 3"

claim "one puts a row in" test -z "$(copy_sql bob "INSERT INTO entity_row
    SELECT layer, kind, randomblob(16), n, seq, removed, body FROM entity_row WHERE $deal_row LIMIT 1")"
claim "doctor takes it out" says 0 "1 of its .* rows was not the server's; it was put right" bob doctor
claim "now it is the server's" says 0 "All its .* rows are the server's" bob doctor

# What lists are read from is computed from the rows: emptied or forged alone, no row is missing.
again="did not fit its rows, and was made anew"
claim "one empties what lists are read from" test -z "$(copy_sql bob "DELETE FROM deal_index")"
claim "nothing is listed" test "$(shown Alder)" = 0
claim "doctor makes it anew, without a server too" says 0 "$again" bob --offline doctor
claim "all are listed" test "$(shown Alder)" = 3
claim "one forges it" test -z "$(copy_sql bob "$(forged deal_index)")"
claim "which is shown" test "$(shown "Forge 2")" = 1
claim "doctor makes it anew" says 0 "$again" bob doctor
claim "the title is right again" test "$(shown Alder)$(shown Forge)" = 30
claim "then it fits, and that is so" test -z "$(bob doctor 2>&1 | grep "$again")"
claim "and for who has changes that wait" test -z "$(
    bob --offline deal edit "Alder 1" --value 123 >/dev/null 2>&1
    bob --offline deal add "Alder 4" >/dev/null 2>&1
    bob --offline doctor 2>&1 | grep "$again")"

# A change that nobody can read any more is refused, and shown no longer.
claim "one spoils what waits" test -z "$(copy_sql bob "UPDATE outbox SET payload = randomblob(40)
    WHERE number = (SELECT min(number) FROM outbox WHERE answered = 0)")"
bob sync >/dev/null 2>&1
claim "what it said is not shown" says 0 "Alder 1.*111" \
    bob --offline deal list --plain --columns title,value
claim "and what waited behind it has arrived" says 0 "Alder 4" \
    bob --offline deal list --plain --columns title

claim "the server stops in order" server_stop
claim "without it the copy is not compared, and that is said" \
    says 0 "was not compared with the server's: " bob doctor
stage_end
