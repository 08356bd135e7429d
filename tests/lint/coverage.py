"""What the tests execute of the pure rooms: reads gcov's JSON of a coverage build, prints each
file's lines and branches, and fails below the bars.

    coverage.py BUILD SOURCE LINES% BRANCHES%

A branch is a condition's outcome. The untaken half of a check is not counted:
- of check(...), and of a line that only passes a fault on (`if (!fault) fault = next();`);
- of an `if` that asks nothing but whether an allocation a few lines above gave anything: tests/nth
  fails the N-th allocation and the N-th write, one after another;
- of a switch without default, that no case fits: bug() or a refusal follows it."""
import collections
import json
import pathlib
import re
import subprocess
import sys

build, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
line_bar, branch_bar = float(sys.argv[3]), float(sys.argv[4])
A_CHECK = re.compile(r"\bcheck\(|!fault\b|\(fault\b|\bFAULT_MEMORY\b|\breturn fault\b")
ALLOCATORS = (r"arena_(?:alloc|array|copy|push)|entity_(?:copy|clone)|[mc]alloc|realloc|"
              r"packer_array|items_copy|item_new|history_add|job_new|server_log(?:_stranger)?")
NAME = r"!?[\w>.*-]+"
AN_IF_OF_NAMES = re.compile(rf"\bif \(({NAME}(?: (?:\|\||&&) {NAME})*)\)")
ABOVE = 14  # lines in which the allocation stands
ROOMS = ("common/", "server/core/", "client/core/", "client/verbs/")



def asks_for_memory(text, number):
    """Does that line ask only whether allocations went well?"""
    found = AN_IF_OF_NAMES.search(text[number - 1])
    if not found:
        return False
    above = "\n".join(text[max(0, number - 1 - ABOVE):number - 1])
    for name in re.split(r" (?:\|\||&&) ", found.group(1)):
        name = re.escape(name.lstrip("!"))
        given = re.findall(rf"(?<![\w.>]){name} =([^;]*);", above)
        if not given or not re.search(rf"\b(?:{ALLOCATORS})\(", given[-1]):
            return False
    return True


lines = collections.defaultdict(lambda: collections.defaultdict(int))
branches = collections.defaultdict(lambda: collections.defaultdict(int))
notes = [str(p) for tree in ("common", "server", "client") for p in (build / tree).rglob("*.gcda")
         if tree == "common" or re.search(r"/(server_core|client_core|client_verbs)[.]dir/", str(p))]
for at in range(0, len(notes), 50):
    out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities",
                          *notes[at:at + 50]], capture_output=True, check=True, text=True).stdout
    for text in out.splitlines():
        report = json.loads(text)
        base = pathlib.Path(report["current_working_directory"])
        for file in report["files"]:
            path = (base / file["file"]).resolve()
            if not path.is_relative_to(source):
                continue
            name = str(path.relative_to(source))
            if not name.startswith(ROOMS):
                continue
            text_of = path.read_text().splitlines()
            for line in file["lines"]:
                number = line["line_number"]
                lines[name][number] += line["count"]
                if A_CHECK.search(text_of[number - 1]) or asks_for_memory(text_of, number):
                    continue
                for k, branch in enumerate(line["branches"]):
                    branches[name][number, k] += branch["count"]


for name, counts in branches.items():
    text_of = (source / name).read_text().splitlines()
    for number in {number for number, _ in counts}:
        no_case = [key for key, count in counts.items() if key[0] == number and not count]
        if text_of[number - 1].lstrip().startswith("switch (") and no_case:
            del counts[no_case[0]]


def share(counts):
    return 100.0 * sum(1 for c in counts if c) / len(counts) if counts else 100.0


for name in sorted(lines):
    print(f"{share(lines[name].values()):6.1f} % lines {share(branches[name].values()):6.1f} %"
          f" branches  {name}")
all_lines = [c for counts in lines.values() for c in counts.values()]
all_branches = [c for counts in branches.values() for c in counts.values()]
got_lines, got_branches = share(all_lines), share(all_branches)
print(f"all: {got_lines:.1f} % of {len(all_lines)} lines, "
      f"{got_branches:.1f} % of {len(all_branches)} branches")
sys.exit(got_lines < line_bar or got_branches < branch_bar)
