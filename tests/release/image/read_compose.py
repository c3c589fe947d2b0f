"""Prints a compose file (standard input, variables replaced) as JSON; an error where the specification is not met.

Run with the package `compose-spec` at hand.
"""

import json
import sys

from compose_spec import PyCompose

compose = PyCompose.from_yaml(sys.stdin.read())
compose.validate()
json.dump(compose.to_dict(), sys.stdout)
