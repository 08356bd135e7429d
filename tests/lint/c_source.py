"""c_source - reading C well enough for the lint tests: which files, without comments, strings apart."""

import os
import re
import sys

COMMENT_OR_STRING = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def root():
    """The tree under test: SLUICE_SOURCE_DIR, or the one this file is in."""
    here = os.path.dirname(os.path.abspath(__file__))
    return os.environ.get("SLUICE_SOURCE_DIR") or os.path.dirname(os.path.dirname(here))


def files(*rooms, endings=(".c", ".h")):
    """Paths, relative to the root, of the sources in the rooms that exist; sorted."""
    found = []
    for room in rooms:
        for folder, _, names in os.walk(os.path.join(root(), room)):
            found += [os.path.relpath(os.path.join(folder, name), root())
                      for name in names if name.endswith(endings)]
    return sorted(found)


def read(path):
    with open(os.path.join(root(), path), encoding="utf-8", errors="replace") as file:
        return file.read()


def code(text):
    """The text with comments and the insides of strings blanked; lines keep their numbers."""
    def blank(match):
        piece = match.group(0)
        if piece[0] in "\"'":
            return piece[0] + piece[0]
        return " " + "\n" * piece.count("\n")
    return COMMENT_OR_STRING.sub(blank, text)


def strings(text):
    """(line, inside) of every string literal outside comments."""
    for match in COMMENT_OR_STRING.finditer(text):
        if match.group(0)[0] == '"':
            yield text.count("\n", 0, match.start()) + 1, match.group(0)[1:-1]


def includes(text):
    """(line, name with its brackets or quotes) of every include."""
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"][^>"]+[>"])', line)
        if match:
            yield number, match.group(1)


class Report:
    """Collects findings; finish() prints them and ends the program."""

    def __init__(self, claim):
        self.claim = claim
        self.findings = []

    def add(self, path, line, what):
        self.findings.append(f"{path}:{line}: {what}")

    def finish(self, looked_at):
        for finding in self.findings:
            print(finding)
        print(f"{self.claim}: {len(self.findings)} findings in {looked_at} files")
        sys.exit(1 if self.findings else 0)
