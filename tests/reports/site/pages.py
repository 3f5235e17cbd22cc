"""What every page must be: well formed, self-contained, linked soundly, and no wider than a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

VOID = frozenset({"meta", "link", "br", "hr", "img", "input", "wbr", "col"})
ENDS_PARAGRAPH = frozenset(
    {
        "address",
        "article",
        "div",
        "dl",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "header",
        "hr",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "ul",
    }
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = 360


class Page(HTMLParser):
    """Tags balanced, ids, links and loads of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.errors: list[str] = []
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.tags: Counter[str] = Counter()
        text = path.read_text(encoding="utf-8")
        self.feed(text)
        self.close()
        self.errors += [f"<{tag}> is never closed" for tag in self.stack]
        self.references |= set(re.findall(r"url\(#([^)]+)\)", text))
        self.loads |= set(re.findall(r"url\((?!#)([^)]*)\)|@import\s+([^;]+)", text))
        if not text.lower().startswith("<!doctype html>"):
            self.errors.append("no doctype")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._seen(tag, attrs)
        if tag in ENDS_PARAGRAPH and "p" in self.stack:
            self.errors.append(f"<{tag}> within a paragraph, which it ends")
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._seen(tag, attrs)

    def _seen(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            value = value or ""
            if name == "id":
                self.ids[value] += 1
            elif name in ("aria-labelledby", "aria-describedby"):
                self.references |= set(value.split())
            elif name == "href" and tag == "a":
                self.links.add(value)
            elif name in ("href", "xlink:href") and value.startswith("#"):
                self.references.add(value[1:])
            elif name in ("src", "href", "srcset", "data", "poster", "action") and not value.startswith("data:,"):
                self.loads.add(f"{tag} {value}")
            elif name.startswith("on"):
                self.errors.append(f"script in <{tag} {name}>")

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.errors.append(f"</{tag}> closes nothing")


def defects(site: Path) -> list[str]:
    """Everything that is wrong with the pages of a site, as lines; empty when all is well."""
    found = []
    pages = {path.name: Page(path) for path in sorted(site.glob("*.html"))}
    for name, page in pages.items():
        problems = list(page.errors)
        problems += [f"id {i!r} occurs {n} times" for i, n in page.ids.items() if n > 1]
        problems += [f"nothing has the id {r!r}" for r in page.references if r not in page.ids]
        problems += [f"loads {load}" for load in page.loads]
        problems += [f"has <{tag}>" for tag in ("script", "iframe", "object", "embed") if page.tags[tag]]
        for link in page.links:
            target, _, fragment = link.partition("#")
            other = pages.get(target or name)
            if not (site / (target or name)).is_file() or (fragment and (other is None or fragment not in other.ids)):
                problems.append(f"links to {link}, which is not there")
        if page.tags["h1"] != 1 or page.tags["main"] != 1:
            problems.append("must have one <h1> and one <main>")
        found += [f"{name}: {problem}" for problem in problems]
    return found


def browser() -> str | None:
    """Chromium's command, where there is one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def widths(site: Path, width: int = PHONE) -> dict[str, int]:
    """How wide each page comes out, unfolded, in a window of that width: more than `width` means that the page scrolls sideways."""
    command = browser()
    assert command is not None
    names = sorted(path.name for path in site.glob("*.html"))
    with tempfile.TemporaryDirectory() as work:
        frames = "".join(f'<iframe src="{(site / name).as_uri()}" width="{width}" height="700"></iframe>' for name in names)
        script = (
            "onload = () => { document.body.innerText = '[' + [...document.querySelectorAll('iframe')].map(f => {"
            "f.contentDocument.querySelectorAll('details').forEach(d => { d.open = true; });"
            "return f.contentDocument.documentElement.scrollWidth; }).join(' ') + ']'; }"
        )
        wrapper = Path(work) / "wrapper.html"
        wrapper.write_text(f"<!doctype html><body>{frames}<script>{script}</script>", encoding="utf-8")
        done = subprocess.run(
            [
                *(
                    command,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-background-networking",
                    "--no-first-run",
                ),
                *(
                    f"--user-data-dir={work}/profile",
                    "--allow-file-access-from-files",
                    "--hide-scrollbars",
                    "--dump-dom",
                    wrapper.as_uri(),
                ),
            ],
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        )
    measured = re.search(r"\[([\d ]+)\]", done.stdout)
    assert measured, done.stdout[-2000:]
    return dict(zip(names, map(int, measured[1].split()), strict=True))
