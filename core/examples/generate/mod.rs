//! A deterministic log of any size, with the features that real tools write.

use std::fmt::Write;

/// How many rules the tool describes.
const RULES: u64 = 200;
/// How many files it looked at.
const FILES: u64 = 1500;

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

const WORDS: [&str; 16] = [
    "request", "response", "token", "user", "session", "query", "buffer", "path", "cursor", "handler",
    "config", "secret", "payload", "client", "stream", "record",
];

/// About `bytes` of SARIF: rules with levels, scores and CWE tags; results with snippets, partial fingerprints, regions of one or
/// several lines, some with code flows or suppressions. The same bytes for the same size.
pub fn log(bytes: usize) -> String {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut out = String::with_capacity(bytes + 4096);
    out.push_str(
        r#"{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"Generated Scanner","semanticVersion":"3.1.4","informationUri":"https://example.org/scanner","rules":["#,
    );
    for rule in 0..RULES {
        if rule > 0 {
            out.push(',');
        }
        write_rule(&mut out, rule);
    }
    out.push_str(
        r#"]}},"columnKind":"utf16CodeUnits","automationDetails":{"id":"nightly/2024-05-01"},"invocations":[{"executionSuccessful":true}],"results":["#,
    );
    let mut first = true;
    while first || out.len() + 4 < bytes {
        if !first {
            out.push(',');
        }
        first = false;
        write_result(&mut out, &mut random);
    }
    out.push_str("]}]}");
    out
}

fn write_rule(out: &mut String, rule: u64) {
    let level = ["error", "warning", "note"][(rule % 3) as usize];
    let (word, other) = (WORDS[(rule % 16) as usize], WORDS[(rule / 16 % 16) as usize]);
    write!(
        out,
        r#"{{"id":"py/{word}-{rule}","name":"Unsafe{rule}","shortDescription":{{"text":"Unsafe use of a {word}."}},"fullDescription":{{"text":"A {word} that depends on a {other} from outside can be misused; check it before use."}},"helpUri":"https://example.org/rules/{rule}","defaultConfiguration":{{"level":"{level}"}},"properties":{{"precision":"high","security-severity":"{}.{}","tags":["security","external/cwe/cwe-{:03}"]}}}}"#,
        rule % 9 + 1,
        rule % 10,
        rule % 900 + 20,
    )
    .expect("a string takes all");
}

fn write_result(out: &mut String, random: &mut Random) {
    let rule = random.below(RULES);
    let file = random.below(FILES);
    let (line, column) = (random.below(2000) + 1, random.below(60) + 1);
    let lines = random.below(3);
    let (a, b) = (WORDS[random.below(16) as usize], WORDS[random.below(16) as usize]);
    let rule_word = WORDS[(rule % 16) as usize];
    write!(
        out,
        r#"{{"ruleId":"py/{rule_word}-{rule}","ruleIndex":{rule},"message":{{"text":"The {a} passed to '{b}_{}' at line {line} depends on a [user-provided value](1), and reaches a {rule_word} without a check."}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"src/package_{}/module_{file}.py","uriBaseId":"%SRCROOT%"}},"region":{{"startLine":{line},"startColumn":{column}"#,
        random.below(500),
        file % 37,
    )
    .expect("a string takes all");
    if lines > 0 {
        write!(out, r#","endLine":{}"#, line + lines).expect("a string takes all");
    }
    write!(
        out,
        r#","endColumn":{},"snippet":{{"text":"    {a} = {b}.get(\"{rule_word}_{}\")\n    return execute({a}, timeout={})"}}}}}}}}],"partialFingerprints":{{"#,
        column + 20,
        random.below(100_000),
        random.below(90),
    )
    .expect("a string takes all");
    if random.below(2) == 0 {
        write!(out, r#""primaryLocationLineHash":"{:016x}:1","#, random.next()).expect("a string takes all");
    }
    write!(out, r#""primaryLocationStartColumnFingerprint":"{column}"}}"#).expect("a string takes all");
    if random.below(8) == 0 {
        out.push_str(r#","suppressions":[{"kind":"inSource","justification":"reviewed"}]"#);
    }
    if random.below(8) == 0 {
        write!(
            out,
            r#","codeFlows":[{{"threadFlows":[{{"locations":[{{"location":{{"physicalLocation":{{"artifactLocation":{{"uri":"src/package_{}/module_{file}.py"}},"region":{{"startLine":{line}}}}},"message":{{"text":"{a}"}}}}}},{{"location":{{"physicalLocation":{{"artifactLocation":{{"uri":"src/views.py"}},"region":{{"startLine":{}}}}},"message":{{"text":"{b}"}}}}}}]}}]}}]"#,
            file % 37,
            line / 2 + 1,
        )
        .expect("a string takes all");
    }
    write!(
        out,
        r#","relatedLocations":[{{"id":1,"physicalLocation":{{"artifactLocation":{{"uri":"src/views.py","uriBaseId":"%SRCROOT%"}},"region":{{"startLine":{},"startColumn":9,"endColumn":21}}}},"message":{{"text":"user-provided value"}}}}],"properties":{{"issue_confidence":"HIGH"}}}}"#,
        random.below(900) + 1,
    )
    .expect("a string takes all");
}
