# swi-prolog: backtracking, constraints
# needs: /usr/bin/swipl
# prints: [1,5,8,6,3,7,2,4]
# packages: swi-prolog-nox
cat > a.pl <<'E'
:- use_module(library(clpfd)).
safe([]).
safe([Q|Others]) :- apart(Q, Others, 1), safe(Others).
apart(_, [], _).
apart(Q, [O|Others], D) :- Q #\= O, abs(Q - O) #\= D, D1 is D + 1, apart(Q, Others, D1).
E
swipl -q -g "length(Q, 8), Q ins 1..8, safe(Q), label(Q), print(Q), nl" -t halt a.pl
