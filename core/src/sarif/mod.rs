//! SARIF 2.1.0 logs become findings, runs, rules and problems.

pub mod validate;
