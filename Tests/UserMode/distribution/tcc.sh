# tcc: compiled and run in memory
# needs: /usr/bin/tcc
# prints: 120
# packages: tcc (arm64 only)
printf '#include <stdio.h>\nint f(int n) { return n ? n * f(n - 1) : 1; }\nint main(void) { printf("%%d\\n", f(5)); return 0; }\n' | tcc -run -
