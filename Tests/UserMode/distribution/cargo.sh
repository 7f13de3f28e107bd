# cargo: a package built and tested
# needs: /usr/bin/cargo
# prints: test result: ok. 1 passed
# packages: cargo
export HOME=$PWD
cargo -q new --lib --vcs none thing && cd thing && cargo -q test --offline 2>&1 | grep -o 'test result: ok. 1 passed'
