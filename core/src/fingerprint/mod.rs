//! The published identities of a finding. A released formula never changes.
