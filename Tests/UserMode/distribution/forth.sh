# gforth: threaded code
# needs: /usr/bin/gforth
# prints: 832040
# packages: gforth (arm64 only)
gforth -e ': fib dup 2 < if else dup 1- recurse swap 2 - recurse + then ; 30 fib . cr bye' | tr -d ' '
