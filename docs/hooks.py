"""What MkDocs does not do by itself: formulas as MathML, recorded pictures, a menu entry per generated page."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from mkdocs.structure.files import File, Files

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', flags=re.DOTALL)
"""What pymdownx.arithmatex leaves of `$...$` and `$$...$$`."""

LINK_TO_FOLDER = re.compile(r"\[([^\]]*)\]\(\.\./results/[^)]*/\)")
LINK_TO_FILE = re.compile(r"\]\(\.\./results/")
LINK_FROM_ROOT = re.compile(r"\]\(docs/")


class _LinksFromRoot(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        return [LINK_FROM_ROOT.sub("](", line) for line in lines]


class LinksFromRoot(Extension):
    """README and change log, which pages include, stand above docs/, and so do their links."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Markdown's name)
        """After `pymdownx.snippets`, whose priority is 32, has included them."""
        md.preprocessors.register(_LinksFromRoot(md), "links-from-root", 31)


def on_config(config: Any) -> Any:
    """Put all pages of a folder, the index first, where the menu names the folder."""
    config.markdown_extensions.append(LinksFromRoot())
    docs = Path(config.docs_dir)
    config.nav = [
        {
            title: [str(page.relative_to(docs)) for page in sorted((docs / entry).glob("*.md"), key=_index_first)]
            if isinstance(entry, str) and entry.endswith("/")
            else entry
            for title, entry in part.items()
        }
        for part in config.nav
    ]
    return config


def _index_first(page: Path) -> tuple[bool, str]:
    return page.name != "index.md", page.name


def on_files(files: Files, config: Any) -> Files:
    """Add the recorded results that pages show and link to: they stand outside of docs/."""
    root = Path(config.config_file_path).parent
    for path in sorted((root / "results" / "recorded").rglob("*")):
        if path.suffix in (".csv", ".json", ".png"):
            files.append(File.generated(config, str(path.relative_to(root)), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Let links to recorded files lead to their copies in the site; a folder has none."""
    return LINK_TO_FILE.sub("](results/", LINK_TO_FOLDER.sub(r"\1", markdown))


def on_page_content(html: str, **_: Any) -> str:
    """Turn formulas into MathML, which browsers draw without a script and without a network."""
    return FORMULA.sub(_mathml, html)


def _mathml(formula: re.Match[str]) -> str:
    latex = unescape(formula[3]).strip()
    mathml = convert(latex, display="block" if formula[2] == "[" else "inline")
    if "\\" in mathml:
        raise ValueError(f"formula {latex}: has a command that latex2mathml does not know")
    return mathml
