# postgresql: initdb, a server, 10,000 rows, a transaction rolled back
# needs: /usr/bin/pg_ctlcluster
# prints: 10000 5000 10000
# packages: postgresql
set -- /usr/lib/postgresql/*/bin; bin=$1
chmod 777 .; export LC_ALL=C
as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
as $bin/initdb -D $PWD/data -A trust > log 2>&1 && as $bin/pg_ctl -w -t 300 -D $PWD/data -o "-k $PWD -h ''" -l $PWD/server start >> log 2>&1
sql() { as $bin/psql -h $PWD -d postgres -qAt -c "$1"; }
sql 'create table t as select x, md5(x::text) h from generate_series(1, 10000) x'
all=$(sql 'select count(*) from t'); half=$(sql 'select count(*) from t where x % 2 = 0')
sql 'begin; delete from t; rollback' ; again=$(sql 'select count(distinct h) from t')
as $bin/pg_ctl -w -D $PWD/data -m fast stop >> log 2>&1; echo $all $half $again
