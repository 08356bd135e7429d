"""sizes - files stop at 800 lines, functions of the product at 70."""

import re

import c_source

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70

# A function's body opens with "{" in the first column, or behind a head that began there, and
# closes with a lone "}" in the first column; "};" closes data.
HEAD = re.compile(r"^[A-Za-z_].*\)\s*\{\s*$")


def functions(code):
    """(name, first line of the body, lines of the body with its braces)"""
    lines = code.split("\n")
    opened = None
    for number, line in enumerate(lines, 1):
        if opened is None and (line.rstrip() == "{" or HEAD.match(line)):
            opened = number
        elif line.startswith("}"):
            if opened is not None and line.rstrip() == "}":
                head = " ".join(lines[max(0, opened - 4):opened])
                names = re.findall(r"(\w+)\s*\(", head)
                yield (names[0] if len(names) == 1 else names[-1] if names else "?", opened,
                       number - opened + 1)
            opened = None


def main():
    report = c_source.Report("sizes")
    paths = c_source.files("common", "server", "client", "tests")
    for path in paths:
        text = c_source.read(path)
        lines = text.count("\n")
        if lines > FILE_LINES_MAX:
            report.add(path, lines, f"{lines} lines, at most {FILE_LINES_MAX}: is it two ideas?")
        if path.startswith("tests/"):
            continue
        for name, line, length in functions(c_source.code(text)):
            if length > FUNCTION_LINES_MAX:
                report.add(path, line, f"{name}: {length} lines, at most {FUNCTION_LINES_MAX}")
    report.finish(len(paths))


main()
