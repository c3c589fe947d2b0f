"""What the Makefile's targets do: set-up, building, servers, the demo and the tests. Standard library only."""
