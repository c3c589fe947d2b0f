# The commands that CI and the README use. `make test STAGES="core regress"` runs some stages only.

DEV = python3 scripts/dev.py
STAGES =

.PHONY: demo test psql stop clean setup build all install package

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

# What PGXN's client and packagers run; `install` heeds PG_CONFIG and DESTDIR.
all: build

install:
	@$(DEV) install

package:
	@$(DEV) package
