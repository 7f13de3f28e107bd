# guile: its JIT, continuations, exact arithmetic
# needs: /usr/bin/guile
# prints: 50005000 7/6 3
# packages: guile-3.0
guile --no-auto-compile -c '(let loop ((i 0) (s 0)) (if (< i 10001) (loop (1+ i) (+ s i)) (format #t "~a ~a ~a~%" s (+ 1/2 2/3) (call/cc (lambda (k) (+ 1 (k 3)))))))'
