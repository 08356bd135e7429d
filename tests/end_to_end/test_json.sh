#!/usr/bin/env bash
# ctest: timeout=600
# Every verb, in a real home beside a real server, with --json: what comes out on standard output is
# JSON with the fields asked for, an error is one JSON object on standard error, and bare --json lists
# the fields and does nothing. A verb of the help that has no line here makes this fail.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

claim "a server and two people" stage_init
ada add Roof --org Acme --value 5k --wait >/dev/null 2>&1
ada add Tower --org Acme --wait >/dev/null 2>&1
bob sync >/dev/null 2>&1
printf 'id,title,org,stage\nI1,Imported,Orbis,Lead\n' >"$folder/deals.csv"
ada invite "Cid Ode" --role rep >"$folder/cid.line" 2>/dev/null
# A conflict and a refused change wait for bob.
bob --offline deal edit roof --value 7k >/dev/null 2>&1
bob --offline deal edit roof --source web >/dev/null 2>&1
bob --offline mv tower contact >/dev/null 2>&1
ada deal edit roof --value 9k --source mail --wait >/dev/null 2>&1
ada lose tower "no budget" --wait >/dev/null 2>&1
bob sync >/dev/null 2>&1
ada invite "Dan Ode" >/dev/null 2>&1

# HOME | the verb | its arguments, in the order in which they go through
cat >"$folder/verbs" <<END
ada|deal add|Probe
ada|deal list|
ada|deal show|roof
ada|deal edit|probe --value 3k
ada|deal check|probe budget
ada|deal move|probe contact --org Acme
ada|deal assign|probe bob
ada|deal ice|probe --until +2w
ada|deal thaw|probe
ada|deal lose|probe nothing
ada|deal reopen|probe
ada|deal win|tower
ada|deal history|probe
ada|deal history|probe --restore value
ada|deal delete|probe
ada|deal restore|
ada|deal restore|probe
ada|lead add|Somebody
ada|org add|Newco
ada|org list|
ada|org show|Newco
ada|org edit|Newco --phone 1
ada|person add|Ann
ada|person list|
ada|person show|Ann
ada|person edit|Ann --phone 1
ada|log|call roof "Asked for it"
ada|board|
ada|board|--watch
ada|pipeline show|
ada|stage add|Trial --after contact
ada|stage edit|trial --probability 15
ada|stage move|trial --after qualification
ada|stage remove|trial --successor contact
ada|stage restore|trial
ada|stage history|
bob|inbox|
bob|inbox|resolve 1 --mine
bob|inbox|resolve 2 --set fair
bob|inbox|retry 3
bob|inbox|discard 3
bob|inbox|resolv 3
ada|undo|
ada|import|$folder/deals.csv
ada|undo|--skip
ada|export|deals
ada|invite|Eve
ada|invitation list|
ada|invitation revoke|Eve
ada|member list|
ada|member edit|Eve --role viewer
cid|join|$(invitation "$folder/cid.line") --device phone
ada|sync|
ada|device list|
ada|device revoke|nosuch
ada|device revoke|phone
ada|today|
ada|report|winrate
ada|report|reps
ada|report|funnel
ada|status|
ada|server|
ada|server|127.0.0.1:$port
ada|sync|--watch
ada|completion|bash
ada|doctor|
cid|wipe|--force
END

cat >"$folder/judge.py" <<'END'
import json, os, shlex, subprocess, sys

folder, program = sys.argv[1], sys.argv[2]
bad = 0

NETWORK = ("sync", "join", "invite", "doctor")

def run(home, words):
    """Offline, so that what waits to be sent tells whether anything was done."""
    environment = dict(os.environ, SLUICE_HOME=os.path.join(folder, home))
    if words[0] not in NETWORK:
        environment["SLUICE_OFFLINE"] = "1"
    done = subprocess.run([program, *words], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=120, text=True)
    return done.returncode, done.stdout, done.stderr

def complain(line, why, *what):
    global bad
    bad += 1
    print("FAIL", line.strip(), "-", why, *what)

def is_json(text):
    try:
        return json.loads(text)
    except ValueError:
        return None

def error_of(err):
    said = is_json(err)
    return said["error"] if isinstance(said, dict) and "error" in said else None

def judge(line):
    home, verb, arguments = line.rstrip("\n").split("|")
    words = verb.split() + shlex.split(arguments)
    before = run(home, ["status", "--json", "pending,seq"])[1]
    whole = verb in ("report", "import", "export")
    fields = "x"
    if not whole:
        code, out, err = run(home, words + ["--json"])
        if code == 0:
            fields = ",".join(out.split())
            if verb != "completion" and not fields:
                complain(line, "bare --json lists no fields")
        elif not error_of(err):
            complain(line, "bare --json: neither fields nor an error", code, out, err)
        if run(home, ["status", "--json", "pending,seq"])[1] != before:
            complain(line, "bare --json did something")
    code, out, err = run(home, words + (["--json"] if whole else ["--json", fields]))
    if code == 0:
        said = is_json(out)
        if said is None:
            complain(line, "no JSON on standard output:", repr(out[:200]), err[:200])
        elif not whole:
            rows = said if isinstance(said, list) else [said]
            for row in rows:
                if sorted(row) != sorted(fields.split(",")):
                    complain(line, "not the fields that were asked for", sorted(row))
    else:
        error = error_of(err)
        if error is None or error["exit"] != code or not error["message"]:
            complain(line, "no JSON error on standard error:", code, repr(err[:200]))
        if out.strip():
            complain(line, "data beside an error", repr(out[:200]))
    if code != 0:
        print("    ", verb, arguments, "->", code, error_of(err)["message"] if error_of(err) else err)
    return verb, code

seen, worked = set(), set()
for line in open(os.path.join(folder, "verbs"), encoding="utf-8"):
    verb, code = judge(line)
    seen.add(verb)
    if code == 0:
        worked.add(verb)

# Every verb of the help is among them, and worked at least once, but for what has nothing to say.
known = set()
for line in run("ada", ["--help"])[1].split("\n\n", 2)[2].split("\n"):
    if not line.startswith("  ") or line.startswith("   "):
        continue
    words = line.split()
    known.add(" ".join(w for w in words[:2] if w.islower() and w.isalpha()) or words[0])
nouns = {verb.split()[0] for verb in seen if " " in verb}
known = {name if name.split()[0] in nouns else name.split()[0] for name in known}
for verb in sorted(known - seen):
    complain(verb, "is a verb that this test does not run")
for verb in sorted(seen - worked - {"completion", "deal win"}):
    complain(verb, "never went through, so its JSON was not seen")
if len(known) < 40:
    complain("the help", "lists fewer verbs than there are:", sorted(known))
sys.exit(bad > 0)
END
claim "each of them answers in JSON" python3 "$folder/judge.py" "$folder" "$bin/sluice"

# Without a home the fields can be asked for, too.
claim "fields need no home" says 0 "full_id" home nobody deal list --json
claim "nor does a record of what another verb answers" says 0 "server_restored" home nobody sync --json
stage_end
