# The commands that CI and the README use. `make test STAGES="core regress"` runs some stages only.

DEV = python3 scripts/dev.py
STAGES =
FILES =

.PHONY: demo test psql stop clean setup build fire all install package

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

# The tests of ingest under fire and of load at their full sizes: about an hour.
fire:
	@$(DEV) fire $(FILES)

# What PGXN's client and packagers run; `install` heeds PG_CONFIG and DESTDIR.
all: build

install:
	@$(DEV) install

package:
	@$(DEV) package
