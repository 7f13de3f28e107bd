# lua: coroutines, string patterns
# needs: /usr/bin/lua5.4
# prints: 10 n=1,m=2 0x1p-1
# packages: lua5.4
lua5.4 -e 'local s = 0; for v in coroutine.wrap(function() for i = 1, 4 do coroutine.yield(i) end end) do s = s + v end
print(s .. " " .. ("n-1 m-2"):gsub("(%a)-(%d)", "%1=%2"):gsub(" ", ",") .. " " .. string.format("%a", 0.5))'
