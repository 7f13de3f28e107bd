# erlang: schedulers, 2,000 processes, messages
# needs: /usr/bin/erl
# prints: 1999000
# packages: erlang-base
export HOME=$PWD
erl -noshell -eval 'Self = self(), [spawn(fun() -> Self ! N end) || N <- lists:seq(0, 1999)], io:format("~p~n", [lists:sum([receive N -> N end || _ <- lists:seq(1, 2000)])]), halt().'
