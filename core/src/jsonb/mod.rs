//! PostgreSQL's binary JSON, read and written in place.
