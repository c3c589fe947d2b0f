# The commands that CI and the README use. `make test STAGES="core regress"` runs some stages only.
# The proofs that take longer than CI may: docs/quality.md.

DEV = python3 scripts/dev.py
STAGES =
FILES =
SIZE = quick
MUTANTS =
PARTS =

.PHONY: demo test psql stop clean setup build fire all install install-embed package coverage mutants asan valgrind sqlsmith bench

demo:
	@$(DEV) demo

test:
	@$(DEV) test $(STAGES)

psql:
	@$(DEV) psql

stop:
	@$(DEV) stop

clean:
	@$(DEV) clean

setup:
	@$(DEV) setup

build:
	@$(DEV) build

# The tests of ingest under fire, of load and of memory at their full sizes: about an hour.
fire:
	@$(DEV) fire $(FILES)

# What PGXN's client and packagers run; `install` heeds PG_CONFIG and DESTDIR.
all: build

install:
	@$(DEV) install

install-embed:
	@$(DEV) install-embed

package:
	@$(DEV) package

# PARTS=core or PARTS=backend: one of both.
coverage:
	@$(DEV) coverage $(PARTS)

# MUTANTS="--file core/src/sarif/level.rs" or MUTANTS="--shard 0/8": not all of them; MUTANTS=--again: what the last run missed.
mutants:
	@$(DEV) mutants $(MUTANTS)

asan valgrind sqlsmith:
	@$(DEV) $@

# SIZE=full for hours instead of minutes.
bench:
	@$(DEV) bench $(SIZE)
