# racket: Chez Scheme's compiler, places of its own threads
# needs: /usr/bin/racket
# prints: 832040 (0 1 4 9)
# packages: racket
racket -l racket/base -e '(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))' \
    -e '(define c (make-channel)) (for ([i 4]) (thread (lambda () (channel-put c (* i i)))))' \
    -e '(printf "~a ~a\n" (fib 30) (sort (for/list ([i 4]) (channel-get c)) <))'
