# luajit: its tracing compiler
# needs: /usr/bin/luajit
# prints: 333333833333500000
# packages: luajit
luajit -e 'local s = 0LL; for i = 1, 1000000 do s = s + 1LL * i * i end print((tostring(s):gsub("LL", "")))'
