# emacs: batch, lisp, native subprocesses
# needs: /usr/bin/emacs
# prints: 55 child
# packages: emacs-nox
emacs --batch -Q --eval '(princ (format "%d %s" (apply (function +) (number-sequence 1 10)) (shell-command-to-string "echo child")))'
