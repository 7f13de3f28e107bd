# firefox: headless, its processes and JIT compilers, a page drawn
# needs: /usr/bin/firefox-esr
# prints: drawn 200 x 100
# packages: firefox-esr python3 (riscv64 only)
export HOME=$PWD MOZ_DISABLE_CONTENT_SANDBOX=1
echo '<body style="background: #336699"><script>let s = 0; for (let i = 0; i < 1e6; i++) s += i; document.title = s</script></body>' > a.html
firefox-esr --headless --no-remote --profile $PWD --window-size=200,100 --screenshot $PWD/a.png file://$PWD/a.html > log 2>&1
python3 -c 'import struct; d = open("a.png", "rb").read(); print("drawn %d x %d" % struct.unpack(">II", d[16:24]))'
