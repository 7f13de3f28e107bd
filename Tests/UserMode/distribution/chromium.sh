# chromium: headless, its processes, JavaScript's JIT and WebAssembly, a page drawn
# needs: /usr/bin/chromium
# prints: <p id="x">4999950000 42</p> drawn
# packages: chromium (arm64 only)
export HOME=$PWD
cat > a.html <<'E'
<body><p id="x">not run</p><script>
let s = 0; for (let i = 0; i < 100000; i++) s += i;
const m = new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,102,0,0,10,6,1,4,0,65,42,11]));
document.getElementById('x').textContent = s + ' ' + new WebAssembly.Instance(m).exports.f();
</script></body>
E
run() { chromium --headless --no-sandbox --disable-gpu --user-data-dir=$PWD/data "$@" file://$PWD/a.html 2>> log; }
text=$(run --dump-dom | grep -o '<p id="x">.*</p>')
run --screenshot=$PWD/a.png --window-size=200,100 > /dev/null
echo "$text $(head -c 8 a.png | grep -q PNG && echo drawn)"
