# sbcl: its compiler, garbage collection by write faults, bignums, a handled error
# needs: /usr/bin/sbcl
# prints: 158 200000 DIVISION-BY-ZERO
# packages: sbcl
sbcl --noinform --no-userinit --non-interactive --eval '(let ((all nil)) (dotimes (i 200000) (push (list i (* i i)) all)) (gc :full t)
(format t "~a ~a ~a~%" (length (write-to-string (let ((p 1)) (dotimes (i 100 p) (setf p (* p (1+ i))))))) (length all)
  (handler-case (/ 1 (- (length all) 200000)) (error (c) (type-of c)))))'
