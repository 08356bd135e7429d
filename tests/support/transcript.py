#!/usr/bin/env python3
"""Executes a conversation written down as text, with a real server and real copies, and compares.

    @members ada=Ada Berg, bob=Bob Ross     the first owns the team, the others are invited
    ada$ sluice add Roof                    a command, run by the shell with ada's identity
    Added <id> Roof (Lead)                  what it prints, both streams in the order of events
    [4]                                     its exit status, unless 0
    (the server stops) (the server starts)  what happens meanwhile
    # anything                              told to the reader

A member may have a role, `bob=Bob Ross (manager)`; without one it is rep. In a file that ends with
.md only what is indented by four spaces is the conversation, and @members stands in a comment.

<id1> stands for an id, the same one wherever it recurs; <the-date> and <tim> for a day and a time of
day; <any> for anything. They are as wide as what they stand for.
Usage: transcript.py FILE...; with BLESS=1 what was printed is written into the files instead.
"""
import concurrent.futures
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = os.environ["SLUICE_BIN_DIR"]
MASKS = {
    "<the-date>": r"\d{4}-\d\d-\d\d",
    "<tim>": r"\d\d:\d\d",
    "<any>": r".*",
}
ID = r"<id\d+>"
# Said only when something takes longer than a second: of this machine, not of the program.
PROGRESS = re.compile(r"(Receiving the team's data|Sending): \d+ of \d+ (changes|done)$")
PROMPT = re.compile(r"^([a-z]+)\$ (.*)$")
LAST_S = 60


def port_free():
    """Below those that the system gives to connections of its own."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Team:
    """A server with its team, and the copies of its members, in a folder of their own."""

    def __init__(self, folder, members):
        self.folder, self.server = folder, None
        self.port = port_free()
        first = next(iter(members))
        data = os.path.join(folder, "server")
        out = self.program("sluiced", "init", "--data", data, "--team", "North", "--owner",
                           members[first], "--listen", f"127.0.0.1:{self.port}")
        self.start()
        self.join(first, out)
        for who in list(members)[1:]:
            name, _, role = members[who].rstrip(")").partition(" (")
            line = self.program("sluice", "invite", name, "--role", role or "rep", who=first)
            self.join(who, line)

    def environment(self, who):
        names = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        names.update(PATH=BIN + ":" + names["PATH"], LC_ALL="C.UTF-8", NO_COLOR="1",
                     TMPDIR=self.folder)
        names["SLUICE_HOME"] = os.path.join(self.folder, who)
        return names

    def program(self, name, *words, who="nobody"):
        done = subprocess.run([os.path.join(BIN, name), *words], env=self.environment(who),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LAST_S, text=True)
        if done.returncode:
            raise SystemExit(f"{name} {words[0]}: {done.returncode}\n{done.stdout}")
        return done.stdout

    def join(self, who, text):
        line = re.findall(r"sluice1-\S+", text)[-1]
        self.program("sluice", "join", line, "--device", who + "-laptop", who=who)

    def start(self):
        log = open(os.path.join(self.folder, "log"), "ab")
        self.server = subprocess.Popen(
            [os.path.join(BIN, "sluiced"), "run", "--data", os.path.join(self.folder, "server")],
            env=self.environment("nobody"), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + LAST_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server does not start")

    def settle(self, members):
        """No sender that a command left behind is at work any more: it would meet the next server."""
        deadline = time.monotonic() + LAST_S
        for who in members:
            for name in ("sender", "turn"):
                with open(os.path.join(self.folder, who, name), "a", encoding="utf-8") as lock:
                    while time.monotonic() < deadline:
                        try:
                            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                            break
                        except OSError:
                            time.sleep(0.05)

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(LAST_S)
        self.server = None

    def run(self, who, command):
        done = subprocess.run(["bash", "-c", command], env=self.environment(who),
                              cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LAST_S)
        lines = [line for line in done.stdout.decode("utf-8", "replace").split("\n")
                 if not PROGRESS.match(line)]
        if done.returncode:
            lines = lines[:-1] if lines[-1] == "" else lines
            lines.append(f"[{done.returncode}]")
        return trimmed(lines)

    def ids(self, who):
        """All ids a copy knows; what BLESS masks."""
        found = set()
        for words in (["ls", "--all"], ["org", "list"], ["person", "list"], ["member", "list"]):
            done = subprocess.run([os.path.join(BIN, "sluice"), *words, "--offline", "--plain",
                                   "--no-headers", "--columns", "id"], env=self.environment(who),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
            found.update(done.stdout.split())
        return found


def trimmed(lines):
    lines = list(lines)
    while lines and lines[-1] == "":
        lines.pop()
    return lines


def fits(wanted, got, ids):
    """ids: what the placeholders of this conversation stand for; grows."""
    pattern, groups = "", {}
    for part in re.split("(" + "|".join([ID, *MASKS]) + ")", wanted):
        if re.fullmatch(ID, part):
            if part in ids:
                pattern += re.escape(ids[part])
            elif part in groups:
                pattern += f"(?P={groups[part]})"
            else:
                groups[part] = "g" + part[1:-1]
                pattern += f"(?P<{groups[part]}>[0-9a-z]{{5,26}})"
        else:
            pattern += MASKS.get(part, re.escape(part))
    match = re.fullmatch(pattern, got)
    if match:
        ids.update({part: match.group(name) for part, name in groups.items()})
    return match is not None


def masked(lines, known, names):
    """known: all ids there are; names: the placeholders given out, grows."""
    out = []
    for line in lines:
        for one in re.findall(r"\b[0-9a-z]{5,26}\b", line):
            if one in known:
                names.setdefault(one, f"<id{len(names) + 1}>")
                line = re.sub(rf"\b{one}\b", names[one], line)
        line = re.sub(r"(?<![\d:T-])\d\d:\d\d(?![\d:])", "<tim>", line)
        line = re.sub(r"\b\d{4}-\d\d-\d\d\b(?!T|, today)", "<the-date>", line)
        out.append(line)
    return out


def is_speech(line):
    return PROMPT.match(line) or line.startswith(("#", "@", "(the "))


INDENT = "    "


def conversation(path):
    """Its lines; what a page of prose says beside is told to the reader."""
    lines = open(path, encoding="utf-8").read().split("\n")
    if not path.endswith(".md"):
        return lines
    out = []
    for line in lines:
        if line.startswith("<!-- @"):
            out.append(line[5:-4])
        elif line.startswith(INDENT):
            out.append(line[len(INDENT):])
        else:
            out.append("#" + line if line else "")
    return out


def page(lines):
    """The other way round: what is to be written of such a file."""
    out = []
    for line in lines:
        if line.startswith("@"):
            out.append(f"<!-- {line} -->")
        elif line.startswith("#"):
            out.append(line[1:])
        else:
            out.append(INDENT + line if line else "")
    return out


def play(path, folder):
    bless = os.environ.get("BLESS")
    lines = conversation(path)
    team, written, bad, known, at = None, [], [], set(), 0
    names, ids = {}, {}
    try:
        while at < len(lines):
            line, number = lines[at], at + 1
            at += 1
            written.append(line)
            prompt = PROMPT.match(line)
            if line.startswith("@members "):
                members = dict(one.strip().split("=") for one in line[9:].split(","))
                team = Team(folder, members)
            elif line.startswith("(the server stops)"):
                team.settle(members)
                team.stop()
            elif line.startswith("(the server starts)"):
                team.start()
            elif prompt:
                end = at
                while end < len(lines) and not is_speech(lines[end]):
                    end += 1
                wanted, got = trimmed(lines[at:end]), team.run(*prompt.groups())
                blanks = [""] * (end - at - len(wanted))
                at = end
                if bless:
                    known |= team.ids(prompt.group(1))
                    written += masked(got, known, names) + (blanks or [""])
                    continue
                same = len(wanted) == len(got) and all(fits(w, g, ids) for w, g in zip(wanted, got))
                if not same:
                    bad.append("\n".join([f"{path}:{number}: {line}", "wanted:",
                                          *("  " + w for w in wanted), "got:",
                                          *("  " + g for g in got)]))
    finally:
        if team:
            team.stop()
    if bless:
        written = page(trimmed(written)) if path.endswith(".md") else trimmed(written)
        open(path, "w", encoding="utf-8").write("\n".join(written) + "\n")
    return bad


def play_apart(path):
    folder = tempfile.mkdtemp(prefix="sluice-transcript-")
    os.chmod(folder, 0o755)  # run by root, the server goes on as a user of its own
    try:
        return play(path, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        failures = [one for bad in pool.map(play_apart, sys.argv[1:]) for one in bad]
    print("\n\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
