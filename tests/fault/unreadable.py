"""Which of the words can be read in those files or folders, in any form a curious person would try?

    unreadable.py WORDS_FILE PATH...     prints "WORD as FORM in FILE" for each, exit 1 when any

Forms: as it is and in any case of ASCII letters, UTF-16 and UTF-32 of both orders, base64 of all three
alignments, hexadecimal, percent-encoded, reversed, and deflated streams of any offset are opened.
"""
import base64
import os
import sys
import urllib.parse
import zlib


def base64_forms(data):
    """What of the word's base64 does not depend on its neighbours, at each of the three offsets."""
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + data)
        first = (8 * offset + 5) // 6
        last = (8 * (offset + len(data))) // 6
        yield text[first:last]
        yield text[first:last].translate(bytes.maketrans(b"+/", b"-_"))


def forms(word):
    data = word.encode()
    yield "text", data
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        yield encoding, word.encode(encoding)
    for form in base64_forms(data):
        yield "base64", form
    yield "hexadecimal", data.hex().encode()
    yield "percent", urllib.parse.quote(word).encode()
    yield "reversed", data[::-1]


def inflated(data):
    """What zlib and gzip streams in it hold."""
    out = []
    for head, bits in ((b"\x78\x01", 15), (b"\x78\x9c", 15), (b"\x78\xda", 15), (b"\x1f\x8b", 31)):
        at = data.find(head)
        while at >= 0:
            try:
                out.append(zlib.decompressobj(bits).decompress(data[at:]))
            except zlib.error:
                pass
            at = data.find(head, at + 1)
    return b"\0".join(out)


def files(paths):
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in os.walk(path):
                yield from (os.path.join(folder, name) for name in names)
        else:
            yield path


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        words = [line.rstrip("\n") for line in lines if line.strip()]
    wanted = [(word, form, data) for word in words for form, data in forms(word) if len(data) >= 4]
    found = 0
    for path in files(sys.argv[2:]):
        with open(path, "rb") as file:
            data = file.read()
        for kind, text in (("", data.lower()), ("deflated ", inflated(data).lower())):
            for word, form, needle in wanted:
                if needle.lower() in text:
                    print(f"{word} as {kind}{form} in {path}")
                    found = 1
    sys.exit(found)


if __name__ == "__main__":
    main()
