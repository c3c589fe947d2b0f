"""Fails when a dependency has a licence that is not allowed, or comes from elsewhere than a registry.

Run by the tests with the package `license-expression` at hand; reads `cargo metadata` from standard input.
"""

from __future__ import annotations

import json
import sys

from license_expression import LicenseExpression, get_spdx_licensing

ALLOWED = {
    "MIT", "MIT-0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC",
    "Unicode-3.0", "Zlib", "CC0-1.0", "Unlicense", "BSL-1.0",
}  # fmt: skip


def allows(expression: LicenseExpression) -> bool:
    """Whether some choice that the expression leaves is allowed in all its parts."""
    operator = getattr(expression, "operator", None)
    if operator is None:
        return str(expression) in ALLOWED
    parts = map(allows, expression.args)
    return any(parts) if operator.strip() == "OR" else all(parts)


def main() -> int:
    licensing = get_spdx_licensing()
    packages = [package for package in json.load(sys.stdin)["packages"] if package["source"] is not None]
    refused = 0
    for package in packages:
        # An old way of writing OR.
        licence = (package["license"] or "").replace("/", " OR ")
        if not package["source"].startswith("registry+") or not licence or not allows(licensing.parse(licence)):
            print(f"{package['name']} {package['version']}: {licence or 'no licence'} from {package['source']}")
            refused += 1
    print(f"licences: {len(packages) - refused} passed, {refused} failed")
    return 0 if packages and not refused else 1


if __name__ == "__main__":
    sys.exit(main())
