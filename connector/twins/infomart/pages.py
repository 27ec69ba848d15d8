"""Pages are what a person sees: Japanese, served whole, with no script and nothing loaded from elsewhere."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_templates = Environment(
    loader=PackageLoader("connector.twins.infomart"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)

# A login page is never cached, never framed, and never tells the next site where the person came from.
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


def show(template: str, **facts: Any) -> str:
    """The page as HTML, with every fact escaped."""
    return _templates.get_template(template).render(**facts)
