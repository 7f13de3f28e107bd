# sqlite3: a file, an index, a recursive query, integrity
# needs: /usr/bin/sqlite3
# prints: 3334|ok
# packages: sqlite3
sqlite3 data "create table t(a integer primary key, b text);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 10000) insert into t select x, 'n' || (x % 3) from c;
create index i on t(b);"
echo $(sqlite3 data "select count(*) from t where b = 'n1'; pragma integrity_check" | tr '\n' '|' | sed 's/|$//')
