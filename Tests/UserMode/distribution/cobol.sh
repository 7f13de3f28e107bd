# gnucobol: translated to C, compiled and run
# needs: /usr/bin/cobc
# prints: 00000000000000005050
# packages: gnucobol4 (riscv64 only)
cat > a.cob <<'E'
       identification division.
       program-id. a.
       data division.
       working-storage section.
       01 i pic 9(3).
       01 s pic 9(20) value 0.
       procedure division.
           perform varying i from 1 by 1 until i > 100
               add i to s
           end-perform
           display s
           stop run.
E
cobc -x a.cob -o a && ./a
