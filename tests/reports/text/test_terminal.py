"""What is printed arrives on every stream, or the command says that it did not."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from reports.text import terminal

ROOT = Path(__file__).resolve().parents[3]
NETWORK = ["--student", "1", "--student", "2", "--teacher", "0", "--teacher", "0", "--atoms", "1; 2", "--rates", "1/4"]
#: Of degree 13: long enough for the outline with its "≈", and for values too long to be printed.
LONG = ["variance", *NETWORK, "--step", "2", "--at", "1 1000 123456789"]
SHORT = ["variance", *NETWORK, "--step", "1", "--at", "1 2 1024"]
SIMULATE = ["simulate", "synthetic", "--batch-sizes", "4", "--steps", "2", "--replicas", "8"]
COMMANDS = {"long": LONG, "short": SHORT, "verify": ["verify", "A.1"], "help": ["--help"], "variance": ["variance", "--help"]}
COMMANDS |= {"simulate": SIMULATE, "simulate help": ["simulate", "--help"], "usage": ["variance", "--stpe", "é".encode()]}

NARROW_ASCII = {"PYTHONIOENCODING": "ascii", "COLUMNS": "40"}
C_LOCALE = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
CP1252 = {"PYTHONIOENCODING": "cp1252", "COLUMNS": "20"}


def run(command, settings=None, **options):
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "PYTHONIOENCODING", "NO_COLOR", "FORCE_COLOR")}
    arguments = [sys.executable, "-m", "reports.cli", *command]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(arguments, env=environment | (settings or {}), cwd=ROOT, **streams)


def needs_torch_in(settings):
    """torch encodes the path that it lies in, as text: the C locale reads a path that is not ASCII as bytes."""
    if "LC_ALL" in settings and not sys.prefix.isascii():
        pytest.skip("torch cannot be loaded from this directory in the C locale")


def spelled(text):
    return "".join(c if c.isascii() else terminal.ascii_of(c) for c in text)


@pytest.fixture(scope="module")
def in_utf8():
    return {name: run(command, {"PYTHONIOENCODING": "utf-8", "COLUMNS": "40"}).stdout.decode() for name, command in COMMANDS.items()}


@pytest.mark.parametrize(
    "name, settings",
    [*((name, NARROW_ASCII) for name in COMMANDS), ("long", C_LOCALE | {"COLUMNS": "40"}), ("simulate", C_LOCALE | {"COLUMNS": "40"})],
)
def test_ascii_streams_get_all_of_it(name, settings, in_utf8):
    if name == "simulate":
        needs_torch_in(settings)
    done = run(COMMANDS[name], settings)
    assert done.returncode == (2 if name == "usage" else 0), done.stderr
    assert b"Traceback" not in done.stderr
    # the same but for spellings, which may widen a column
    assert done.stdout.decode("ascii").replace(" ", "").replace("-", "") == spelled(in_utf8[name]).replace(" ", "").replace("-", "")


@pytest.mark.parametrize("name", ["long", "simulate"])
def test_cp1252_keeps_what_it_has(name, in_utf8):
    done = run(COMMANDS[name], CP1252)
    text = done.stdout.decode("cp1252")
    assert done.returncode == 0 and "≈" not in text and ("±" in text) == ("±" in in_utf8[name])


def test_nothing_is_cropped_or_drawn_without_a_terminal():
    text = run(SHORT, {"COLUMNS": "20"}).stdout.decode()
    assert re.search(r"^1024 +\S+ +\d+/\d{21}", text, re.MULTILINE) and "…" not in text and "\x1b" not in text and "│" not in text
    assert "..." not in run(["--help"]).stdout.decode().replace("[ARGS]...", "")


@pytest.mark.parametrize("columns", [24, 300])
def test_a_terminal_of_any_width_shows_every_digit(columns):
    pty, termios, fcntl = (pytest.importorskip(name) for name in ("pty", "termios", "fcntl"))
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    try:
        done = run(SHORT, {"PYTHONIOENCODING": "utf-8"}, stdout=writer)
        assert done.returncode == 0, done.stderr  # or the read would wait for ever
        text = os.read(reader, 1 << 16).decode().replace("\r\n", "\n")  # some hundred bytes: they wait in the terminal's buffer
    finally:
        os.close(writer)
        os.close(reader)
    piped = run(SHORT, {"PYTHONIOENCODING": "utf-8"}).stdout.decode()
    assert set(piped.split()) - {"-" * n for n in range(99)} <= set(text.split())
    assert (text == piped) == (columns == 300) and text.count("exactly") == (1 if columns == 300 else 3)


@pytest.mark.parametrize("name", ["short", "verify", "help", "variance", "simulate"])
@pytest.mark.parametrize("where", ["pipe", "full", "closed"])
def test_output_that_is_lost_is_said_to_be(name, where):
    command = [sys.executable, "-m", "reports.cli", *COMMANDS[name]]
    if where == "closed":
        command = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command]
        done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, encoding="utf-8")
    else:
        if where == "full" and not Path("/dev/full").exists():
            pytest.skip("no /dev/full here")
        reader, writer = os.pipe() if where == "pipe" else (None, os.open("/dev/full", os.O_WRONLY))
        if reader is not None:
            os.close(reader)
        done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=writer, encoding="utf-8")
        os.close(writer)
    last = done.stderr.splitlines()[-1]
    if name == "simulate" and where == "closed":  # nothing could come of it: refused before the work
        assert done.returncode == 2 and last.startswith("error: out must be given")
        return
    reason = {"pipe": "Broken pipe", "full": "No space left on device", "closed": "it is closed"}[where]
    assert done.returncode == terminal.OUTPUT_LOST
    assert last == f"error: standard output could not be written: {reason}"
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert name == "simulate" or len(done.stderr.splitlines()) == 1


def test_a_result_is_in_its_file_before_it_is_printed(tmp_path):
    with open("/dev/full", "wb") as full:
        done = run([*SIMULATE, "--out", str(tmp_path / "kept.nc")], stdout=full)
    assert done.returncode == terminal.OUTPUT_LOST and (tmp_path / "kept.nc").stat().st_size > 0


def test_messages_that_nobody_can_read_leave_the_exit_code():
    with open("/dev/full", "wb") as full:
        assert run(["variance", *NETWORK, "--layer", "7"], stderr=full).returncode == 2
        assert run(["variance", "--nothing"], stderr=full).returncode == 2


@pytest.mark.parametrize("settings", [{}, NARROW_ASCII, C_LOCALE], ids=["utf-8", "ascii", "C"])
def test_names_that_are_no_text(settings, tmp_path):
    name = os.fsencode(tmp_path) + b"/b\xe4d \xff.toml"
    done = run(["variance", name], settings)
    assert done.returncode == 2 and done.stderr.startswith(b"error: problem ") and len(done.stderr.splitlines()) == 1
    problem = b'student = [[[1]]]\nteacher = [[[0]]]\nlearning_rates = 1\ninputs = "gaussian"\n'
    Path(os.fsdecode(name)).write_bytes(problem)
    assert run(["variance", name], settings).returncode == 0
    needs_torch_in(settings)
    out = os.fsencode(tmp_path) + b"/\xe4.nc"
    done = run([*SIMULATE, "--out", out], settings)
    assert done.returncode == 0 and Path(os.fsdecode(out)).exists(), done.stderr


def test_bytes_that_are_no_text_are_those_bytes_again():
    for encoding in ("utf-8", "ascii", "cp1252"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=terminal.SPELLED)
        stream.write("a\udce4±\ud800")
        stream.flush()
        plus = {"utf-8": b"\xc2\xb1", "ascii": b"+-", "cp1252": b"\xb1"}[encoding]
        assert stream.buffer.getvalue() == b"a\xe4" + plus + b"\\ud800"


@pytest.mark.parametrize("columns", [None, 200, 40, 12, 1])
def test_a_table_of_any_width_has_every_digit(columns):
    rows = [(str(3**k), f"{7**k}/{10**k}") for k in (1, 20, 60)]
    text = terminal.table(("n", "exactly"), rows, right=("n",), columns=columns)
    assert all(re.search(rf"(?<!\S){re.escape(cell)}(?!\S)", text) for row in rows for cell in row)
    assert columns is None or columns > 100 or text.count("exactly") == len(rows)


def test_every_character_of_the_sources_has_a_spelling():
    paths = [path for package in ("theory", "empirics", "reports") for path in (ROOT / package).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in paths if path.name != "mathml.py"]  # which knows the symbols of MathML pages
    found = {c for text in texts for c in text if not c.isascii()}
    assert {"±", "≈"} <= found
    assert [c for c in found if not terminal.ascii_of(c).isascii() or terminal.ascii_of(c).startswith("\\")] == []


def test_what_click_prints_is_spelled_too(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    with terminal.guarded():
        typer.echo("± and Ω")
    assert stream.buffer.getvalue() == b"+- and Omega\n"


def test_streams_are_as_they_were(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    with terminal.guarded():
        print("±")
    assert sys.stdout is stream and stream.errors == "strict" and stream.buffer.getvalue() == b"+-\n"
