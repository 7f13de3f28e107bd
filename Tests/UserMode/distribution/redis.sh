# redis: a server, its client, pipelined requests, a saved file
# needs: /usr/bin/redis-server
# prints: PONG 10000 yes
# packages: redis-server
redis-server --port 0 --unixsocket $PWD/socket --dir $PWD --daemonize no > log 2>&1 & server=$!
for i in $(seq 100); do [ -S socket ] && break; sleep 0.1; done
pong=$(redis-cli -s socket ping)
redis-benchmark -s socket -q -n 10000 -P 16 -c 10 -t incr > /dev/null
count=$(redis-cli -s socket get counter:__rand_int__)
redis-cli -s socket save > /dev/null; redis-cli -s socket shutdown nosave; wait $server
echo $pong $count $(test -s dump.rdb && echo yes)
