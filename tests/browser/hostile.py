"""What an attacker would write into a log, and what a report may consist of."""

from __future__ import annotations

# Each of them says so, in the page's title, if it ever runs.
RAN = "document.title='pwned'"
PAYLOADS = [
    f"<script>{RAN}</script>",
    f'<img src=x onerror="{RAN}">',
    f'<svg onload="{RAN}"><circle r=9 /></svg>',
    f'"><svg/onload={RAN}>',
    f"' onmouseover='{RAN}' autofocus onfocus='{RAN}",
    f"</title><script>{RAN}</script>",
    f"</style><script>{RAN}</script>",
    f"]]><script>{RAN}</script>",
    f"--><script>{RAN}</script><!--",
    f'</pre></code><iframe srcdoc="<script>parent.{RAN}</script>"></iframe>',
    f'<details open ontoggle="{RAN}"><summary>x</summary></details>',
    f'<a href="javascript:{RAN}">click</a>',
    f"[click](javascript:{RAN})",
    f'<meta http-equiv="refresh" content="0;url=javascript:{RAN}">',
    '<base href="https://evil.example/"><link rel=stylesheet href=https://evil.example/x.css>',
    "<style>@import 'https://evil.example/x.css'</style>",
    f"&lt;script&gt;{RAN}&lt;/script&gt;",
    f"+ADw-script+AD4-{RAN}+ADw-/script+AD4-",
    f"<scr\u0001ipt>{RAN}</script>",
    "| a | b |\n|---|---|\n| c | `d` |",
    "``` \n````\n~~~\n<!-- -->\n# heading\n* item\n1. item\n> quote\n***\n===\n---",
    "![image](https://evil.example/i.png) <https://evil.example>",
    "https://evil.example www.evil.example mail@evil.example @everyone #1",
    "*a* _b_ **c** ~~d~~ `e` ``f`` \\| \\` \\<b> $x$ [ref][1]\n\n[1]: https://evil.example",
    "left \u202egnitset\u202c \u2066x\u2069 \u200b end",
    "a\r\nb\tc",
]
LINKS = [
    f"javascript:{RAN}",
    f" javascript:{RAN}",
    f"data:text/html,<script>{RAN}</script>",
    'https://evil.example/" onclick="' + RAN,
    "//evil.example",
    "HTTPS://good.example/a?b=1&c=(2)_*_",
    "https://good.example/|<b>",
    "vbscript:x",
    "https://good.example/\u202e",
]

ELEMENTS = {
    "a", "b", "bdi", "body", "caption", "circle", "code", "dd", "desc", "div", "dl", "dt", "figcaption",
    "figure", "h1", "h2", "h3", "head", "header", "html", "li", "main", "meta", "ol", "p", "pre", "rect",
    "section", "span", "style", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "content", "cx", "cy", "focusable",
    "height", "href", "http-equiv", "id", "lang", "name", "preserveAspectRatio", "r", "rel", "role", "scope",
    "tabindex", "viewBox", "width", "x", "y",
}  # fmt: skip
