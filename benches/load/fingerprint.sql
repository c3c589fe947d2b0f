-- One fingerprint of a finding that the client sends.
\set line random(1, 1000000)
SELECT fingerprint('11111111-2222-3333-4444-555555555555'::uuid, 'B101', 'src/app/module.py', :line, 5, 'Use of assert detected in line :line.');
