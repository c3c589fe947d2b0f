//! `sarif_findings` and its family.
